"""The store: all frames of a dataset in one compressed HDF5 file, or in several.

Groups `train`, `val` and, where there is one, `test`; in each

    images     (N, H, W, 3) uint8 RGB      one frame a chunk, gzip
    labels     (N, H, W)    uint8 ids      one frame a chunk, gzip
    frame_ids  (N,)         utf-8 names

File attributes: `format` "segnet-store", `format_version`, `complete`, `class_map`
(JSON), `source`, `scale`, `split_rule` in words, `segnet_version`, `seal` (see
`segnet.data.store.integrity`), `void_share`, 0 to 1, `class_pixels`, (K + 1,) pixels
of each class, void last, `grey_ids`, whether the labels were ids in the files, and
where there are any `skipped`, one line for each bad frame left out, and `notes`, lines
on how the labels were read. A file is written under another name and renamed, and
`complete` is set last.

That is format version 1. In version 2 images and labels lie in shards, files in the
folder `shards` beside the store, each of them a store of version 1 with some frames of
one split. The store has the frame names still, and as further attributes the list of
`shards` (see `segnet.data.store.shard_list`), the frame `size` (H, W), and `settings`,
what a run that resumes must have in common with the one before.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np

from segnet.classes import ClassMap
from segnet.data.store.counts import LabelSummary, summarise_labels
from segnet.data.store.integrity import (
    attributes_of,
    check_seal,
    open_checked,
    shards_of,
    splits_of,
)
from segnet.data.store.shards import ShardedFrames, ShardFiles

# The file in the folder that `segnet prepare` writes.
STORE = "store.h5"


class Split:
    """One split of an open store; `len()` is its number of frames N."""

    def __init__(self, store: "Store", name: str):
        self.store = store
        self.name = name

    @property
    def images(self) -> h5py.Dataset | ShardedFrames:
        """(N, H, W, 3) uint8 RGB, on disk: index single frames or slices only."""
        return self.store._frames(self.name, "images")

    @property
    def labels(self) -> h5py.Dataset | ShardedFrames:
        """(N, H, W) uint8 class ids, on disk: index single frames or slices only."""
        return self.store._frames(self.name, "labels")

    @property
    def frame_ids(self) -> list[str]:
        """N frame names."""
        try:
            return list(self.store._file[self.name]["frame_ids"].asstr()[:])
        except (OSError, RuntimeError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{self.store.path}: damaged at the frame names of {self.name!r} "
                f"({error}); prepare the data again"
            ) from error

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of every frame."""
        return self.labels.shape[1:]

    def __len__(self) -> int:
        return self.labels.shape[0]

    def read(
        self, indices: Sequence[int] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the frames at `indices`, in that order, repeats allowed.

        Args:
            indices: B frame numbers, 0 to N-1.

        Returns:
            Images (B, H, W, 3) uint8 and labels (B, H, W) uint8.

        Raises:
            IndexError: A number is out of range.
            ValueError: The file is damaged there.
        """
        wanted = np.asarray(indices, np.int64).reshape(-1)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() < len(self):
            raise IndexError(
                f"{self.store.path}: frames {wanted.min()} to {wanted.max()} asked "
                f"for, {self.name!r} has 0 to {len(self) - 1}"
            )
        images = np.empty((wanted.size, *self.images.shape[1:]), np.uint8)
        labels = np.empty((wanted.size, *self.labels.shape[1:]), np.uint8)
        # HDF5 reads a list of indices a hundred times slower than runs of neighbours.
        starts = np.flatnonzero(np.diff(wanted, prepend=-2) != 1)
        for start, stop in pairwise([*starts, wanted.size]):
            first = wanted[start]
            run = np.s_[first : first + stop - start]
            self._read_run(run, images[start:stop], labels[start:stop])
        return images, labels

    def read_labels(self, index: int) -> np.ndarray:
        """Returns the labels of one frame, (H, W) uint8; errors as `read`."""
        with self._naming(index, index):
            return self.labels[index]

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns all images and labels in memory, as `read` does."""
        return self.read(range(len(self)))

    def label_summary(self) -> LabelSummary:
        """Returns pixel counts and checksum of the labels, read at the first call.

        Raises:
            ValueError: A label is neither a class nor void, or the file is damaged.
        """
        summaries = self.store._summaries
        if self.name not in summaries:
            summaries[self.name] = summarise_labels(self)
        return summaries[self.name]

    def pixel_counts(self) -> np.ndarray:
        """Returns the pixels of each class in each frame, void last.

        Returns:
            (N, K + 1) int64, read-only; errors as `label_summary`.
        """
        return self.label_summary().pixels

    def _read_run(self, run: slice, images: np.ndarray, labels: np.ndarray) -> None:
        with self._naming(run.start, run.stop - 1):
            self.images.read_direct(images, run)
            self.labels.read_direct(labels, run)

    @contextmanager
    def _naming(self, first: int, last: int) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            raise ValueError(
                f"{self.store.path}: damaged at frames {first} to {last} of "
                f"{self.name!r} ({error}); prepare the data again"
            ) from error


class Store:
    """A store open for reading: `store["train"]`, a context manager, picklable.

    Each process opens the file for itself, at its first read.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._handle: h5py.File | None = None
        self._pid: int | None = None
        self._datasets: dict[tuple[str, str], h5py.Dataset] = {}
        self._summaries: dict[str, LabelSummary] = {}
        self._shards: ShardFiles | None = None
        self._sharded: dict[tuple[str, str], ShardedFrames] = {}
        try:
            self._read_texts()
            self._find_shards()
        except BaseException:
            self.close()
            raise

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits the store has, in the order train, val, test."""
        return splits_of(self._file)

    def __getitem__(self, name: str) -> Split:
        if name not in self.splits:
            raise ValueError(
                f"{self.path} has no split {name!r}; it has {', '.join(self.splits)}"
            )
        return Split(self, name)

    @property
    def shard_paths(self) -> list[Path]:
        """The files in which the frames are, where they are not in the store's own."""
        return self._shards.paths if self._shards else []

    @property
    def bytes(self) -> int:
        """The size of all its files together."""
        return sum(path.stat().st_size for path in (self.path, *self.shard_paths))

    @property
    def skipped(self) -> list[str]:
        """One line, frame and reason, for each bad frame that was left out."""
        return self.attributes.get("skipped", "").splitlines()

    def damaged_shards(
        self, workers: int | None = None, progress: bool = False
    ) -> list[str]:
        """Returns a line for each shard whose sha256 is not right; reads all files.

        Args:
            workers: Processes; one for each core by default.
            progress: Show a progress bar.
        """
        return self._shards.damage(workers, progress) if self._shards else []

    def describe(self) -> str:
        """Returns what the store holds, in a few lines for the terminal."""
        counts = [f"{name} {len(self[name])}" for name in self.splits]
        height, width = self[self.splits[0]].size
        shards = len(self.shard_paths)
        files = f" in {shards} shards" if shards else ""
        return (
            f"{self.path}: {', '.join(counts)} frames of {height}x{width}, "
            f"{self.class_map.num_classes} classes, {self.bytes / 1e6:.1f} MB{files}\n"
            f"split: {self.attributes.get('split_rule', 'unknown')}"
        )

    def close(self) -> None:
        """Closes all files; a later read opens them again."""
        if self._handle is not None and self._pid == os.getpid():
            self._handle.close()
            if self._shards:
                self._shards.close()
        self._handle, self._datasets = None, {}

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_handle": None, "_pid": None, "_datasets": {}}

    @property
    def _file(self) -> h5py.File:
        if self._handle is None or self._pid != os.getpid():
            self._handle, self._pid = open_checked(self.path), os.getpid()
            self._datasets = {}
            if self._shards:
                self._shards.forget()
        return self._handle

    def _frames(self, split: str, kind: str) -> h5py.Dataset | ShardedFrames:
        file, key = self._file, (split, kind)
        if self._shards:
            return self._sharded[key]
        # HDF5 takes longer to find a dataset than to read a frame of it.
        if key not in self._datasets:
            self._datasets[key] = file[split][kind]
        return self._datasets[key]

    def _find_shards(self) -> None:
        shards = shards_of(self._file)
        if not shards:
            return
        height, width = self.attributes["size"]
        files = ShardFiles(self.path, shards, (height, width))
        self._shards = files
        files.open_all()
        shapes = {"images": (height, width, 3), "labels": (height, width)}
        self._sharded = {
            (split, kind): ShardedFrames(files, split, kind, shape)
            for split in self.splits
            for kind, shape in shapes.items()
        }

    def _read_texts(self) -> None:
        file = self._file
        try:
            self.attributes = attributes_of(file)
            self.class_map = ClassMap.from_json(str(self.attributes.get("class_map")))
        except Exception as error:
            # h5py answers damage with errors of nearly every type.
            raise ValueError(f"{self.path}: {error}") from error
        check_seal(self.path, file)


def open_store(path: str | Path) -> Store:
    """Returns the store at `path`, open for reading.

    Args:
        path: The file, or a folder that holds it as `store.h5`.

    Raises:
        FileNotFoundError: There is no such file, or a shard is missing.
        ValueError: It is no store, is damaged, incomplete, or of an unknown version.
    """
    return Store(path_of_store(path))


def path_of_store(path: str | Path) -> Path:
    """Returns the file of a store: the path itself, or `store.h5` in that folder."""
    path = Path(path)
    return path / STORE if (path / STORE).is_file() else path
