"""Your own frames: a folder of images, one of masks, and a class map.

    images/a/0001.jpg    JPEG, PNG, BMP, TIFF or WebP
    masks/a/0001.png     PNG, BMP or TIFF of the same name; JPEG would change ids

A grey mask holds class ids; a coloured one, or one with a palette, the colours of the
class map, black for void. Sub-folders are drives: `split` cuts each by itself. When all
frames lie in sub-folders named train, val and test, these are the split; so are
training, valid, validation and testing, in any case, and deeper sub-folders.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet.classes import ClassMap
from segnet.data.images import read_colour_labels, read_id_labels, stored_mode
from segnet.data.listing import check_pairs, visible
from segnet.data.source import Frame, Source, WrongOption
from segnet.data.split import named_split

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")


def reader(
    root: str | Path,
    masks: str | Path | None = None,
    classes: str | Path | None = None,
) -> Source:
    """Returns the frames found below `root`, sorted by name.

    Args:
        root: The folder of the images.
        masks: The folder of the masks, with the same sub-folders.
        classes: The class map, a JSON file as `ClassMap.save` writes it.

    Raises:
        FileNotFoundError: A folder or the class map is missing, no image is found, or
            an image has no mask or the reverse.
        ValueError: `masks` or `classes` is not given, two files have the name of one
            frame, or the class map is damaged.
    """
    if masks is None or classes is None:
        raise WrongOption(
            f"images in {root} need a folder of masks and a class map: masks=..., "
            f"classes=... (a JSON file)"
        )
    root, masks = Path(root), Path(masks)
    class_map = ClassMap.load(classes)
    images = _by_name(root, IMAGE_SUFFIXES)
    labels = _by_name(masks, MASK_SUFFIXES)
    if not images and not labels:
        raise FileNotFoundError(
            f"{root}: no image in it; their names end with {', '.join(IMAGE_SUFFIXES)}"
        )
    check_pairs(
        images,
        labels,
        lambda name: root / f"{name}{IMAGE_SUFFIXES[0]}",
        lambda name: masks / f"{name}{MASK_SUFFIXES[0]}",
    )
    frames = tuple(_frame(name, images[name], labels[name]) for name in sorted(images))
    return Source("folder", root, class_map, frames, _Labels(class_map))


@dataclass(frozen=True)
class _Labels:
    class_map: ClassMap

    def __call__(self, frame: Frame) -> np.ndarray:
        if stored_mode(frame.label) != "L":
            rgb = read_colour_labels(frame.label)
            return self.class_map.encode(rgb, source=frame.label)
        ids = read_id_labels(frame.label)
        last = self.class_map.num_classes - 1
        wrong = ids[(ids > last) & (ids != self.class_map.void)]
        if wrong.size:
            raise ValueError(
                f"{frame.label}: id {wrong[0]} on {(wrong == wrong[0]).sum()} pixels, "
                f"{self.class_map.name} has 0 to {last} and void "
                f"{self.class_map.void}; save colours as RGB, not as grey"
            )
        return ids


def _by_name(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    found: dict[str, Path] = {}
    for path in visible(folder, "**/*"):
        if path.suffix.lower() not in suffixes:
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise ValueError(
                f"{path}: {found[name].name} beside it has the same name; keep one"
            )
        found[name] = path
    return found


def _frame(name: str, image: Path, label: Path) -> Frame:
    drive, _, _ = name.rpartition("/")
    return Frame(
        id=name,
        drive=drive or ".",
        group=name,
        image=image,
        label=label,
        publisher_split=named_split(drive.split("/")),
    )
