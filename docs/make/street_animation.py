"""Makes docs/pictures/street.webp: a rendered drive as `slim_city14` sees it.

    python docs/make/street_animation.py

Frames on the left, the prediction over them on the right. No shipped weights were
trained on streets of this seed.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from segnet.predict import Predictor
from segnet.predict.prediction import Prediction
from segnet.scenes.drive import Drive

PICTURE = Path(__file__).parents[1] / "pictures" / "street.webp"
WORLD, SEED, SIZE = "high2", 977, (360, 640)
FRAMES, MILLISECONDS = range(24, 96, 3), 250
WIDTH = 420


def main() -> None:
    """Writes the animation."""
    predictor, drive = Predictor("slim_city14"), Drive(WORLD, SEED, SIZE)
    streets = (next(drive.draw(frame, ("clone",)))[1] for frame in FRAMES)
    frames = [_side_by_side(predictor(np.asarray(street))) for street in streets]
    frames[0].save(
        PICTURE,
        save_all=True,
        append_images=frames[1:],
        duration=MILLISECONDS,
        loop=0,
        quality=55,
        method=6,
    )
    print(f"{PICTURE}: {len(frames)} frames, {PICTURE.stat().st_size:,} bytes")


def _side_by_side(seen: Prediction) -> Image.Image:
    height = WIDTH * SIZE[0] // SIZE[1]
    halves = [
        np.asarray(picture.convert("RGB").resize((WIDTH, height)))
        for picture in (Image.fromarray(seen.photograph), seen.overlay(legend=False))
    ]
    return Image.fromarray(np.concatenate(halves, 1))


if __name__ == "__main__":
    main()
