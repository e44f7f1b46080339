"""Reading a store whose frames lie in several files."""

import operator
from bisect import bisect_right
from functools import partial
from itertools import accumulate
from pathlib import Path

import h5py
import numpy as np

from segnet.data.store.integrity import (
    ONE_FILE,
    SEAL,
    attributes_of,
    check_seal,
    open_checked,
    splits_of,
)
from segnet.data.store.shard_list import FOLDER, Shard
from segnet.system.checksums import sha256_of
from segnet.system.parallel import ordered_map


class ShardFiles:
    """The shards of one store, opened at their first use; picklable.

    A pickled copy has none open: each process opens them for itself.
    """

    def __init__(self, store: Path, shards: tuple[Shard, ...], size: tuple[int, int]):
        self._folder = store.parent / FOLDER
        self._size = size
        self._open: dict[int, dict[str, h5py.Dataset]] = {}
        self.shards = shards

    @property
    def paths(self) -> list[Path]:
        """The files, in the order of the shards."""
        return [self._folder / shard.name for shard in self.shards]

    def open_all(self) -> None:
        """Opens all files now, so a wrong one is found before a training run starts.

        Raises:
            FileNotFoundError: One is missing.
            ValueError: One is damaged, or not the one that was written.
        """
        for number in range(len(self.shards)):
            self._dataset(number, "labels")

    def damage(self, workers: int | None, progress: bool) -> list[str]:
        """Returns a line for each file whose sha256 is not right; reads them all."""
        from tqdm.auto import tqdm

        count = len(self.shards)
        lines = ordered_map(partial(_damage, self._folder), self.shards, count, workers)
        options = {"total": count, "desc": "verify", "unit": "shard"}
        lines = tqdm(lines, **options, disable=not progress)
        return [line for line in lines if line]

    def read(
        self, number: int, kind: str, chosen: int | slice, target: np.ndarray
    ) -> None:
        """Fills `target` with the frames `chosen` from a shard.

        Args:
            number: Of the shard.
            kind: "images" or "labels".
            chosen: An index or a slice, counted from the shard's first frame.
            target: uint8 of the right shape.

        Raises:
            FileNotFoundError: The file is gone.
            ValueError: It is damaged, or not the one that was written.
        """
        dataset = self._dataset(number, kind)
        try:
            dataset.read_direct(target, chosen)
        except (OSError, RuntimeError) as error:
            raise ValueError(
                f"{self.paths[number]}: damaged ({error}); prepare the data again, "
                f"with --resume only this file"
            ) from error

    def _dataset(self, number: int, kind: str) -> h5py.Dataset:
        if number not in self._open:
            shard = self.shards[number]
            group = open_shard(self._folder / shard.name, shard, self._size)
            self._open[number] = {name: group[name] for name in ("images", "labels")}
        return self._open[number][kind]

    def close(self) -> None:
        """Closes all files; a later read opens them again."""
        for datasets in self._open.values():
            datasets["images"].file.close()
        self._open = {}

    def forget(self) -> None:
        """Leaves the files to the process that opened them."""
        self._open = {}

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_open": {}}


class ShardedFrames:
    """The images or labels of a split over all its shards, read as one dataset.

    Args:
        files: All shards of the store.
        split: Name of the split.
        kind: "images" or "labels".
        shape: Of one frame.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: ShardFiles, split: str, kind: str, shape: tuple):
        self._files, self._kind = files, kind
        numbers = range(len(files.shards))
        self._numbers = [n for n in numbers if files.shards[n].split == split]
        counts = [files.shards[number].frames for number in self._numbers]
        self._starts = list(accumulate(counts, initial=0))
        self.shape = (self._starts[-1], *shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: int | slice) -> np.ndarray:
        """Returns one frame, or those of a slice, uint8."""
        if not isinstance(key, slice):
            index = range(len(self))[operator.index(key)]
            found = np.empty(self.shape[1:], np.uint8)
            number, first = self._locate(index)
            self._files.read(number, self._kind, index - first, found)
            return found
        chosen = range(len(self))[key]
        if chosen.step != 1:
            frames = [self[index] for index in chosen]
            return np.array(frames, np.uint8).reshape(-1, *self.shape[1:])
        found = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        self.read_direct(found, np.s_[chosen.start : chosen.start + len(chosen)])
        return found

    def read_direct(self, target: np.ndarray, run: slice) -> None:
        """Fills `target` with the frames of a run, as h5py.Dataset.read_direct does."""
        index = run.start
        while index < run.stop:
            number, first = self._locate(index)
            stop = min(run.stop, first + self._files.shards[number].frames)
            part = target[index - run.start : stop - run.start]
            self._files.read(
                number, self._kind, np.s_[index - first : stop - first], part
            )
            index = stop

    def _locate(self, index: int) -> tuple[int, int]:
        """Returns the number of a frame's shard and that of its first frame."""
        place = bisect_right(self._starts, index) - 1
        return self._numbers[place], self._starts[place]


def open_shard(path: Path, shard: Shard, size: tuple[int, int]) -> h5py.Group:
    """Returns the one split in a shard file, its frames not read yet.

    Args:
        path: The file.
        shard: What the store says of it.
        size: (H, W) of every frame.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or not the one that was written with the store.
    """
    _check_bytes(path, shard)
    file = open_checked(path)
    try:
        check_seal(path, file)
        facts = attributes_of(file)
        own = (facts.get(SEAL), facts["format_version"], splits_of(file))
        group = file[shard.split] if own[2] == (shard.split,) else None
        if own[:2] != (shard.seal, ONE_FILE) or group is None:
            raise ValueError(_other(path))
        if group["labels"].shape != (shard.frames, *size):
            raise ValueError(_other(path))
    except BaseException:
        file.close()
        raise
    return group


def _damage(folder: Path, shard: Shard) -> str:
    path = folder / shard.name
    try:
        _check_bytes(path, shard)
        return "" if sha256_of(path) == shard.sha256 else _other(path)
    except (ValueError, OSError) as error:
        return str(error)


def _check_bytes(path: Path, shard: Shard) -> None:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: missing; the store needs the folder {FOLDER!r} beside it, with "
            f"all that is in it"
        )
    if path.stat().st_size != shard.bytes:
        raise ValueError(
            f"{path}: {path.stat().st_size} bytes, the store says {shard.bytes}; copy "
            f"it again or prepare the data again"
        )


def _other(path: Path) -> str:
    return (
        f"{path}: not the file that was written with the store; copy it again or "
        f"prepare the data again"
    )
