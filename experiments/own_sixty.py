"""Cuts CamVid to a small set of a user's own: 60 frames with 5 classes.

    python experiments/own_sixty.py CamVid Sixty [--held-out]

Writes Sixty/images, Sixty/masks (grey ids) and Sixty/classes.json, as a user would
have them. The frames are every sixth of CamVid's train; with --held-out they are all
of its val. `docs/own_data.md` has the commands that follow.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.classes import CAMVID11, ClassMap
from segnet.data import READERS

FRAMES = 60
CLASSES = ClassMap(
    "street5",
    ("road", "pavement", "car", "person", "other"),
    ((128, 64, 128), (60, 40, 222), (64, 0, 128), (64, 64, 0), (128, 128, 128)),
)
OF_CAMVID = {"Road": 0, "Pavement": 1, "Car": 2, "Pedestrian": 3}
OTHER = 4


def five_classes() -> np.ndarray:
    """Returns the id among five classes for each id of CamVid, (256,) uint8."""
    ids = np.full(256, CLASSES.void, np.uint8)
    for index, name in enumerate(CAMVID11.names):
        ids[index] = OF_CAMVID.get(name, OTHER)
    return ids


def write(camvid: Path, out: Path, held_out: bool) -> int:
    """Returns the number of frames written."""
    source = READERS["camvid"](camvid)
    split = "val" if held_out else "train"
    frames = [frame for frame in source.frames if frame.publisher_split == split]
    if not held_out:
        frames = frames[:: len(frames) // FRAMES][:FRAMES]
    table = five_classes()
    for folder in ("images", "masks"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for frame in frames:
        name = f"{Path(frame.id).name}.png"
        shutil.copyfile(frame.image, out / "images" / name)
        Image.fromarray(table[source.read_labels(frame)]).save(out / "masks" / name)
    CLASSES.save(out / "classes.json")
    return len(frames)


def main() -> None:
    """Writes the folders that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("camvid", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--held-out", action="store_true")
    arguments = parser.parse_args()
    print(write(arguments.camvid, arguments.out, arguments.held_out), "frames")


if __name__ == "__main__":
    main()
