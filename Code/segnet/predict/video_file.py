"""Reading and writing video files, and reading cameras, by PyAV (FFmpeg).

Times are kept in 1/90000 s, which holds the usual frame rates exactly.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np

TICKS = 90_000
# A frame, its overlay and what the encoder keeps take about 100 bytes a pixel.
MOST_PIXELS = 16_000_000
LOWEST_RATE, HIGHEST_RATE, USUAL_RATE = 1, 240, Fraction(25)
# A longer pause is no pause but a damaged time.
LONGEST_PAUSE = 3600 * TICKS
# Below this share of the frames that the file claims, it was cut short; above, an
# editor may have hidden some.
COMPLETE = 0.95
BT709 = 1
# Files a tenth larger than by "superfast", in half the time.
ENCODER = {"preset": "ultrafast", "crf": "23"}


def import_av():
    """Returns PyAV.

    Raises:
        ValueError: It is not installed.
    """
    try:
        import av
    except ImportError:
        raise ValueError(
            "videos need the optional package PyAV; in a clone of segnet: "
            "pip install -e '.[video]'"
        ) from None
    return av


class VideoReader:
    """The frames of a video file or a camera, upright, with their times.

    Use it in a `with` block.

    Args:
        path: The file; of a camera, its number.
        camera: Whether it is one.

    Attributes:
        size: (H, W) of each frame.
        rate: Frames a second.
        total: How many frames the file claims to have, None where it does not.
        has_sound: Whether the video has an audio stream.
        damaged: Times in seconds at which something could not be decoded.

    Raises:
        FileNotFoundError: There is no such camera.
        ValueError: No frame can be read, or frames are too large.
    """

    def __init__(self, path: Path, camera: bool = False):
        self._av = import_av()
        self.path, self.damaged, self._taken = path, [], 0
        file, kind = _camera(path) if camera else (str(path), None)
        try:
            self._container = self._av.open(file, format=kind)
        except (self._av.FFmpegError, ValueError) as error:
            if camera:
                raise FileNotFoundError(f"camera {path}: {error}") from error
            raise ValueError(f"{path}: cannot read this video: {error}") from error
        try:
            self._start()
        except BaseException:
            self._container.close()
            raise

    def _start(self) -> None:
        streams = self._container.streams
        if not streams.video:
            raise ValueError(f"{self.path}: no video, there are no pictures in it")
        self._stream = streams.video[0]
        self.has_sound = bool(streams.audio)
        decoder = self._stream.codec_context
        if decoder is None:
            raise ValueError(f"{self.path}: a video in a format that is not known")
        self._check_size(decoder.height, decoder.width)
        # Without it, pictures with holes are filled in silence.
        decoder.options = {"err_detect": "explode", "max_pixels": str(MOST_PIXELS)}
        self.rate = _sane_rate(self._stream)
        self.total = self._stream.frames or _frames_in(self._stream, self.rate)
        self._decoded = self._decode()
        self._first = next(self._decoded, None)
        if self._first is None:
            raise ValueError(f"{self.path}: cannot read a single frame of this video")
        self._shape = self._first.height, self._first.width
        self.size = _pixels(self._first, self._shape).shape[:2]
        self._origin = self._first.pts

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(self, *_) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yields (time, frame): 1/90000 s from the first on, (H, W, 3) uint8 RGB."""
        step = round(TICKS / self.rate)
        last = -step
        frame = self._first
        while frame is not None:
            self._taken += 1
            time = self._ticks(frame)
            if time is None or not last < time <= last + LONGEST_PAUSE:
                time = last + step
            last = time
            yield time, _pixels(frame, self._shape)
            frame = next(self._decoded, None)

    @property
    def missing(self) -> int:
        """Number of frames missing at the end, known once all were read."""
        read = self._taken + len(self.damaged)
        claimed = self._stream.frames
        return claimed - read if read < COMPLETE * claimed else 0

    def _ticks(self, frame) -> int | None:
        if frame.pts is None or self._origin is None or frame.time_base is None:
            return None
        return round((frame.pts - self._origin) * frame.time_base * TICKS)

    def _decode(self) -> Iterator:
        """Yields frames; records damaged packets and continues after them."""
        packets = self._container.demux(self._stream)
        while True:
            packet = None
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                frames = packet.decode()
            except (self._av.FFmpegError, ValueError, MemoryError):
                if packet is None:
                    # The container itself is damaged; nothing behind it can be found.
                    self.damaged.append(self._seconds(None))
                    return
                self.damaged.append(self._seconds(packet))
                continue
            for frame in frames:
                if frame.is_corrupt or frame.width * frame.height > MOST_PIXELS:
                    self.damaged.append(self._seconds(frame))
                else:
                    yield frame

    def _seconds(self, part) -> float:
        """Returns the time of a packet or frame, if known."""
        if part is None or part.pts is None or part.time_base is None:
            return self._taken / float(self.rate)
        return float((part.pts - (self._stream.start_time or 0)) * part.time_base)

    def _check_size(self, height: int, width: int) -> None:
        if height * width > MOST_PIXELS:
            raise ValueError(
                f"{self.path}: frames of {height}x{width}, more than "
                f"{MOST_PIXELS // 10**6} megapixels; make it smaller first"
            )


class VideoWriter:
    """An H.264 video in an MP4 file. Use it in a `with` block.

    Args:
        path: The file.
        size: (H, W) of the frames; odd sides get one more pixel, repeated.
        rate: Frames a second, for the players' information.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction):
        self._av = import_av()
        self._container = self._av.open(str(path), "w", format="mp4")
        stream = self._container.add_stream("libx264", rate=rate, options=ENCODER)
        self._pad = size[0] % 2, size[1] % 2
        stream.height, stream.width = (
            side + odd for side, odd in zip(size, self._pad, strict=True)
        )
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS)
        encoder = stream.codec_context
        encoder.colorspace = encoder.color_primaries = encoder.color_trc = BT709
        encoder.color_range = 1
        self._stream, self._step = stream, round(TICKS / rate)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, kind, *_) -> None:
        with self._plain_errors():
            try:
                if kind is None:
                    self._container.mux(self._stream.encode())
            finally:
                self._container.close()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Raises PyAV's errors as OSError: its own cannot be given a file name."""
        try:
            yield
        except self._av.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error

    def add(self, time: int, picture: np.ndarray) -> None:
        """Adds a frame.

        Args:
            time: When it is shown, in 1/90000 s, after the frame before.
            picture: (H, W, 3) uint8 RGB.
        """
        if any(self._pad):
            picture = np.pad(
                picture, (*((0, odd) for odd in self._pad), (0, 0)), "edge"
            )
        frame = self._av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=BT709)
        frame.pts, frame.time_base = time, Fraction(1, TICKS)
        frame.duration = self._step
        with self._plain_errors():
            self._container.mux(self._stream.encode(frame))


def _camera(number: Path) -> tuple[str, str]:
    """File and format by which FFmpeg knows a camera."""
    if sys.platform == "linux":
        return f"/dev/video{number}", "v4l2"
    if sys.platform == "darwin":
        return str(number), "avfoundation"
    raise ValueError(f"camera {number}: cameras are read on Linux and macOS only")


def _pixels(frame, shape: tuple[int, int]) -> np.ndarray:
    """Returns (H, W, 3) uint8 of a frame of stored `shape`, turned upright."""
    height, width = shape
    pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _sane_rate(stream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and LOWEST_RATE <= rate <= HIGHEST_RATE:
            return Fraction(rate).limit_denominator(1001)
    return USUAL_RATE


def _frames_in(stream, rate: Fraction) -> int | None:
    if not stream.duration or stream.time_base is None:
        return None
    return max(1, round(stream.duration * stream.time_base * rate))
