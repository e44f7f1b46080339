"""Files made to hang, crash or fool a reader."""

import pickle
import shutil
import struct
from pathlib import Path

import h5py
import numpy as np

PLAIN = {
    "version": 1,
    "name": "one",
    "names": ["Road"],
    "name_to_class": {"Road": 0},
    "colour_to_class": {(1, 2, 3): 0},
    "class_to_colour": {0: (1, 2, 3)},
    "void": 255,
}


class Call:
    """An object that pickles as a call of a function that ends the process."""

    def __reduce__(self):
        return exec, ("import os; os._exit(3)",)


def twice(levels: int, kind: type = tuple):
    value = kind((1,))
    for _ in range(levels):
        value = kind((value, value))
    return value


def hostile_pickles() -> dict[str, bytes]:
    nested = twice(64)
    return {
        "call": pickle.dumps(Call()),
        "call_inside": pickle.dumps(PLAIN | {"name": Call()}),
        "tuple_key": deep_key(),
        "tuple_value": pickle.dumps(PLAIN | {"void": nested}),
        "tuple_name": pickle.dumps(PLAIN | {"names": [nested]}),
        "list_twice": pickle.dumps(PLAIN | {"void": twice(64, list)}),
        "lists_deep": b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".",
        "tuples_deep": b"\x80\x04)" + b"\x85" * 500_000 + b".",
        "memo_of_32_gb": b"\x80\x04Nr" + struct.pack("<I", 2**31) + b".",
        "text_of_4_gb": b"\x80\x04\x8d" + struct.pack("<Q", 2**32) + b"x.",
        "frame_of_4_gb": b"\x80\x04\x95" + struct.pack("<Q", 2**32) + b"N.",
        "digits": b"I" + b"9" * 100_000 + b"\n.",
        "persistent": b"\x80\x04K\x01Q.",
        "extension": b"\x80\x04\x82\x01.",
        "set_of_itself": b"\x80\x04\x8f\x94(h\x00\x90.",
        "no_dictionary": pickle.dumps([PLAIN]),
        "negative_void": pickle.dumps(PLAIN | {"void": -1}),
        "true_void": pickle.dumps(PLAIN | {"void": True}),
        "no_classes": pickle.dumps(PLAIN | {"names": [], "class_to_colour": {}}),
    }


def deep_key() -> bytes:
    """Returns a dictionary whose key takes 2^64 steps to hash."""
    doubled = b"".join(b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86\x94" for n in R64)
    return b"\x80\x04})\x94" + doubled + b"K\x01s."


R64 = range(64)


def hostile_jsons() -> dict[str, bytes]:
    row = '{"id": 0, "name": "Road", "colour": [1, 2, 3]}'

    def text(rows=row, version="1", name='"one"', void="255") -> str:
        head = f'{{"version": {version}, "name": {name}, '
        return head + f'"classes": [{rows}], "void": {void}}}'

    deep = "[" * 900 + "]" * 900
    return {
        name: value.encode("utf-8", "surrogatepass")
        for name, value in {
            "deep": "[" * 1_000_000,
            "deep_version": text(version=deep),
            "deep_name": text(name=deep),
            "deep_void": text(void=deep),
            "deep_id": text(rows=row.replace("0", deep, 1)),
            "deep_class_name": text(rows=row.replace('"Road"', deep)),
            "deep_colour": text(rows=row.replace("1,", f"{deep},")),
            "digits": text(void="9" * 100_000),
            "infinite": text(void="1e999"),
            "not_a_number": text(void="NaN"),
            "object_name": text(name="{}"),
            "null_name": text(name="null"),
            "list_class_name": text(rows=row.replace('"Road"', "[1]")),
            "object_colour": text(rows=row.replace("[1, 2, 3]", '{"a": 1}')),
            "number_colour": text(rows=row.replace("[1, 2, 3]", "7")),
            "true_colour": text(rows=row.replace("1,", "true,")),
            "rows_of_numbers": text(rows="1, 2"),
            "no_rows": text(rows=""),
            "bytes": "\udcff",
        }.items()
    }


def hostile_stores(store: Path, folder: Path) -> list[Path]:
    """Makes copies of a store, each changed in one way that its seal does not cover."""
    return [changed(store, folder / f"{do.__name__}.h5", do) for do in CHANGES]


def hostile_files(folder: Path, store: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for suffix, files in ((".pkl", hostile_pickles()), (".json", hostile_jsons())):
        for name, content in files.items():
            # Apart, since a class map is compared with its twin.
            path = folder / suffix[1:] / f"{name}{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            paths.append(path)
    return paths + hostile_stores(store, folder)


def changed(store: Path, path: Path, do) -> Path:
    shutil.copy(store, path)
    with h5py.File(path, "a") as file:
        do(file)
        file.attrs.pop("seal", None)
    return path


def no_split(file):
    del file["train"], file["val"]


def no_images(file):
    del file["train/images"]


def no_labels(file):
    del file["val/labels"]


def no_frame_ids(file):
    del file["train/frame_ids"]


def no_class_map(file):
    del file.attrs["class_map"]


def class_map_of_numbers(file):
    file.attrs["class_map"] = np.arange(3)


def version_of_text(file):
    file.attrs["format_version"] = "one"


def version_of_many(file):
    file.attrs["format_version"] = [1, 1]


def complete_of_many(file):
    file.attrs["complete"] = [True, True]


def format_of_many(file):
    file.attrs["format"] = ["segnet-store"] * 2


def rule_of_numbers(file):
    file.attrs["split_rule"] = 3.5


def split_is_a_dataset(file):
    del file["train"]
    file["train"] = np.zeros(3)


def images_are_a_group(file):
    del file["train/images"]
    file.create_group("train/images")


def replaced(file, name: str, **options):
    old = file[name]
    options = {"shape": old.shape, "dtype": "u1", "chunks": old.chunks} | options
    del file[name]
    file.create_dataset(name, **options)


def float_images(file):
    replaced(file, "train/images", dtype="f4")


def signed_labels(file):
    replaced(file, "train/labels", dtype="i1")


def images_never_written(file):
    replaced(file, "train/images")


def grey_images(file):
    shape = file["train/images"].shape[:3]
    replaced(file, "train/images", shape=shape, chunks=(1, *shape[1:]))


def fewer_labels(file):
    file["train/labels"].resize(len(file["train/labels"]) - 1, axis=0)


def huge_images(file):
    shape = (2**40, *file["train/images"].shape[1:])
    replaced(file, "train/images", shape=shape)


def huge_everything(file):
    replaced(file, "train/images", shape=(9, 2**20, 2**20, 3), chunks=(1, 64, 64, 3))
    replaced(file, "train/labels", shape=(9, 2**20, 2**20), chunks=(1, 64, 64))


def whole_images(file):
    images = file["train/images"][:]
    del file["train/images"]
    file["train/images"] = images


def number_ids(file):
    count = len(file["train/frame_ids"])
    del file["train/frame_ids"]
    file["train/frame_ids"] = np.arange(count)


def ids_of_bad_text(file):
    count = len(file["train/frame_ids"])
    del file["train/frame_ids"]
    ids = np.array([b"\xff\xfe"] * count, object)
    kind = h5py.string_dtype()
    file.create_dataset("train/frame_ids", data=ids, dtype=kind)


def other_size_in_val(file):
    count = len(file["val/labels"])
    for name, shape in (("images", (8, 8, 3)), ("labels", (8, 8))):
        replaced(file, f"val/{name}", shape=(count, *shape), chunks=(1, *shape))
        file[f"val/{name}"][:] = 0


def split_elsewhere(file):
    del file["train"]
    file["train"] = h5py.ExternalLink("other.h5", "/train")


def soft_split(file):
    del file["train"]
    file["train"] = h5py.SoftLink("/train")


def images_elsewhere(file):
    shape = file["train/images"].shape
    size = int(np.prod(shape))
    external = [("/dev/zero", 0, size)]
    replaced(file, "train/images", chunks=None, external=external)


def virtual_images(file):
    shape = file["train/images"].shape
    del file["train/images"]
    layout = h5py.VirtualLayout(shape, "u1")
    layout[:] = h5py.VirtualSource("other.h5", "images", shape)
    file.create_virtual_dataset("train/images", layout)


CHANGES = (
    *(no_split, no_images, no_labels, no_frame_ids, no_class_map),
    *(class_map_of_numbers, version_of_text, version_of_many, complete_of_many),
    *(format_of_many, rule_of_numbers, split_is_a_dataset, images_are_a_group),
    *(float_images, signed_labels, images_never_written, grey_images, fewer_labels),
    *(huge_images, huge_everything, whole_images, number_ids, ids_of_bad_text),
    *(other_size_in_val, split_elsewhere, soft_split, images_elsewhere),
    virtual_images,
)


def no_shards(file):
    del file.attrs["shards"]


def shards_of_numbers(file):
    file.attrs["shards"] = 7


def shards_deep(file):
    file.attrs["shards"] = "[" * 100_000


def shards_elsewhere(file):
    file.attrs["shards"] = file.attrs["shards"].replace('"train-', '"../train-')


def more_frames_in_shards(file):
    file.attrs["shards"] = file.attrs["shards"].replace('"frames": 5', '"frames": 6')


def no_frame_size(file):
    del file.attrs["size"]


def texts_for_a_size(file):
    file.attrs["size"] = ["8", "12"]


def size_of_three(file):
    file.attrs["size"] = (8, 12, 3)


def no_val(file):
    del file["val"]


def shards_in_version_1(file):
    file.attrs["format_version"] = 1


SHARDED_CHANGES = (
    *(no_shards, shards_of_numbers, shards_deep, shards_elsewhere, no_frame_size),
    *(more_frames_in_shards, texts_for_a_size, size_of_three, no_val, no_frame_ids),
    *(shards_in_version_1, no_class_map, split_elsewhere, number_ids),
)
