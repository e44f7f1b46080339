"""Videos and cameras, frame by frame, with memory for a few frames only."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from segnet.predict import sources as endings
from segnet.predict.pipeline import Behind, Clock, ahead, with_bar
from segnet.predict.prediction import Prediction, count, shares
from segnet.predict.predictor import Photograph, Predictor
from segnet.predict.sources import CAMERA_KIND, Item
from segnet.predict.video_file import VideoReader, VideoWriter
from segnet.predict.writing import Summary, Wanted, write_shares
from segnet.system.files import replacing

READ_AHEAD = 2
# Pixels of a frame.
LARGE = 4_000_000
NAMED = 3


@dataclass
class VideoRun:
    """A video on its way from file to file.

    Args:
        item: The video or camera.
        predictor: The network.
        wanted: The files to write.
        summary, clock: What is counted.
        say: Called with a line for each thing left out.
    """

    item: Item
    predictor: Predictor
    wanted: Wanted
    summary: Summary
    clock: Clock
    say: Callable[[str], None]
    counts: np.ndarray = field(default_factory=lambda: np.zeros(256, np.int64))

    def see(self, progress: bool) -> None:
        """Reads the video, predicts it and writes the result; reports its faults.

        Raises:
            OSError: An output cannot be written.
        """
        try:
            reader = VideoReader(self.item.path, self.item.kind == CAMERA_KIND)
        except (OSError, ValueError) as error:
            self.summary.left_out += 1
            self.say(f"{error}; left out")
            return
        with reader:
            if reader.has_sound:
                self.say(f"{self.item.path}: its sound is left out")
            bar = {"desc": self.item.path.name, "unit": "frame", "total": reader.total}
            # No thread may still decode when the reader is closed: FFmpeg would break
            # down.
            with closing(self._read(reader)) as frames:
                seen = self._run(reader, with_bar(frames, progress, **bar))
            self.summary.videos += 1
            self.summary.frames += seen
            if self.wanted.shares:
                found = shares(self.counts, self.predictor.class_map)
                write_shares(self.item, reader.size, found, frames=seen)
            self._name_damage(reader)

    def _run(self, reader: VideoReader, frames: Iterator) -> int:
        """Sees and writes all frames; returns their number."""
        size = self.predictor.size_for(reader.size)
        # Frames of a batch wait for each other: large ones are seen one by one.
        few = reader.size[0] * reader.size[1] > LARGE
        batch = 1 if few else self.predictor.batch_for(size)
        with self.clock("building"):
            self.predictor.prepare(size, batch)
        seen = 0
        with ExitStack() as stack:
            output = _Output(self, reader, stack)
            behind = stack.enter_context(Behind(batch))
            group = []
            try:
                for time, photograph in frames:
                    group.append((time, photograph))
                    if len(group) == batch:
                        seen += self._flush(group, output, behind)
                        group = []
            except KeyboardInterrupt:
                # The usual end of a camera; a file would be only half done.
                if self.item.kind != CAMERA_KIND:
                    raise
                group = []
            if group:
                seen += self._flush(group, output, behind)
        return seen

    def _read(
        self, reader: VideoReader
    ) -> Generator[tuple[int, Photograph], None, None]:
        """Yields each frame's time and the photograph of it, read ahead."""

        def timed() -> Iterator:
            frames = iter(reader)
            while True:
                with self.clock("reading"):
                    found = next(frames, None)
                    if found is None:
                        return
                    time, pixels = found
                    resized = self.predictor.resized(Image.fromarray(pixels))
                yield time, Photograph(reader.size, resized, pixels)

        return ahead(timed(), READ_AHEAD)

    def _flush(self, group: list, output: "_Output", behind: Behind) -> int:
        times, photographs = zip(*group, strict=True)
        with self.clock("network"):
            answered = self.predictor.answer(photographs)
        for time, photograph in zip(times, answered, strict=True):
            behind.submit(self._write, output, time, photograph)
        return len(group)

    def _write(self, output: "_Output", time: int, photograph: Photograph) -> None:
        with self.clock("enlarging"):
            prediction = self.predictor.finish(photograph)
        with self.clock("writing"):
            output.add(time, prediction)
            if self.wanted.shares:
                self.counts += count(prediction.ids)

    def _name_damage(self, reader: VideoReader) -> None:
        path, damaged = self.item.path, reader.damaged
        self.summary.left_out += len(damaged) + reader.missing
        for seconds in damaged[:NAMED]:
            self.say(f"{path}: damaged at {seconds:.2f} s, left out")
        if len(damaged) > NAMED:
            self.say(f"{path}: {len(damaged) - NAMED} more frames damaged, left out")
        if reader.missing:
            self.say(f"{path}: cut short, its last {reader.missing} frames are missing")


class _Output:
    """The files of a video, replaced once all frames are in them."""

    def __init__(self, run: VideoRun, reader: VideoReader, stack: ExitStack):
        from segnet.pictures.overlays import legend

        self._class_map = run.predictor.class_map
        self._overlay = run.wanted.overlay
        entries = list(zip(self._class_map.names, self._class_map.colours, strict=True))
        self._legend = legend(entries, reader.size[1])
        height, width = reader.size
        size = height + len(self._legend), max(width, self._legend.shape[1])
        self._video = self._open(run, endings.VIDEO, size, reader, stack)
        self._confidence = None
        if run.predictor.confidence:
            ending = endings.CONFIDENCE_VIDEO
            self._confidence = self._open(run, ending, reader.size, reader, stack)

    @staticmethod
    def _open(run, ending, size, reader, stack) -> VideoWriter:
        part = stack.enter_context(replacing(run.item.output(ending)))
        return stack.enter_context(VideoWriter(part, size, reader.rate))

    def add(self, time: int, prediction: Prediction) -> None:
        """Adds a frame to each file."""
        from segnet.pictures.overlays import overlay, with_legend

        if self._overlay:
            shown = overlay(prediction.photograph, prediction.ids, self._class_map)
        else:
            shown = self._class_map.colourise(prediction.ids)
        self._video.add(time, with_legend(shown, self._legend))
        if self._confidence is not None and prediction.confidence is not None:
            grey = np.repeat(prediction.confidence[..., None], 3, -1)
            self._confidence.add(time, grey)
