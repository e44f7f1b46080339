"""Puts packed frames into a new file and leaves the bad ones out."""

from collections.abc import Iterable, Sequence

import numpy as np

from segnet.data.prepare.packing import Bad
from segnet.data.store.writing import StoreWriter
from segnet.system.text import shown_in_line


class NoneKept(ValueError):
    """All frames of a split are bad; `skipped` has a line for each bad frame."""

    def __init__(self, split: str, skipped: Sequence[str]):
        super().__init__(
            f"all frames of {split} are bad, {len(skipped)} in all, the first is "
            f"{skipped[0]}"
        )
        self.skipped = tuple(skipped)


class Filling:
    """Writes frame after frame into a new file and counts their pixels.

    Args:
        writer: Of the file.
        splits: Names of its splits.
        size: (H, W) of every frame.
        orphans: A line for each file without a partner, which is skipped too.

    Attributes:
        kept: Split -> names of the frames written.
        skipped: A line for each bad frame.
    """

    def __init__(
        self,
        writer: StoreWriter,
        splits: Iterable[str],
        size: tuple[int, int],
        orphans: Iterable[str] = (),
    ):
        self._writer, self._size = writer, size
        self._pixels = np.zeros((), np.int64)  # (K + 1,) after the first frame
        self.kept: dict[str, list[str]] = {name: [] for name in splits}
        self.skipped = [shown_in_line(line) for line in orphans]

    @property
    def counts(self) -> dict[str, int]:
        """Split -> how many frames were written."""
        return {split: len(frame_ids) for split, frame_ids in self.kept.items()}

    def add(
        self, packed: tuple[bytes, bytes, np.ndarray] | Bad, frame_id: str, split: str
    ) -> None:
        """Writes a frame, or notes that it is bad.

        Args:
            packed: What a `FramePacker` made of the frame.
            frame_id: Name of the frame.
            split: Name of its split.
        """
        if isinstance(packed, Bad):
            self.skipped.append(shown_in_line(f"{frame_id}: {packed.reason}"))
            return
        image, labels, pixels = packed
        self._writer.write(split, len(self.kept[split]), image, labels)
        self.kept[split].append(frame_id)
        self._pixels = self._pixels + pixels

    def finish(self) -> None:
        """Cuts the splits to the frames they got and adds the class counts.

        Raises:
            NoneKept: No frame of a split could be packed.
        """
        if self.skipped:
            for split, frame_ids in self.kept.items():
                if not frame_ids:
                    raise NoneKept(split, self.skipped)
                self._writer.shorten(split, frame_ids)
            self._writer.note("skipped", "\n".join(self.skipped))
        height, width = self._size
        frames = sum(self.counts.values())
        self._writer.note("void_share", self._pixels[-1] / (frames * height * width))
        self._writer.note("class_pixels", self._pixels)
