"""The frames by which the ranges of an int8 file's values are found."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet.export.frames import Frames

# 8-bit products of two such numbers cannot overflow on these.
SAFE_FLAGS = {"avx_vnni", "avx512_vnni", "asimddp"}


@dataclass(frozen=True)
class Calibration:
    """Frames and how to quantise.

    Args:
        frames: Some frames of all drives.
        batch_size: B of the file.
        reduce_range: Whether weights get 7 bits in place of 8, in ONNX files. On x86
            processors without VNNI a sum of two 8-bit products may saturate, so that
            8-bit weights lose accuracy.
    """

    frames: Frames
    batch_size: int
    reduce_range: bool

    def images(self) -> Iterator[np.ndarray]:
        """Yields (B, H, W, 3) uint8; a frame fills a whole batch."""
        for number in range(len(self.frames)):
            yield np.repeat(self.frames.image(number)[None], self.batch_size, axis=0)


def saturates(cpuinfo: str | Path = "/proc/cpuinfo") -> bool:
    """Returns whether this processor may saturate sums of 8-bit products.

    Where the file cannot be read, as on another system than Linux, it may.
    """
    try:
        words = set(Path(cpuinfo).read_text(encoding="utf-8").split())
    except OSError:
        return True
    return not words & SAFE_FLAGS
