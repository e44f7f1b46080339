"""Images on their way from file to file, with memory for a few only."""

from collections.abc import Callable
from dataclasses import dataclass, field

from segnet.predict.pipeline import Behind, Clock, ahead, with_bar
from segnet.predict.predictor import Photograph, Predictor
from segnet.predict.sources import Item
from segnet.predict.writing import Summary, Wanted, write_prediction

READ_AHEAD = WRITE_BEHIND = 2
# Pixels of photographs that wait until a batch of their size is full.
MOST_WAITING = 40_000_000


@dataclass
class ImageRun:
    """Images grouped by the size at which the network sees them.

    Args:
        predictor: The network.
        wanted: The files to write.
        summary, clock: What is counted.
        say: Called with a line for each image left out.
    """

    predictor: Predictor
    wanted: Wanted
    summary: Summary
    clock: Clock
    say: Callable[[str], None]
    waiting: dict[tuple[int, int], list] = field(default_factory=dict)

    def see(self, items: list[Item], progress: bool) -> None:
        """Reads, sees and writes all images."""
        bar = {"desc": "images", "unit": "image", "total": len(items)}
        found = ahead(map(self._read, items), READ_AHEAD)
        with Behind(WRITE_BEHIND) as behind:
            for item, photograph in with_bar(found, progress, **bar):
                if isinstance(photograph, Photograph):
                    self._take(item, photograph, behind)
                else:
                    self.summary.left_out += 1
                    self.say(f"{photograph}; left out")
            for size in list(self.waiting):
                self._flush(size, behind)

    def _read(self, item: Item) -> tuple[Item, Photograph | str]:
        """Returns the photograph, or the error as text."""
        with self.clock("reading"):
            try:
                return item, self.predictor.load(item.path)
            except (OSError, ValueError) as error:
                return item, str(error)
            except MemoryError:
                return item, f"{item.path}: memory is not enough for it"

    def _take(self, item: Item, photograph: Photograph, behind: Behind) -> None:
        """Adds an image to those of its size; sees them once they fill a batch."""
        size = photograph.network_size
        group = self.waiting.setdefault(size, [])
        group.append((item, photograph))
        if len(group) == self.predictor.batch_for(size):
            self._flush(size, behind)
        while self._pixels(*self.waiting) > MOST_WAITING:
            self._flush(max(self.waiting, key=self._pixels), behind)

    def _pixels(self, *sizes: tuple[int, int]) -> int:
        groups = (self.waiting[size] for size in sizes)
        return sum(one.picture.size // 3 for group in groups for _, one in group)

    def _flush(self, size: tuple[int, int], behind: Behind) -> None:
        items, photographs = zip(*self.waiting.pop(size), strict=True)
        with self.clock("building"):
            self.predictor.prepare(size, len(photographs))
        with self.clock("network"):
            answered = self.predictor.answer(photographs)
        for item, photograph in zip(items, answered, strict=True):
            behind.submit(self._write, item, photograph)
        self.summary.images += len(items)

    def _write(self, item: Item, seen: Photograph) -> None:
        with self.clock("enlarging"):
            prediction = self.predictor.finish(seen)
        with self.clock("writing"):
            write_prediction(item, prediction, self.wanted)
