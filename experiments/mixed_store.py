"""Adds rendered frames, in CamVid's classes, to the train split of a CamVid store.

    python experiments/mixed_store.py CAMVID_STORE RENDERED_STORE OUT --frames 200

Classes of rendered frames that CamVid's eleven lack, terrain and unknown objects,
become void. The val split is copied. docs/experiments/drives.md has results of training
on it.
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from segnet.classes import CAMVID11
from segnet.classes.mappings import MAPPINGS, ClassMapping
from segnet.data.prepare.packing import IMAGE_LEVEL, LABEL_LEVEL, pack
from segnet.data.store import Split, open_store
from segnet.data.store.writing import StoreWriter, create_store

_STREETS = MAPPINGS["city-to-camvid11"].groups["vkitti1"]
RENDERED_TO_CAMVID = ClassMapping(
    "towns-to-camvid11",
    CAMVID11,
    {"vkitti1": {own: them for own, them in _STREETS.items() if own != "Pavement"}},
)


def windows(split: Split, size: tuple[int, int], count: int, seed: int = 0):
    """Yields name, image and CamVid labels of `count` windows, each from another frame.

    Raises:
        ValueError: The split has fewer frames, they are smaller than a window, or their
            classes are not Virtual KITTI's.
    """
    if len(split) < count or any(np.less(split.size, size)):
        raise ValueError(
            f"{split.store.path}: {count} windows of {size} wanted, it has "
            f"{len(split)} frames of {split.size}"
        )
    rng = np.random.default_rng(seed)
    ids = RENDERED_TO_CAMVID.label_ids(split.store.class_map)
    names = split.frame_ids
    for frame in sorted(rng.permutation(len(split))[:count]):
        images, labels = split.read([frame])
        top, left = (
            int(rng.integers(s - w + 1)) for s, w in zip(split.size, size, strict=True)
        )
        window = np.s_[0, top : top + size[0], left : left + size[1]]
        yield f"rendered/{names[frame]}", images[window], ids[labels[window]]


def frames(split: Split):
    """Yields name, image and labels of each frame."""
    for index, name in enumerate(split.frame_ids):
        images, labels = split.read([index])
        yield name, images[0], labels[0]


def fill(writer: StoreWriter, splits: Mapping[str, Iterable[tuple]]) -> None:
    """Writes the frames of each split, (name, image, labels), in the given order."""
    for split, of_split in splits.items():
        for index, (_, image, labels) in enumerate(of_split):
            packed = pack(image, IMAGE_LEVEL), pack(labels, LABEL_LEVEL)
            writer.write(split, index, *packed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("camvid", help="store of CamVid, 11 classes")
    parser.add_argument("rendered", help="store of rendered frames, 14 classes")
    parser.add_argument("out", help="store.h5 to write")
    parser.add_argument("--frames", type=int, default=200, help="rendered, in train")
    arguments = parser.parse_args()
    with open_store(arguments.camvid) as real, open_store(arguments.rendered) as other:
        if real.class_map != CAMVID11:
            raise ValueError(
                f"{real.path} has the classes of {real.class_map.name!r}, expected "
                f"those of {CAMVID11.name!r}"
            )
        train = [
            *frames(real["train"]),
            *windows(other["train"], real["train"].size, arguments.frames),
        ]
        splits = {"train": train, "val": list(frames(real["val"]))}
        names = {key: [frame[0] for frame in value] for key, value in splits.items()}
        rule = f"{real.attributes['split_rule']}; rendered frames added to train"
        attributes = {"source": "camvid and rendered", "scale": 1, "split_rule": rule}
        size = real["train"].size
        Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
        with create_store(arguments.out, CAMVID11, names, size, attributes) as writer:
            fill(writer, splits)


if __name__ == "__main__":
    main()
