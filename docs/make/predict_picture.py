"""Makes docs/pictures/predict.jpg: a rendered street as `segnet predict` shows it."""

from pathlib import Path

import numpy as np
from PIL import Image

from segnet.predict import Predictor
from segnet.scenes.drive import Drive

PICTURE = Path(__file__).parents[1] / "pictures" / "predict.jpg"
WORLD, FRAME, SIZE, FOCAL = "high2", 40, (720, 960), 1000.0
WIDTH = 720


def main() -> None:
    """Renders a street, and lays what the network sees over it."""
    drive = Drive(WORLD, 0, SIZE, FOCAL)
    _, street, _ = next(drive.draw(FRAME, ("clone",)))
    shown = Predictor("slim_camvid11")(np.asarray(street)).overlay()
    height = round(shown.height * WIDTH / shown.width)
    shown = shown.resize((WIDTH, height), Image.Resampling.LANCZOS)
    shown.save(PICTURE, quality=80, optimize=True)


if __name__ == "__main__":
    main()
