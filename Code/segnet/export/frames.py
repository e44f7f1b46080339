"""Frames that a file is calibrated and checked on: of a store, or rendered."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from segnet.classes import ClassMap
from segnet.data.store import Split, open_store
from segnet.scores.drives import drives_of

# Most frames of a store; a small split is used whole.
MOST = 128
# Fewer show too little of the range of a layer's values.
ENOUGH = 100
# Fewest frames of a proof, and the number of rendered ones.
LEAST = 8
# Of 0 to 255; a photograph in fog has 20.
LEAST_DEVIATION = 4.0


class Frames(Protocol):
    """Frames of one size, read one at a time.

    Attributes:
        words: What they are, for reports.
        labelled: Whether `labels` are ids of the network's classes.
    """

    words: str
    labelled: bool

    def __len__(self) -> int: ...

    def image(self, number: int) -> np.ndarray:
        """Returns (H, W, 3) uint8 RGB."""

    def labels(self, number: int) -> np.ndarray:
        """Returns (H, W) uint8 ids, where `labelled`."""


class StoreFrames:
    """Some frames of a split, brought to another size where it differs.

    Args:
        frames: The split.
        size: (H, W).
        class_map: The network's classes.
        most: At most so many frames, spread evenly over all drives.
    """

    def __init__(
        self,
        frames: Split,
        size: tuple[int, int],
        class_map: ClassMap,
        most: int = MOST,
    ) -> None:
        self._frames = frames
        self._size = size
        self._numbers = spread(frames.frame_ids, most)
        self.labelled = frames.store.class_map.names == class_map.names
        self.void = frames.store.class_map.void
        resized = f" resized to {size[0]}x{size[1]}" if size != frames.size else ""
        self.words = (
            f"{len(self._numbers)} of {len(frames)} {frames.name} frames of "
            f"{frames.store.path.name}{resized}"
        )

    def __len__(self) -> int:
        return len(self._numbers)

    def image(self, number: int) -> np.ndarray:
        """Returns (H, W, 3) uint8 RGB."""
        images, _ = self._frames.read([self._numbers[number]])
        return self._sized(images[0], Image.Resampling.BILINEAR)

    def labels(self, number: int) -> np.ndarray:
        """Returns (H, W) uint8 ids."""
        labels = self._frames.read_labels(self._numbers[number])
        return self._sized(labels, Image.Resampling.NEAREST)

    def _sized(self, array: np.ndarray, way: Image.Resampling) -> np.ndarray:
        height, width = self._size
        if array.shape[:2] == self._size:
            return array
        return np.asarray(Image.fromarray(array).resize((width, height), way))


class RenderedFrames:
    """Frames of a drive through a rendered town, without labels.

    Their labels are of another dataset than the network's in most cases.

    Args:
        size: (H, W).
        count: Number of frames.
    """

    labelled = False

    def __init__(self, size: tuple[int, int], count: int = LEAST) -> None:
        from segnet.scenes.drive import Drive
        from segnet.scenes.town.worlds import WORLDS

        world = "0001"
        drive = Drive(world, 0, size)
        numbers = np.linspace(0, WORLDS[world].frames - 1, count).astype(int)
        self._images = [
            np.asarray(picture)
            for number in numbers
            for _, picture, _ in drive.draw(int(number), ("clone",))
        ]
        self.words = f"{count} rendered frames"

    def __len__(self) -> int:
        return len(self._images)

    def image(self, number: int) -> np.ndarray:
        """Returns (H, W, 3) uint8 RGB."""
        return self._images[number]

    def labels(self, number: int) -> np.ndarray:
        """Raises ValueError: They have none."""
        raise ValueError("rendered frames have no labels of the network's classes")


def spread(frame_ids: Sequence[str], most: int) -> list[int]:
    """Returns the places of at most `most` frames, one of each drive at least.

    Where there are more drives than frames wanted, every n-th drive has one.
    """
    drives = list(drives_of(frame_ids).values())
    ordered = [place for drive in drives for place in drive]
    if len(ordered) <= most:
        return sorted(ordered)
    middles = [drive[len(drive) // 2] for drive in drives]
    chosen = dict.fromkeys(_evenly(middles, min(most, len(middles))))
    rest = [place for place in ordered if place not in chosen]
    chosen |= dict.fromkeys(_evenly(rest, most - len(chosen)))
    return sorted(chosen)


def _evenly(values: Sequence[int], count: int) -> list[int]:
    places = np.linspace(0, len(values) - 1, count).round().astype(int)
    return [values[place] for place in places]


def batches(frames: Frames, batch_size: int) -> Iterator[tuple[np.ndarray, range]]:
    """Yields images (B, H, W, 3) and the numbers of their frames.

    The last batch is filled up with its last frame, which has no number again.
    """
    for start in range(0, len(frames), batch_size):
        numbers = range(start, min(start + batch_size, len(frames)))
        images = [frames.image(number) for number in numbers]
        images += images[-1:] * (batch_size - len(images))
        yield np.stack(images), numbers


def check_contrast(frames: Frames, purpose: str) -> None:
    """Refuses frames that show nothing, such as black ones.

    Args:
        frames: Which.
        purpose: The word before "frames" in the message: "calibration".

    Raises:
        ValueError: More than half of them are of one colour.
    """
    deviations = [float(frames.image(n).std()) for n in range(len(frames))]
    median = float(np.median(deviations))
    if median < LEAST_DEVIATION:
        raise ValueError(
            f"the {purpose} frames have no contrast: the standard deviation of their "
            f"pixels is {median:.1f} of 255 in the median of {frames.words}; give a "
            f"store of photographs"
        )


def store_frames(
    stack: ExitStack,
    path: str | Path,
    splits: Sequence[str],
    size: tuple[int, int],
    class_map: ClassMap,
    least: int = 1,
) -> StoreFrames:
    """Returns frames of the first split of a store that has enough of them.

    Args:
        stack: Closes the store.
        path: The store.
        splits: By preference; the others follow.
        size: (H, W).
        class_map: The network's classes.
        least: So many are enough; where no split has them, the largest is taken.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no store, or damaged.
    """
    store = stack.enter_context(open_store(path))
    names = [name for name in (*splits, *store.splits) if name in store.splits]
    largest = max(names, key=lambda name: len(store[name]))
    name = next((name for name in names if len(store[name]) >= least), largest)
    return StoreFrames(store[name], size, class_map)
