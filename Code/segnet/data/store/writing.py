"""Writes a store; `segnet.data.store` describes its content."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import h5py
import numpy as np

from segnet import __version__
from segnet.classes import ClassMap
from segnet.data.store.full_disk import SteadyFile
from segnet.data.store.integrity import FORMAT, ONE_FILE, SEAL, SHARDED, seal_of
from segnet.data.store.shard_list import Shard, to_json
from segnet.system.files import replacing_all

# Of gzip: photographs hardly shrink at higher levels, labels do.
IMAGE_LEVEL, LABEL_LEVEL = 1, 4
# The oldest file format whose own tables all carry checksums.
LIBVER = "v110"


class StoreWriter:
    """Fills the splits of a new store frame by frame; made by `create_store`."""

    def __init__(self, file: h5py.File, disk: SteadyFile):
        self._file = file
        self._disk = disk

    def write(self, split: str, index: int, image: bytes, labels: bytes) -> None:
        """Writes frame `index` of a split from its packed image and labels."""
        group = self._file[split]
        group["images"].id.write_direct_chunk((index, 0, 0, 0), image)
        group["labels"].id.write_direct_chunk((index, 0, 0), labels)
        self._disk.check()

    def shorten(self, split: str, frame_ids: Sequence[str]) -> None:
        """Cuts a split to the frames that were written, which have these names."""
        group = self._file[split]
        for name in ("images", "labels"):
            group[name].resize(len(frame_ids), axis=0)
        del group["frame_ids"]
        _create_ids(group, frame_ids)

    def note(self, name: str, value: str | float | np.ndarray) -> None:
        """Adds a file attribute that is known only at the end."""
        self._file.attrs[name] = value


@contextmanager
def create_store(
    path: str | Path,
    class_map: ClassMap,
    frame_ids: Mapping[str, Sequence[str]],
    size: tuple[int, int],
    attributes: Mapping[str, str | int | float | Sequence[int]],
    beside: Mapping[Path, bytes] | None = None,
) -> Iterator[StoreWriter]:
    """Yields a writer for a new store, which replaces `path` once all went well.

    Args:
        path: Final file name.
        class_map: Ids, names and display colours.
        frame_ids: Frame names for each split of the store.
        size: (H, W) of every frame.
        attributes: Further file attributes: source, scale, split rule and so on.
        beside: Path and content of files that are replaced together with the store.

    Raises:
        OSError: The disk is full, or another fault of the system.
    """
    with _sealed(path, class_map, attributes, beside, ONE_FILE) as (file, disk):
        for name, ids in frame_ids.items():
            _create_split(file.create_group(name), ids, size)
        yield StoreWriter(file, disk)


def write_sharded_store(
    path: str | Path,
    class_map: ClassMap,
    frame_ids: Mapping[str, Sequence[str]],
    size: tuple[int, int],
    attributes: Mapping[str, str | int | float | Sequence[int]],
    shards: Sequence[Shard],
    beside: Mapping[Path, bytes] | None = None,
) -> None:
    """Writes the store whose frames lie in shards that are there already.

    Args:
        shards: Those of a split in the order of its frames.

    The other arguments and the error are those of `create_store`.
    """
    attributes = dict(attributes) | {"size": size, "shards": to_json(shards)}
    with _sealed(path, class_map, attributes, beside, SHARDED) as (file, _):
        for name, ids in frame_ids.items():
            _create_ids(file.create_group(name), ids)


@contextmanager
def _sealed(
    path: str | Path,
    class_map: ClassMap,
    attributes: Mapping,
    beside: Mapping[Path, bytes] | None,
    version: int,
) -> Iterator[tuple[h5py.File, SteadyFile]]:
    """Yields a file that becomes the store at `path`, and the disk under it."""
    beside = dict(beside or {})
    with replacing_all(path, *beside) as (part, *others):
        for other, content in zip(others, beside.values(), strict=True):
            other.write_bytes(content)
        with _created(part) as (file, disk):
            file.attrs.update(
                attributes,
                format=FORMAT,
                format_version=version,
                class_map=class_map.to_json(),
                segnet_version=__version__,
            )
            yield file, disk
            file.attrs[SEAL] = seal_of(file)
            file.attrs["complete"] = True


@contextmanager
def _created(part: Path) -> Iterator[tuple[h5py.File, SteadyFile]]:
    with closing(SteadyFile(part)) as disk:
        try:
            with h5py.File(disk, "w", libver=(LIBVER, LIBVER)) as file:
                yield file, disk
        except Exception:
            # A fault of the disk explains whatever else went wrong behind it.
            disk.check()
            raise
    disk.check()


def _create_split(group: h5py.Group, ids: Sequence[str], size: tuple[int, int]) -> None:
    for name, shape, level in (
        ("images", (*size, 3), IMAGE_LEVEL),
        ("labels", size, LABEL_LEVEL),
    ):
        group.create_dataset(
            name,
            shape=(len(ids), *shape),
            dtype=np.uint8,
            chunks=(1, *shape),
            compression="gzip",
            compression_opts=level,
        )
    _create_ids(group, ids)


def _create_ids(group: h5py.Group, ids: Sequence[str]) -> None:
    group.create_dataset("frame_ids", data=list(ids), dtype=h5py.string_dtype())
