"""Helpers for the tests of `segnet.fetch`: small tars, calls, comparisons."""

import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.loopback import Loopback
from helpers.tars import write_tar
from segnet.fetch import RetryPolicy, fetch

QUICK = RetryPolicy(timeout=3.0, tries=5, first_wait=0.004, longest_wait=0.02)
HASTY = RetryPolicy(timeout=0.3, tries=8, first_wait=0.002, longest_wait=0.01)
ONCE = RetryPolicy(timeout=3.0, tries=1, first_wait=0.001)
# For faults that may meet one of several connections many times in a row.
STUBBORN = RetryPolicy(timeout=3.0, tries=30, first_wait=0.001, longest_wait=0.002)
WORLDS = {"0001": 6, "0002": 4, "0020": 5}
VARIATIONS = ("clone", "rain", "sunset")
ONE = {"worlds": ["0001"], "variations": ["rain"]}
RGB, GT = "vkitti_1.3.1_rgb", "vkitti_1.3.1_scenegt"
LOADER = """
import sys
from segnet.fetch import fetch
print("go", flush=True)
fetch("vkitti1", sys.argv[1], ["0001"], ["rain"], sys.argv[2])
"""


def names_of(kind: str) -> list[str]:
    """Returns members of a small Virtual KITTI 1.3.1 tar in `tar --sort` order."""
    top = f"vkitti_1.3.1_{kind}"
    names = [f"{top}/README_{kind}.txt"]
    for world, count in WORLDS.items():
        for variation in VARIATIONS:
            names += [f"{top}/{world}/{variation}/{i:05d}.png" for i in range(count)]
            if kind == "scenegt":
                names.append(f"{top}/{world}_{variation}_scenegt_rgb_encoding.txt")
    return sorted(names, key=lambda name: name.split("/"))


def write_vkitti1(web: Path, size: int = 3000, order=None, **options) -> dict:
    """Writes both tars; returns contents by name."""
    web.mkdir(exist_ok=True)
    rng, contents = random.Random(1), {}
    for kind in ("rgb", "scenegt"):
        names = names_of(kind)
        if order:
            order(names)
        sizes = {name: size + rng.randrange(600) for name in names}
        contents |= write_tar(web / f"vkitti_1.3.1_{kind}.tar", sizes, **options)
    return contents


@pytest.fixture(scope="module", name="vkitti1")
def vkitti1_folder(tmp_path_factory):
    """Makes a folder to serve; returns it and the contents of its members."""
    web = tmp_path_factory.mktemp("vkitti1")
    contents = write_vkitti1(web)
    return SimpleNamespace(web=web, contents=contents)


def wanted(contents: dict) -> dict:
    keys = ("/0001/rain/", "/0001_rain_")
    return {n: c for n, c in contents.items() if any(key in n for key in keys)}


def there(folder: Path) -> dict:
    """Returns the data files below a folder by name."""
    paths = [p for p in folder.rglob("*.*") if p.is_file() and ".fetch" not in p.parts]
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in paths
        if p.suffix != ".sha256"
    }


def one(web: Loopback | None, folder: Path, **options):
    address = web.url if web else None
    options = {"policy": QUICK, "base_url": address, **ONE, **options}
    return fetch("vkitti1", folder, **options)


def only_wanted(folder: Path, contents: dict) -> None:
    """Asserts that exactly the wanted files exist, byte for byte."""
    found = {n: c for n, c in there(folder).items() if "README" not in n}
    assert found == wanted(contents)
