"""One flat array that holds every texture with its smaller copies."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

LEVELS = 10
SIDE = 1 << (LEVELS - 1)
_OFFSETS = np.cumsum([0] + [(SIDE >> level) ** 2 for level in range(LEVELS)])

TINTED, PLAIN, LEAF = 0, 1, 2
"""Texel codes: tinted by the face, not tinted, or with a direction of its own."""

VEIL = "veil"
"""Texture name of faces that appear in labels but not in pictures."""

NUM_CODES = 32
_MOST = 64


def leaf_directions() -> np.ndarray:
    """Returns (NUM_CODES - LEAF, 3): right, up, towards the viewer for each code."""
    turn = np.arange(6) * np.pi / 3
    rows = []
    for climb in np.deg2rad([-40, -8, 18, 45, 75]):
        up = np.full(6, np.sin(climb))
        flat = np.cos(climb)
        rows.append(np.stack([flat * np.sin(turn), up, flat * np.cos(turn)], 1))
    return np.concatenate(rows).astype(np.float32)


@dataclass
class Atlas:
    """Textures of SIDE x SIDE texels, by name.

    Args:
        names: Name -> number.
        masks: Number -> masks of foliage, each half the size of the one before.
        hulls: The same for labels, where they are wider.
        texels: (_MOST, T, 4) uint8: red, green, blue, code; all levels in a row.
    """

    names: dict[str, int] = field(default_factory=dict)
    masks: dict[int, list] = field(default_factory=dict)
    hulls: dict[int, list] = field(default_factory=dict)
    texels: np.ndarray = field(
        default_factory=lambda: np.empty((_MOST, _OFFSETS[-1], 4), np.uint8)
    )

    def add(self, name: str, rgb: np.ndarray, code: np.ndarray | int = TINTED) -> int:
        """Stores a texture with its smaller copies and returns its number.

        Args:
            name: Its key in `names`.
            rgb: (SIDE, SIDE) or (SIDE, SIDE, 3), 0-255.
            code: (SIDE, SIDE) texel codes, or one for all.
        """
        number = self.names[name] = len(self.names)
        values = np.clip(rgb.reshape(SIDE, SIDE, -1), 0, 255).astype(np.float32)
        code = np.broadcast_to(np.asarray(code, np.uint8), (SIDE, SIDE))
        for start, stop in zip(_OFFSETS[:-1], _OFFSETS[1:], strict=True):
            row = self.texels[number, start:stop]
            row[:, :3] = values.reshape(stop - start, -1)
            row[:, 3] = code.ravel()
            values, code = _halve(values), code[::2, ::2]
        return number

    def packed(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns all texels, (T,) uint32, and each copy's start, (N, LEVELS) int."""
        count = len(self.names)
        starts = np.arange(count)[:, None] * _OFFSETS[-1] + _OFFSETS[:-1]
        return self.texels[:count].view(np.uint32).ravel(), starts


def _halve(rgb: np.ndarray) -> np.ndarray:
    if rgb.shape[0] == 1:
        return rgb
    return (rgb[::2, ::2] + rgb[1::2, ::2] + rgb[::2, 1::2] + rgb[1::2, 1::2]) / 4


def smaller(mask: np.ndarray) -> list[Image.Image]:
    """Returns a square mask and its smaller copies, each half the size."""
    steps = [mask]
    while steps[-1].shape[0] > 16:
        last = steps[-1].astype(np.float32)
        share = last[::2, ::2] + last[1::2, ::2] + last[::2, 1::2] + last[1::2, 1::2]
        steps.append(share >= 2)
    return [Image.fromarray(s) for s in steps]
