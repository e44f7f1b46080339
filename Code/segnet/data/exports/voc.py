"""Pascal VOC segmentation, and the folders that labelme2voc writes.

    JPEGImages/2007_000032.jpg
    SegmentationClass/2007_000032.png     palette indices 0 to 20, 255 for void
    ImageSets/Segmentation/train.txt      and val.txt: the split

Masks are read by the index, whatever the colours of their palette. The classes are the
20 of VOC with `background`, those of `class_names.txt`, or a list given as `classes`:
its names then stand for 0, 1, 2 ...

Source: Everingham et al., The Pascal Visual Object Classes Challenge, IJCV 2015.
"""

from pathlib import Path

from segnet.classes.reading import VOID, VOID_NAMES, LabelClasses, named, read_classes
from segnet.data.exports.cvat import LABELMAP, MASKS, voc_frames
from segnet.data.exports.documents import read_lines, wrong_folder
from segnet.data.exports.masks import INDEX, MaskLabels
from segnet.data.source import Source

# labelme2voc writes the first, or the second with older versions.
FOLDERS = (MASKS, "SegmentationClassPNG", "SegmentationClassRaw")
NAMES_FILE = "class_names.txt"
VOC21 = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car"),
    *("cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike", "person"),
    *("pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


def reader(
    root: str | Path,
    classes: str | Path | None = None,
    background: str | None = None,
    images: str | Path | None = None,
) -> Source:
    """Returns the frames of all masks, sorted.

    Args:
        root: The folder that holds `JPEGImages` and `SegmentationClass`.
        classes: What `segnet.classes.reading.read_classes` takes, where the masks have
            other classes than VOC's.
        background: "void" for leaving index 0 out of training and scores.
        images: The folder of the images, where it is another one.

    Raises:
        FileNotFoundError: A folder is missing.
        ValueError: A list of classes is damaged, or a name is in two splits.
    """
    root = Path(root)
    masks = next((root / f for f in FOLDERS if (root / f).is_dir()), None)
    if masks is None:
        raise wrong_folder(root, f"no folder {MASKS} in it")
    if (root / LABELMAP).is_file() and classes is None:
        raise wrong_folder(root, f"its masks are explained by {LABELMAP}")
    found = _classes(root, classes, background)
    frames, orphans = voc_frames(root, masks, images)
    values = dict(found.ids) | {VOID: found.class_map.void}
    labels = MaskLabels("the list of classes", values=values, palette=INDEX)
    note = "masks with a palette are read by their index, not by their colour"
    return Source(
        "voc", root, found.class_map, frames, labels, orphans=orphans, notes=(note,)
    )


def _classes(
    root: Path, classes: str | Path | None, background: str | None
) -> LabelClasses:
    path = root / NAMES_FILE
    if classes is not None:
        found = read_classes(classes)
    elif path.is_file():
        lines = [line.strip() for line in read_lines(path)]
        # labelme2voc begins with what it writes as 255.
        own = [line for line in lines if line]
        found = named(own[own[:1] == ["__ignore__"] :], root.resolve().name, str(path))
    else:
        found = named(VOC21, "voc21", "")
    if background is None:
        return found
    names = list(found.class_map.names)
    if background != "void":
        raise ValueError(
            f"--background {background}: masks of VOC say by index 0 what uncovered "
            f"pixels are; 'void' leaves them out"
        )
    first = {value: index for value, index in found.ids.items() if index == 0}
    if names[0].lower() in VOID_NAMES or 0 not in first:
        return found
    return named(["void", *names[1:]], found.class_map.name, "")
