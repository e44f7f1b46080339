"""Writes small sets of 4 frames as labelling tools export them.

Every frame shows the same scene of 6x8 pixels: a road over the lower half, and on it a
car, annotated later. `SCENE` are its ids by hand: 0 background, 1 road, 2 car.
"""

import base64
import io
import json
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

SCENE = np.array(
    [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 2, 2, 2, 0, 0, 0],
        [1, 1, 2, 2, 2, 1, 1, 1],
        [1, 1, 2, 2, 2, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 1],
    ],
    np.uint8,
)
HEIGHT, WIDTH = SCENE.shape
ROAD = [[0, 3], [8, 3], [8, 6], [0, 6]]
CAR = [[2, 2], [5, 2], [5, 5], [2, 5]]
ROAD_COLOUR, CAR_COLOUR = (128, 64, 128), (0, 0, 142)
NAMES = ("train/0", "train/1", "val/2", "val/3")


def write_image(path: Path, size: tuple[int, int] = (HEIGHT, WIDTH)) -> None:
    """Writes a grey photograph of (H, W)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size[::-1], (90, 90, 90)).save(path)


def write_json(path: Path, content: object) -> Path:
    """Writes JSON and returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def write_mask(path: Path, mode: str) -> None:
    """Writes the scene as a grey ("L"), coloured ("RGB") or palette ("P") mask."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = np.array([(0, 0, 0), ROAD_COLOUR, CAR_COLOUR], np.uint8)
    if mode == "RGB":
        Image.fromarray(colours[SCENE]).save(path)
        return
    image = Image.fromarray(SCENE, mode="L")
    if mode == "P":
        image = Image.fromarray(SCENE, mode="P")
        image.putpalette(colours.tobytes())
    image.save(path)


def coco(root: Path, names=NAMES) -> dict[str, dict]:
    """Writes annotations/instances_<split>.json and <split>/<name>.jpg."""
    documents = {}
    for split in dict.fromkeys(name.partition("/")[0] for name in names):
        own = [name for name in names if name.startswith(split)]
        images, annotations = [], []
        for number, name in enumerate(own):
            write_image(root / f"{name}.jpg")
            file_name = f"{name.partition('/')[2]}.jpg"
            images.append(
                {"id": number, "file_name": file_name, "height": 6, "width": 8}
            )
            for category, points in ((7, ROAD), (3, CAR)):
                annotations.append(
                    {
                        "id": len(annotations),
                        "image_id": number,
                        "category_id": category,
                        "iscrowd": 0,
                        "segmentation": [sum(points, [])],
                        "bbox": [0, 0, 1, 1],
                    }
                )
        documents[split] = {
            "images": images,
            "annotations": annotations,
            "categories": [{"id": 7, "name": "road"}, {"id": 3, "name": "car"}],
        }
        write_json(root / f"annotations/instances_{split}.json", documents[split])
    return documents


def labelme(root: Path) -> dict:
    """Writes <name>.json beside <name>.jpg."""
    for name in NAMES:
        write_image(root / f"{name}.jpg")
        content = {
            "version": "5.5.0",
            "flags": {},
            "shapes": [
                {"label": "road", "points": ROAD, "shape_type": "polygon"},
                {"label": "car", "points": [CAR[0], CAR[2]], "shape_type": "rectangle"},
            ],
            "imagePath": f"{name.partition('/')[2]}.jpg",
            "imageData": None,
            "imageHeight": HEIGHT,
            "imageWidth": WIDTH,
        }
        write_json(root / f"{name}.json", content)
    return content


def sly_bitmap(mask: np.ndarray) -> str:
    """Returns a mask as Supervisely packs it: PNG, zlib, base64."""
    image = Image.fromarray(mask.astype(np.uint8), mode="L")
    image.putpalette([0, 0, 0, 255, 255, 255])
    content = io.BytesIO()
    image.save(content, format="PNG", transparency=0)
    return base64.b64encode(zlib.compress(content.getvalue())).decode()


def supervisely(root: Path) -> dict:
    """Writes meta.json and <dataset>/img, <dataset>/ann; the road is a bitmap."""
    classes = [
        {"title": "road", "shape": "bitmap", "color": "#804080"},
        {"title": "car", "shape": "polygon", "color": "#00008E"},
    ]
    write_json(root / "meta.json", {"classes": classes, "tags": []})
    for name in NAMES:
        split, _, stem = name.partition("/")
        write_image(root / split / "img" / f"{stem}.jpg")
        content = {
            "description": "",
            "tags": [],
            "size": {"height": HEIGHT, "width": WIDTH},
            "objects": [
                {
                    "classTitle": "road",
                    "geometryType": "bitmap",
                    "bitmap": {
                        "data": sly_bitmap(np.ones((3, 8))),
                        "origin": [0, 3],
                    },
                },
                {
                    "classTitle": "car",
                    "geometryType": "rectangle",
                    # Both corners are pixels of the car.
                    "points": {"exterior": [[2, 2], [4, 4]], "interior": []},
                },
            ],
        }
        write_json(root / split / "ann" / f"{stem}.jpg.json", content)
    return content


def labelbox(root: Path) -> list[dict]:
    """Writes export.ndjson and photos/<name>.jpg."""
    rows = []
    for name in NAMES:
        write_image(root / "photos" / f"{name}.jpg")
        objects = [
            {
                "name": label,
                "value": label,
                "annotation_kind": "ImagePolygon",
                "polygon": [{"x": x, "y": y} for x, y in points],
            }
            for label, points in (("road", ROAD), ("car", CAR))
        ]
        label = {"annotations": {"objects": objects, "classifications": []}}
        rows.append(
            {
                "data_row": {"id": "c1", "external_id": f"{name}.jpg"},
                "media_attributes": {"height": HEIGHT, "width": WIDTH},
                "projects": {"p": {"name": "street", "labels": [label]}},
            }
        )
    write_rows(root, rows)
    return rows


def write_rows(root: Path, rows: list[dict]) -> None:
    """Writes export.ndjson."""
    text = "\n".join(json.dumps(row) for row in rows)
    (root / "export.ndjson").write_text(text + "\n")


def ultralytics(root: Path) -> None:
    """Writes data.yaml, images/<name>.jpg and labels/<name>.txt."""
    lines = []
    for index, points in enumerate((ROAD, CAR)):
        shares = [f"{x / WIDTH} {y / HEIGHT}" for x, y in points]
        lines.append(" ".join([str(index), *shares]))
    for name in NAMES:
        write_image(root / "images" / f"{name}.jpg")
        path = root / "labels" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
    (root / "data.yaml").write_text(
        "path: /home/me/street\ntrain: images/train\nval: images/val\n"
        "names:\n  0: road\n  1: car\n"
    )


def cvat(root: Path) -> None:
    """Writes labelmap.txt, SegmentationClass, JPEGImages and ImageSets."""
    _voc(root, "RGB")
    (root / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\n"
        "road:128,64,128::\ncar:0,0,142::\n"
    )


def voc(root: Path) -> None:
    """Writes palette masks and class_names.txt, as labelme2voc does, and the sets."""
    _voc(root, "P")
    (root / "class_names.txt").write_text("__ignore__\n_background_\nroad\ncar\n")


def _voc(root: Path, mode: str) -> None:
    sets: dict[str, list[str]] = {}
    for name in NAMES:
        split, _, stem = name.partition("/")
        sets.setdefault(split, []).append(stem)
        write_image(root / "JPEGImages" / f"{stem}.jpg")
        write_mask(root / "SegmentationClass" / f"{stem}.png", mode)
    for split, stems in sets.items():
        path = root / "ImageSets" / "Segmentation" / f"{split}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(stems) + "\n")


def roboflow(root: Path) -> None:
    """Writes grey masks beside the images, and a table in each split."""
    for name in NAMES:
        split, _, stem = name.partition("/")
        folder = root / ("valid" if split == "val" else split)
        write_image(folder / f"{stem}_jpg.rf.0a1b.jpg")
        write_mask(folder / f"{stem}_jpg.rf.0a1b_mask.png", "L")
        (folder / "_classes.csv").write_text(
            "Pixel Value, Class\n0, background\n1, road\n2, car\n"
        )


def class_dict(root: Path) -> None:
    """Writes class_dict.csv, <split>/ and <split>_labels/, where black is a class."""
    for name in NAMES:
        split, _, stem = name.partition("/")
        write_image(root / split / f"0001TP_{stem}.png")
        write_mask(root / f"{split}_labels" / f"0001TP_{stem}_L.png", "RGB")
    (root / "class_dict.csv").write_text(
        "name,r,g,b\nbackground,0,0,0\nroad,128,64,128\ncar,0,0,142\n"
    )


WRITERS = {
    "coco": coco,
    "labelme": labelme,
    "supervisely": supervisely,
    "labelbox": labelbox,
    "ultralytics": ultralytics,
    "cvat": cvat,
    "voc": voc,
    "roboflow": roboflow,
    "class-dict": class_dict,
}
