"""Your own frames: a folder of images, one of masks, and a class map.

    images/a/0001.jpg    JPEG, PNG, BMP, TIFF or WebP
    masks/a/0001.png     PNG, BMP or TIFF of the same name; JPEG would change ids

`segnet.data.masks` says how masks are read: grey ones hold class ids, coloured ones the
colours of the class map. Sub-folders are drives: `split` cuts each by itself. When all
frames lie in sub-folders named train, val and test, these are the split; so are
training, valid, validation and testing, in any case, and deeper sub-folders.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from segnet.data.exports.documents import read_own_classes, wrong_folder
from segnet.data.listing import paired, visible
from segnet.data.masks import Ids, mask_labels
from segnet.data.source import Frame, Source, WrongOption
from segnet.data.split import named_split

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff")
LOSSY = dict.fromkeys((".jpg", ".jpeg", ".jfif"), "JPEG") | {
    ".webp": "WebP",
    ".jp2": "JPEG 2000",
    ".heic": "HEIC",
}


def reader(
    root: str | Path,
    masks: str | Path | None = None,
    classes: str | Path | None = None,
    ids: Ids | None = None,
    first_id: int | None = None,
    void: str | int | Iterable[int] | None = None,
    palette: str | None = None,
    image_suffix: str = "",
    mask_suffix: str = "",
) -> Source:
    """Returns the frames found below `root`, sorted by name.

    Args:
        root: The folder of the images.
        masks: The folder of the masks, with the same sub-folders; by default that of
            the images, where `mask_suffix` tells the two apart.
        classes: What `segnet.classes.reading.read_classes` takes: names, or a file.
        ids: Value of grey masks -> class, such as "0=background,255=car".
        first_id: The value of class 0 in grey masks, 0 by default.
        void: Values of grey masks that are void besides that of the class map, such
            as 0 or "0,254".
        palette: "index" or "colour", what masks with a palette mean; by default what
            fits the class map.
        image_suffix: What the names of images end with, such as "_leftImg8bit".
        mask_suffix: What the names of masks end with, such as "_mask".

    Raises:
        FileNotFoundError: A folder or the class map is missing, or no image is found.
        WrongOption: `masks` or `classes` is not given, or an option does not fit.
        ValueError: Two files have the name of one frame, the class map is damaged, or
            it is not clear what palettes mean.
    """
    if classes is None or (masks is None and not mask_suffix):
        raise WrongOption(
            f"images in {root} need a folder of masks and the classes: segnet prepare "
            f"folder IMAGES MASKS OUT --classes map.json (or road,car,other); masks "
            f"beside the images need a --mask-suffix"
        )
    root = Path(root)
    found = read_own_classes(classes)
    masks = Path(root if masks is None else masks)
    images, labels, orphans = _files(root, masks, image_suffix, mask_suffix)
    names = sorted(images.keys() & labels.keys())
    read_labels, facts = mask_labels(
        found, [labels[name] for name in names], ids, first_id, void, palette
    )
    frames = tuple(_frame(name, images[name], labels[name]) for name in names)
    facts["orphans"] = tuple(orphans)
    return Source("folder", root, found.class_map, frames, read_labels, **facts)


def _files(
    root: Path, masks: Path, image_suffix: str, mask_suffix: str
) -> tuple[dict[str, Path], dict[str, Path], list[str]]:
    """Returns images and masks by the names of their frames, and lines for orphans."""
    images = files_by_name(root, IMAGE_SUFFIXES, image_suffix)
    labels = files_by_name(masks, MASK_SUFFIXES, mask_suffix)
    if masks == root:
        own = set(labels.values())
        images = {name: path for name, path in images.items() if path not in own}
    if not images and not labels:
        raise wrong_folder(
            root, f"no image in it; their names end with {_ends(image_suffix)}"
        )
    _, orphans = paired(
        images,
        labels,
        lambda name: root / f"{name}{image_suffix}{IMAGE_SUFFIXES[0]}",
        lambda name: masks / f"{name}{mask_suffix}{MASK_SUFFIXES[0]}",
        _lossy_masks(masks, mask_suffix) if images.keys() - labels.keys() else {},
    )
    return images, labels, orphans


def _ends(suffix: str) -> str:
    return ", ".join(f"{suffix}{kind}" for kind in IMAGE_SUFFIXES)


def files_by_name(
    folder: Path, suffixes: Sequence[str], end: str = ""
) -> dict[str, Path]:
    """Returns the files below a folder by their names without suffix.

    Names are compared in Unicode's form NFC, since macOS writes them in another form
    than other systems do.

    Args:
        folder: Where to look, sub-folders included.
        suffixes: What their names end with, in any case.
        end: What stands before that, which is no part of the name either; files
            without it are left out.

    Raises:
        FileNotFoundError: The folder is missing, or a link leads nowhere.
        ValueError: Two files have the same name.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    found: dict[str, Path] = {}
    for path in visible(folder, "**/*"):
        if path.suffix.lower() not in suffixes or not path.stem.endswith(end):
            continue
        name = _name(path, folder, end)
        if name in found:
            raise ValueError(
                f"{path}: {found[name].name} beside it has the same name; keep one"
            )
        found[name] = path
    return found


def _lossy_masks(masks: Path, end: str) -> dict[str, str]:
    """Returns a sentence for each mask that was compressed with loss, by its name."""
    return {
        _name(path, masks, end): (
            f"{path}: {LOSSY[path.suffix.lower()]} masks are not read: compression "
            f"invents colours and ids; export the masks as PNG again"
        )
        for path in visible(masks, "**/*")
        if path.suffix.lower() in LOSSY and path.stem.endswith(end)
    }


def _name(path: Path, folder: Path, end: str) -> str:
    name = path.relative_to(folder).with_suffix("").as_posix().removesuffix(end)
    return unicodedata.normalize("NFC", name)


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
