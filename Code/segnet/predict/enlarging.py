"""From a network's answer to classes and confidence at a photograph's own size.

Logits are enlarged (bilinear, half-pixel centres as in Keras) before the largest is
taken: enlarged ids would have steps where the logits have slanted borders. Nothing of
the size K x H x W is ever made: rows are done in bands.
"""

from dataclasses import dataclass

import numpy as np

# Floats of logits at a time: 8 MB, as fast as smaller bands that fit a cache.
BAND_FLOATS = 2 << 20


@dataclass(frozen=True)
class Answer:
    """The output of a network for each pixel of a batch.

    Args:
        logits: (B, h, w, K) float32, or None where the network gives ids itself.
        ids: (B, h, w) uint8 then.
        confidence: (B, h, w) uint8 then, 255 for certain.
    """

    logits: np.ndarray | None = None
    ids: np.ndarray | None = None
    confidence: np.ndarray | None = None

    def frame(self, number: int) -> "Answer":
        """Returns the answer for one image of the batch, without its first axis."""
        fields = (self.logits, self.ids, self.confidence)
        return Answer(*(None if f is None else f[number] for f in fields))

    @property
    def size(self) -> tuple[int, int]:
        """The last answer's (h, w)."""
        return (self.ids if self.logits is None else self.logits[..., 0]).shape[-2:]


@dataclass(frozen=True)
class Axis:
    """The two neighbours of each new position along one axis.

    Args:
        low: (N,) index of the value before.
        high: (N,) index of the value after; the same at the ends.
        share: (N,) float32, how much of the value after.
    """

    low: np.ndarray
    high: np.ndarray
    share: np.ndarray

    def part(self, start: int, stop: int) -> "Axis":
        """Returns positions `start` to `stop` only."""
        chosen = slice(start, stop)
        return Axis(self.low[chosen], self.high[chosen], self.share[chosen])

    @property
    def nearest(self) -> np.ndarray:
        """(N,) index of the nearer value."""
        return np.where(self.share < 0.5, self.low, self.high)


def axis(count: int, centres: np.ndarray) -> Axis:
    """Returns the axis of new positions among `count` values.

    Args:
        count: Number of values.
        centres: (N,) float positions: value i reaches from i to i + 1. Outside of all
            values the outermost counts.
    """
    places = np.clip(centres - 0.5, 0, count - 1)
    low = np.floor(places).astype(np.intp)
    return Axis(low, np.minimum(low + 1, count - 1), np.float32(places - low))


def whole_axis(count: int, new: int) -> Axis:
    """Returns the axis that makes `new` positions of `count` values."""
    return axis(count, (np.arange(new) + 0.5) * (count / new))


def enlarge(
    answer: Answer, rows: Axis, columns: Axis, confidence: bool = True
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns classes and confidence at new positions.

    Args:
        answer: Of one image.
        rows: H positions among its rows.
        columns: W positions among its columns.
        confidence: Whether that is wanted; it takes longer than the ids.

    Returns:
        ids: (H, W) uint8.
        confidence: (H, W) uint8, the largest softmax probability times 255, or None.
    """
    if answer.logits is None:
        return _enlarge_ids(answer, rows, columns, confidence)
    ids = _largest(answer.logits, rows, columns)
    return ids, _probability(answer.logits, rows, columns) if confidence else None


def _enlarge_ids(answer: Answer, rows: Axis, columns: Axis, confidence: bool):
    """Without logits: the nearest id, and the confidence bilinear."""
    ids = answer.ids[rows.nearest[:, None], columns.nearest]
    if not confidence or answer.confidence is None:
        return ids, None
    found = np.empty(ids.shape, np.uint8)
    plane = answer.confidence[None].astype(np.float32)
    for start, stop in _bands(rows, columns, 1):
        values = _interpolate(plane, rows.part(start, stop), columns)[0]
        found[start:stop] = np.rint(values)
    return ids, found


def _largest(logits: np.ndarray, rows: Axis, columns: Axis) -> np.ndarray:
    """Returns (H, W) uint8: the class with the largest interpolated logit.

    Where the four logits around a position have one winner, it wins between them as
    well, since all classes are mixed alike; only the others are interpolated.
    """
    winners = logits.argmax(-1).astype(np.uint8)  # (h, w)
    if not rows.share.any() and not columns.share.any():
        return winners[rows.low[:, None], columns.low]
    below = np.minimum(np.arange(1, len(winners) + 1), len(winners) - 1)
    right = np.minimum(np.arange(1, winners.shape[1] + 1), winners.shape[1] - 1)
    agreed = winners == winners[below]
    agreed &= agreed[:, right] & (winners == winners[:, right])
    ids = winners[rows.low].take(columns.low, 1)  # (H, W)
    open_cells = ~agreed
    step = max(1, BAND_FLOATS // (8 * len(columns.low)))
    for start in range(0, len(ids), step):
        lines = rows.low[start : start + step]
        r, c = np.nonzero(open_cells[lines].take(columns.low, 1))
        ids[start + r, c] = _winners_at(logits, rows, columns, start + r, c)
    return ids


def _winners_at(logits, rows: Axis, columns: Axis, r, c) -> np.ndarray:
    """Returns the winners at N positions (r, c), in parts that bound the memory."""
    width, classes = logits.shape[1:]
    flat = logits.reshape(-1, classes)
    found = np.empty(len(r), np.uint8)
    step = max(1, BAND_FLOATS // (8 * classes))
    for start in range(0, len(r), step):
        here_r, here_c = r[start : start + step], c[start : start + step]
        upper, lower = rows.low[here_r] * width, rows.high[here_r] * width
        left, right = columns.low[here_c], columns.high[here_c]
        across = columns.share[here_c][:, None]
        down = rows.share[here_r][:, None]
        top = _mix(flat[upper + left], flat[upper + right], across)
        bottom = _mix(flat[lower + left], flat[lower + right], across)
        found[start : start + step] = _mix(top, bottom, down).argmax(-1)
    return found


def _probability(logits: np.ndarray, rows: Axis, columns: Axis) -> np.ndarray:
    """Returns (H, W) uint8: the largest softmax probability times 255."""
    planes = np.ascontiguousarray(np.moveaxis(logits, -1, 0))  # (K, h, w)
    found = np.empty((len(rows.low), len(columns.low)), np.uint8)
    for start, stop in _bands(rows, columns, len(planes)):
        band = _interpolate(planes, rows.part(start, stop), columns)
        band -= band.max(0)
        np.exp(band, out=band)
        found[start:stop] = np.rint(255 / band.sum(0))
    return found


def _bands(rows: Axis, columns: Axis, planes: int):
    """Starts and stops of rows that take little memory together."""
    step = max(1, BAND_FLOATS // (planes * len(columns.low)))
    total = len(rows.low)
    return [(start, min(start + step, total)) for start in range(0, total, step)]


def _interpolate(planes: np.ndarray, rows: Axis, columns: Axis) -> np.ndarray:
    """Returns (K, H, W) of (K, h, w)."""
    down = rows.share[:, None]
    lines = _mix(planes[:, rows.low], planes[:, rows.high], down)  # (K, H, w)
    low, high = lines.take(columns.low, 2), lines.take(columns.high, 2)
    return _mix(low, high, columns.share)


def _mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """first + share * (second - first), in place of `second`."""
    second -= first
    second *= share
    second += first
    return second
