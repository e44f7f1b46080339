"""The prediction of a network for one photograph, and its pictures."""

import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from segnet.classes import ClassMap
from segnet.data.images import shrink_labels

# An overlay is to look at; larger ones take memory and show nothing more.
MOST_SIDE = 4096
# Small, since a notebook keeps its pictures as text.
NOTEBOOK_SIDE = 720


@dataclass(frozen=True)
class Prediction:
    """The classes of a photograph's pixels.

    Args:
        ids: (H, W) uint8 class ids, at the photograph's own size.
        confidence: (H, W) uint8, the largest softmax probability times 255; None where
            it was not asked for.
        class_map: Names and colours of the ids.
        photograph: (h, w, 3) uint8, the photograph for overlays, with sides up to 4096.
    """

    ids: np.ndarray
    confidence: np.ndarray | None
    class_map: ClassMap
    photograph: np.ndarray = field(repr=False)

    def image(self) -> Image.Image:
        """Returns the ids as a palette image with the colours of the class map."""
        image = Image.fromarray(self.ids, "P")
        image.putpalette(palette(self.class_map))
        return image

    def overlay(self, share: float = 0.5, legend: bool = True) -> Image.Image:
        """Returns the photograph with the class colours laid over it.

        Args:
            share: 0 for the photograph alone, 1 for the colours alone.
            legend: Whether names and shares of the classes stand below.
        """
        from segnet.pictures.overlays import legend as strip
        from segnet.pictures.overlays import overlay, with_legend

        mixed = overlay(self.photograph, self._small_ids(), self.class_map, share)
        if legend:
            mixed = with_legend(mixed, strip(self._entries(), mixed.shape[1]))
        return Image.fromarray(mixed)

    def shares(self) -> dict[str, float]:
        """Returns each class's share of the pixels, 0 to 1; "void" where it occurs."""
        return shares(count(self.ids), self.class_map)

    def __repr__(self) -> str:
        height, width = self.ids.shape
        found = sorted(self.shares().items(), key=lambda item: -item[1])
        shown = ", ".join(f"{name} {100 * share:.0f} %" for name, share in found[:3])
        return f"Prediction of {height}x{width} pixels: {shown}"

    def _repr_png_(self) -> bytes:
        picture = self.overlay()
        picture.thumbnail((NOTEBOOK_SIDE, NOTEBOOK_SIDE))
        file = io.BytesIO()
        picture.quantize().save(file, "PNG", optimize=True)
        return file.getvalue()

    def _small_ids(self) -> np.ndarray:
        """Returns the ids at the size of `photograph`: the nearest ones."""
        size = self.photograph.shape[:2]
        return self.ids if self.ids.shape == size else shrink_labels(self.ids, size)

    def _entries(self) -> list:
        colours = dict(zip(self.class_map.names, self.class_map.colours, strict=True))
        return [
            (f"{name} {100 * share:.0f} %", colours.get(name, (0, 0, 0)))
            for name, share in self.shares().items()
            if share >= 0.005
        ]


def palette(class_map: ClassMap) -> bytes:
    """Returns the 256 colours of an indexed image: black where no class is."""
    colours = np.zeros((256, 3), np.uint8)
    colours[: class_map.num_classes] = class_map.colours
    return colours.tobytes()


def count(ids: np.ndarray) -> np.ndarray:
    """Returns how often each value from 0 to 255 occurs in (H, W) uint8 ids."""
    # np.bincount would make 8 bytes of each.
    return np.array(Image.fromarray(ids).histogram())


def shares(counts: np.ndarray, class_map: ClassMap) -> dict[str, float]:
    """Returns each class's share, 0 to 1, of (256,) pixel counts, and void's if any."""
    total = int(counts.sum())
    found = {
        name: int(counts[index]) / total for index, name in enumerate(class_map.names)
    }
    void = int(counts[class_map.void])
    return found | ({"void": void / total} if void else {})


def small_copy(photograph: Image.Image) -> np.ndarray:
    """Returns a photograph for overlays, (h, w, 3) uint8 with sides up to 4096."""
    shrunk = MOST_SIDE / max(photograph.size)
    if shrunk < 1:
        size = tuple(max(1, round(side * shrunk)) for side in photograph.size)
        photograph = photograph.resize(size, Image.Resampling.BILINEAR, reducing_gap=2)
    return np.asarray(photograph)
