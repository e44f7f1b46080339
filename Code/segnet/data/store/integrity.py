"""Whether an HDF5 file is a whole store: its parts, their types, its seal.

HDF5 guards the frames and its own tables by checksums, but not the texts; the seal
is one over all of these: frame names, class map, split rule and so on.
"""

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np

from segnet import __version__
from segnet.data.source import SPLITS
from segnet.data.store import shard_list as manifest

FORMAT = "segnet-store"
# The versions: all in one file, or frames in shards beside it.
ONE_FILE, SHARDED = 1, 2
SEAL = "seal"
UNSEALED = (SEAL, "complete")
TEXTS = (
    *("class_map", "source", "split_rule", "skipped", "notes", "shards"),
    "settings",
)


def open_checked(path: Path) -> h5py.File:
    """Returns the file open for reading; its frames and texts are not read yet.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, no store, incomplete, or of an unknown version.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such store; `segnet prepare` makes one")
    try:
        # No cache: it would hold megabytes of each shard, and frames come at random.
        # No lock: a store is replaced and never changed, and some drives have none.
        file = h5py.File(path, "r", rdcc_nbytes=0, locking=False)
    except Exception as error:
        raise ValueError(f"{path}: no readable HDF5 file: {error}") from error
    try:
        _check(file)
    except Exception as error:
        file.close()
        # h5py answers damage with errors of nearly every type.
        raise ValueError(f"{path}: {error}") from error
    return file


def attributes_of(file: h5py.File) -> dict:
    """Returns the file's attributes as plain Python values."""
    return {
        key: value.tolist() if isinstance(value, np.generic | np.ndarray) else value
        for key, value in file.attrs.items()
    }


def seal_of(file: h5py.File) -> str:
    """Returns the sha256 of all texts and sizes in the store."""
    attributes = attributes_of(file)
    content = {key: value for key, value in attributes.items() if key not in UNSEALED}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name in splits_of(file):
        group = file[name]
        ids = list(group["frame_ids"].asstr()[:])
        kinds = [kind for kind in ("images", "labels") if kind in group]
        shapes = [group[kind].shape for kind in kinds]
        digest.update(json.dumps([name, shapes, ids]).encode())
    return digest.hexdigest()


def check_seal(path: Path, file: h5py.File) -> None:
    """Raises ValueError unless the texts are those that were written.

    A store from before there were seals passes.
    """
    try:
        seal = file.attrs.get(SEAL)
        whole = seal is None or seal == seal_of(file)
    except Exception as error:
        raise ValueError(f"{path}: damaged: {error}; prepare the data again") from error
    if not whole:
        raise ValueError(
            f"{path}: damaged: its frame names or attributes are not as written; "
            f"prepare the data again"
        )


def splits_of(file: h5py.File) -> tuple[str, ...]:
    """Returns the names of the present splits, in the order train, val, test."""
    return tuple(name for name in SPLITS if name in file)


def shards_of(file: h5py.File) -> tuple[manifest.Shard, ...]:
    """Returns the shards of a store, none where all is in one file."""
    if file.attrs["format_version"] == ONE_FILE:
        return ()
    return manifest.from_json(file.attrs["shards"])


def _check(file: h5py.File) -> None:
    if file.attrs.get("format") != FORMAT:
        raise ValueError("an HDF5 file, but no store made by segnet")
    version = file.attrs.get("format_version")
    if not isinstance(version, np.integer):
        raise ValueError(f"its format version is {version!r:.80}")
    if not ONE_FILE <= version <= SHARDED:
        raise ValueError(
            f"store of version {version}, this segnet ({__version__}) reads "
            f"{ONE_FILE} to {SHARDED}; update segnet or prepare the data again"
        )
    if not np.array_equal(file.attrs.get("complete"), True):
        raise ValueError("the store is incomplete; prepare the data again")
    for name in TEXTS:
        if name in file.attrs and type(file.attrs[name]) is not str:
            raise ValueError(f"its attribute {name!r} is no text")
    if not splits_of(file):
        raise ValueError(f"it has none of the splits {', '.join(SPLITS)}")
    if version == SHARDED:
        _check_sharded(file)
        return
    sizes = {name: _size(file, name) for name in splits_of(file)}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"its splits have frames of different sizes: {sizes}")


def _check_sharded(file: h5py.File) -> None:
    size = file.attrs.get("size")
    if np.shape(size) != (2,) or size.dtype.kind not in "iu" or size.min() < 1:
        raise ValueError(f"its frame size is {size!r:.80}, expected (H, W)")
    if "shards" not in file.attrs:
        raise ValueError("it has no list of shards")
    frames = dict.fromkeys(splits_of(file), 0)
    for shard in shards_of(file):
        frames[shard.split] = frames.get(shard.split, 0) + shard.frames
    for name, count in frames.items():
        ids = _frame_ids(_own(file, name, h5py.Group))
        if len(ids) != count:
            raise ValueError(
                f"{name} has {len(ids)} frame names and {count} frames in its shards"
            )


def _size(file: h5py.File, name: str) -> tuple[int, int]:
    """Returns (H, W) of a split's frames, once its datasets are as they must be."""
    group = _own(file, name, h5py.Group)
    ids = _frame_ids(group)
    images, labels = (_own(group, kind, h5py.Dataset) for kind in ("images", "labels"))
    if labels.ndim != 3 or min(labels.shape) < 1:
        raise ValueError(f"{name}/labels is {_form(labels)}, expected uint8 (N, H, W)")
    shape = (len(ids), *labels.shape[1:])
    for dataset, wanted in ((images, (*shape, 3)), (labels, shape)):
        if dataset.dtype != np.uint8 or dataset.shape != wanted:
            raise ValueError(
                f"{dataset.name[1:]} is {_form(dataset)}, expected uint8 {wanted}"
            )
        if dataset.chunks != (1, *wanted[1:]):
            raise ValueError(f"{dataset.name[1:]} is not stored frame by frame")
        if dataset.id.get_num_chunks() != len(ids):
            raise ValueError(f"{dataset.name[1:]} lacks frames; prepare the data again")
    return shape[1:]


def _frame_ids(group: h5py.Group) -> h5py.Dataset:
    ids = _own(group, "frame_ids", h5py.Dataset)
    if h5py.check_string_dtype(ids.dtype) is None or ids.ndim != 1 or not len(ids):
        raise ValueError(f"{ids.name[1:]} is {_form(ids)}, expected texts (N,)")
    return ids


def _own(group: h5py.Group, name: str, kind: type) -> h5py.Group | h5py.Dataset:
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink) or not isinstance(group[name], kind):
        raise ValueError(f"it has no {group.name}/{name}".replace("//", ""))
    found = group[name]
    if kind is h5py.Dataset and (found.external or found.is_virtual):
        raise ValueError(f"{found.name[1:]} lies in another file")
    return found


def _form(dataset: h5py.Dataset) -> str:
    return f"{dataset.dtype} {dataset.shape}"
