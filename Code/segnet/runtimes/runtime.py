"""The interface of all runtimes."""

from pathlib import Path
from typing import Protocol

import numpy as np

from segnet.runtimes.facts import FileFacts


class Runtime(Protocol):
    """An exported file, opened in its runtime.

    Attributes:
        path: The file or folder.
        name: Runtime and version, for tables: "onnxruntime 1.32.0".
        facts: What the file says about itself; None for a file that segnet did not
            write.
        shape: (B, H, W) of the images it takes.
    """

    path: Path
    name: str
    facts: FileFacts | None
    shape: tuple[int, int, int]

    def run(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the outputs for (B, H, W, 3) uint8 RGB images.

        Returns:
            `classes` (B, H, W) uint8 and `confidence` (B, H, W) uint8, 255 for
            certain; or `logits` (B, H, W, K) float32.

        Raises:
            ValueError: The images have another shape, or an id is no class.
        """
