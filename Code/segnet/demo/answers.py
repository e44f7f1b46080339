"""What the page shows of a photograph: pictures, a legend with shares, times."""

import html
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.classes import ClassMap
from segnet.classes.colours import Colour
from segnet.demo.networks import Networks
from segnet.pictures.overlays import overlay
from segnet.predict.prediction import count, shares
from segnet.system.text import shown_in_line

# Larger pictures take time on their way to the browser and show nothing more there.
MOST_SIDE = 1280
# Name, colour, share and mean confidence of a class.
Row = tuple[str, Colour, float, float | None]
# Gradio has rules of its own for the cells of tables.
LEFT = 'style="text-align: left"'
VIEWS = ("Overlay", "Classes", "Confidence", "Picture")


@dataclass(frozen=True)
class Seen:
    """A photograph as a network saw it, small enough to keep.

    Args:
        picture: (h, w, 3) uint8, sides up to 1280.
        ids: (h, w) uint8.
        confidence: (h, w) uint8, 255 for certain.
        class_map: Names and colours of the ids.
        rows: (name, colour, share, mean confidence or None) of each class, 0 to 1.
        words: Size and times, in one sentence.
    """

    picture: np.ndarray
    ids: np.ndarray
    confidence: np.ndarray
    class_map: ClassMap
    rows: tuple[Row, ...]
    words: str

    def view(self, name: str, strength: float) -> np.ndarray:
        """Returns the picture of a view, (h, w, 3) uint8.

        Args:
            name: One of `VIEWS`.
            strength: Of the colours in the overlay, 0 to 1.

        Raises:
            ValueError: There is no such view.
        """
        if name not in VIEWS:
            raise ValueError(f"no view {name!r}; choose one of {', '.join(VIEWS)}")
        if name == "Confidence":
            return np.repeat(self.confidence[..., None], 3, -1)
        share = {"Overlay": min(1.0, max(0.0, strength)), "Classes": 1.0}.get(name, 0.0)
        return overlay(self.picture, self.ids, self.class_map, share)

    def legend(self) -> str:
        """Returns a table of the classes as HTML."""
        lines = []
        for name, colour, share, sure in self.rows:
            square = f'<i style="background: rgb{colour}"></i>'
            absent = "" if share else ' class="absent"'
            confidence = "" if sure is None else percent(sure)
            lines.append(
                f'<tr{absent} style="--part: {100 * share:.2f}%">'
                f'<th scope="row" {LEFT}>{square}{html.escape(name)}</th>'
                f"<td>{percent(share)}</td><td>{confidence}</td></tr>"
            )
        return (
            f'<table class="classes"><thead><tr><th scope="col" {LEFT}>Class</th>'
            '<th scope="col">Share</th><th scope="col">Confidence</th></tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table>"
        )


def percent(share: float) -> str:
    """Returns a share from 0 to 1 in percent."""
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def look(
    networks: Networks,
    path: str | Path,
    name: str,
    runtime: str,
    say: Callable[[str], object] = lambda _: None,
) -> Seen:
    """Returns what a network sees in a photograph.

    Args:
        networks: Of the page.
        path: The photograph.
        name: Of the network.
        runtime: In which it runs.
        say: Called with a few words before a step that takes seconds.

    Raises:
        ValueError: The file is no picture, damaged or too large, or the network cannot
            be opened.
        OSError: A file cannot be read.
    """
    predictor = networks.open(name, runtime, say)
    photograph = predictor.load(path)
    say("looking")
    # The first image of a size is compiled for; that is no latency.
    predictor.prepare(photograph.network_size, 1)
    begun = time.perf_counter()
    (answered,) = predictor.answer([photograph])
    network = time.perf_counter() - begun
    seen = predictor.finish(answered)
    whole = time.perf_counter() - begun
    ids, confidence = seen.ids, seen.confidence
    if confidence is None:
        raise ValueError(f"{name} gives no confidence")
    height, width = ids.shape
    rows, columns = photograph.network_size
    small = _shrunk(ids)
    return Seen(
        np.asarray(Image.fromarray(seen.photograph).resize(small.shape[::-1])),
        small,
        _shrunk(confidence),
        seen.class_map,
        tuple(_rows(ids, confidence, seen.class_map)),
        f"{shown_in_line(Path(path).name)}, {width}x{height}, seen by "
        f"{shown_in_line(name)} in {runtime} at {columns}x{rows}: {1000 * network:.0f} "
        f"ms for the network, {1000 * whole:.0f} ms with its answer enlarged",
    )


def _shrunk(values: np.ndarray) -> np.ndarray:
    """Returns (H, W) values with sides up to `MOST_SIDE`: the nearest ones."""
    height, width = values.shape
    shrunk = min(1.0, MOST_SIDE / max(height, width))
    size = max(1, round(width * shrunk)), max(1, round(height * shrunk))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.NEAREST))


def _rows(
    ids: np.ndarray, confidence: np.ndarray, class_map: ClassMap
) -> Iterator[Row]:
    """Yields name, colour, share and mean confidence of each class."""
    # A weighted bincount would make 16 bytes of each pixel.
    sums, found = np.zeros(256), count(ids)
    for start in range(0, len(ids), 256):
        part = slice(start, start + 256)
        sums += np.bincount(ids[part].ravel(), confidence[part].ravel(), 256)
    colours = dict(zip(class_map.names, class_map.colours, strict=True))
    numbers = dict(zip(class_map.names, range(class_map.num_classes), strict=True))
    for name, share in shares(found, class_map).items():
        value = numbers.get(name, class_map.void)
        sure = sums[value] / found[value] / 255 if share else None
        yield name, colours.get(name, (0, 0, 0)), share, sure
