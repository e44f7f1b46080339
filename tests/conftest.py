"""Small datasets and stores shared by several tests."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from helpers.browser import chromium
from segnet.classes import VKITTI1
from segnet.data.prepare import prepare

# The same cases in each run, and no time limit: the machine may be busy.
settings.register_profile("segnet", deadline=None, derandomize=True)
settings.load_profile("segnet")

RGB = "vkitti_1.3.1_rgb"
SCENEGT = "vkitti_1.3.1_scenegt"
CAR_OR_VAN = (200, 200, 200)
OTHER_CAR = (10, 20, 230)


def encoding_text(variation: str) -> str:
    """Returns an encoding file; one colour is a Car in clone and a Van in fog."""
    static = list(zip(VKITTI1.names, VKITTI1.colours, strict=True))[:12]
    kind = "Car" if variation == "clone" else "Van"
    rows = [*static, (f"{kind}:0", CAR_OR_VAN), ("Car:1", OTHER_CAR)]
    lines = [f"{name} {r} {g} {b}" for name, (r, g, b) in rows]
    return "\n".join(["Category(:id) r g b", *lines]) + "\n"


def write_vkitti(root, worlds, variations, frames, size, seed=0) -> Path:
    """Writes a tree as published: bands of the 12 static classes, two moving vehicles.

    Images show each class in its display colour with a little noise, so that a
    network can learn them.
    """
    rng = np.random.default_rng(seed)
    height, width = size
    for kind, note in ((RGB, "README_rgb.txt"), (SCENEGT, "README_scenegt.txt")):
        (root / kind).mkdir(parents=True)
        (root / kind / note).write_text("Virtual KITTI 1.3.1\n")
    for world in worlds:
        for variation in variations:
            for kind in (RGB, SCENEGT):
                (root / kind / world / variation).mkdir(parents=True)
            text = encoding_text(variation)
            path = root / SCENEGT / f"{world}_{variation}_scenegt_rgb_encoding.txt"
            path.write_text(text)
            for frame in range(frames):
                colours = band_colours(height, width, frame)
                noise = rng.integers(-12, 13, colours.shape)
                image = np.clip(colours.astype(int) + noise, 0, 255).astype(np.uint8)
                for kind, pixels in ((RGB, image), (SCENEGT, colours)):
                    path = root / kind / world / variation / f"{frame:05d}.png"
                    Image.fromarray(pixels).save(path)
    return root


def band_colours(height: int, width: int, frame: int) -> np.ndarray:
    """Returns the label colours of a frame: 12 bands, a vehicle left and right."""
    ids = np.arange(width)[None] * 12 // width
    colours = np.array(VKITTI1.colours, np.uint8)[np.repeat(ids, height, axis=0)]
    top = frame % (height // 2)
    colours[top : top + height // 4, : width // 4] = CAR_OR_VAN
    colours[top : top + height // 4, -width // 4 :] = OTHER_CAR
    return colours


class Bars:
    """Stands for tqdm and notes the bars shown; `stop_after` steps, `stop` is raised.

    Attributes:
        seen: (desc, total, unit) of each bar that was shown, in order.
        steps: desc -> steps of all its bars together.
    """

    def __init__(self):
        self.seen, self.steps = [], Counter()
        self.stop = self.stop_after = None

    def __call__(self, items, desc, unit, disable, total=None):
        if disable:
            yield from items
            return
        self.seen.append((desc, len(items) if total is None else total, unit))
        for number, item in enumerate(items):
            self.steps[desc] += 1
            yield item
            if self.stop and self.stop_after == (desc, number):
                raise self.stop


@pytest.fixture
def bars(monkeypatch) -> Bars:
    """Replaces progress bars by `Bars`."""
    bars = Bars()
    monkeypatch.setattr("tqdm.auto.tqdm", bars)
    return bars


@pytest.fixture
def vkitti_tree(tmp_path) -> Path:
    """2 worlds x 2 variations x 8 frames of 24x36 pixels."""
    worlds, variations = ("0001", "0020"), ("clone", "fog")
    return write_vkitti(tmp_path / "data", worlds, variations, 8, (24, 36))


@pytest.fixture(scope="session")
def store_path(tmp_path_factory) -> Path:
    """A store of 12 frames of 64x96, 14 classes of which all but Van occur."""
    root = tmp_path_factory.mktemp("store")
    data = write_vkitti(root / "data", ("0001",), ("clone",), 15, (64, 96))
    return prepare("vkitti1", data, root / "out", scale=1, workers=1)


def prepare_folder(root: Path, **options) -> Path:
    """Prepares `root`/images with `root`/masks and `root`/map.json at full size."""
    return prepare(
        "folder",
        root / "images",
        root / "out",
        scale=1,
        masks=root / "masks",
        classes=root / "map.json",
        workers=1,
        **options,
    )


@pytest.fixture(scope="module")
def browser():
    """Chromium, where this machine has it."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def camvid_root() -> Path:
    """The folder of the real CamVid frames, where the machine has them."""
    root = os.environ.get("SEGNET_CAMVID", "")
    if not root:
        pytest.skip("SEGNET_CAMVID does not name a folder with CamVid (train, ...)")
    return Path(root)
