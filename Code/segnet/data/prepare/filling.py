"""Putting packed frames into a new file, the bad ones left out."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from segnet.data.prepare.packing import Bad
from segnet.data.source import Frame
from segnet.data.store.writing import StoreWriter


class NoneKept(ValueError):
    """All frames of a split are bad; `skipped` has a line for each bad frame."""

    def __init__(self, split: str, skipped: Sequence[str]):
        super().__init__(
            f"all frames of {split} are bad, {len(skipped)} in all, the first is "
            f"{skipped[0]}"
        )
        self.skipped = tuple(skipped)


def fill(
    writer: StoreWriter,
    packed: Iterable[tuple[bytes, bytes, np.ndarray] | Bad],
    placed: Sequence[tuple[Frame, str]],
    size: tuple[int, int],
) -> Iterator[None]:
    """Writes frame after frame and yields after each.

    Args:
        writer: Of a new file.
        packed: What a `FramePacker` made of each frame.
        placed: The frames, each with the name of its split.
        size: (H, W) of every frame.

    Raises:
        NoneKept: No frame of a split could be packed.
    """
    kept, skipped, total = {name: [] for _, name in placed}, [], 0
    for result, (frame, name) in zip(packed, placed, strict=True):
        if isinstance(result, Bad):
            skipped.append(f"{frame.id}: {result.reason}".replace("\n", " "))
        else:
            image, labels, pixels = result
            writer.write(name, len(kept[name]), image, labels)
            kept[name].append(frame.id)
            total = total + pixels
        yield
    if skipped:
        _shorten(writer, kept, skipped)
    height, width = size
    frames = sum(map(len, kept.values()))
    writer.note("void_share", total[-1] / (frames * height * width))
    writer.note("class_pixels", total)


def _shorten(writer: StoreWriter, kept: dict[str, list[str]], skipped: list) -> None:
    for name, frame_ids in kept.items():
        if not frame_ids:
            raise NoneKept(name, skipped)
        writer.shorten(name, frame_ids)
    writer.note("skipped", "\n".join(skipped))
