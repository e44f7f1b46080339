"""Readers of what labelling tools export, a file for each format.

Most tools write polygons or run lengths of objects. `annotations` paints them into
class ids, the later over the earlier, and `classes` decides which class each name gets
and what the pixels are that nothing covers.
"""

from segnet.data.source import Reader

_CHOICE = ("classes", "background")


def _export(
    name: str, about: str, example: str, options: tuple[str, ...] = _CHOICE
) -> Reader:
    module = f"segnet.data.exports.{name.replace('-', '_')}"
    return Reader(name, module, options, False, about, f"{name} {example}")


EXPORTS = (
    _export(
        "coco",
        "COCO JSON, polygons and run lengths: CVAT, Roboflow, VIA, Label Studio",
        "Export Store   # or: annotations.json Store --images Photos",
        (*_CHOICE, "images"),
    ),
    _export(
        "labelme",
        "LabelMe, a JSON file an image",
        "Photos Store --classes background,road,car",
        (*_CHOICE, "images"),
    ),
    _export(
        "cvat",
        "CVAT, `Segmentation mask 1.1` with labelmap.txt",
        "Export Store",
        (*_CHOICE, "images"),
    ),
    _export(
        "voc",
        "Pascal VOC, masks with a palette, ImageSets",
        "VOCdevkit/VOC2012 Store --size 375x500",
        (*_CHOICE, "images"),
    ),
    _export("roboflow", "Roboflow, PNG masks with _classes.csv", "Export Store"),
    _export(
        "class-dict",
        "CamVid of Kaggle and alike, masks with class_dict.csv",
        "CamVid Store",
        ("classes",),
    ),
    _export("supervisely", "a Supervisely project with meta.json", "Project Store"),
    _export(
        "labelbox",
        "Labelbox, NDJSON with polygons",
        "export.ndjson Store --images Photos",
        (*_CHOICE, "images"),
    ),
    _export(
        "ultralytics",
        "Ultralytics (YOLO) polygons with data.yaml",
        "Set Store --background void",
    ),
)
