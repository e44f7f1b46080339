"""`segnet predict` on videos and cameras: times, damage, memory."""

import errno
import json
import sys
from fractions import Fraction

import numpy as np
import pytest

from helpers.colour_network import (
    BLUE,
    CLASSES,
    COLOURS,
    GREEN,
    RED,
    ColourEngine,
    picture,
    predict_all,
)
from segnet.predict import video_file
from segnet.predict.video_file import TICKS, VideoReader, VideoWriter
from segnet.predict.writing import Wanted

av = pytest.importorskip("av", reason="videos need PyAV: pip install -e '.[video]'")


def frames(count, size=(64, 96)):
    """Yields frames whose left half is red and whose right half changes class."""
    for number in range(count):
        ids = np.full(size, RED)
        ids[:, size[1] // 2 :] = (GREEN, BLUE)[number % 2]
        yield picture(ids)


def write(path, count=12, rate=Fraction(12), size=(64, 96), times=None):
    with VideoWriter(path, size, rate) as writer:
        for number, frame in enumerate(frames(count, size)):
            step = TICKS / rate * number
            writer.add(round(step) if times is None else times[number], frame)
    return path


def read(path):
    with VideoReader(path) as reader:
        return reader, list(reader)


def test_a_video_comes_back_with_its_rate_and_length(tmp_path):
    rate = Fraction(30_000, 1001)
    write(tmp_path / "a.mp4", 13, rate)
    engine = ColourEngine()
    summary, said = predict_all([tmp_path / "a.mp4"], tmp_path / "out", engine=engine)
    assert said == [] and (summary.videos, summary.frames) == (1, 13)
    reader, seen = read(tmp_path / "out" / "a.mp4")
    assert reader.rate == rate
    assert [time for time, _ in seen] == [3003 * n for n in range(13)]
    # Frames are seen in batches of four, the rest of one in a batch filled up.
    assert engine.asked == [(4, 64, 96, 3)] * 4
    for number, (_, frame) in enumerate(seen):
        for column, cls in ((24, RED), (72, (GREEN, BLUE)[number % 2])):
            mixed = (COLOURS[cls].astype(int) + CLASSES.colours[cls]) / 2
            assert np.abs(frame[32, column] - mixed).max() <= 6, number
    assert frame.shape[1] == 320 and frame.shape[0] > 64  # with the legend
    found = json.loads((tmp_path / "out" / "a.json").read_text())
    assert found["frames"] == 13 and found["size"] == [64, 96]
    assert found["shares"]["red"] == 0.5
    assert abs(found["shares"]["green"] - 7 / 26) < 1e-6
    _, sure = read(tmp_path / "out" / "a.confidence.mp4")
    assert len(sure) == 13 and sure[0][1].shape == (64, 96, 3)


def test_without_an_overlay_a_video_shows_the_colours_alone(tmp_path):
    write(tmp_path / "a.mp4", 2)
    predict_all([tmp_path / "a.mp4"], tmp_path / "out", Wanted(overlay=False))
    _, seen = read(tmp_path / "out" / "a.mp4")
    assert np.abs(seen[0][1][32, 24].astype(int) - CLASSES.colours[RED]).max() <= 6


def test_uneven_times_are_kept(tmp_path):
    times = [0, 3000, 9000, 90_000, 91_000]
    write(tmp_path / "a.mp4", 5, times=times)
    predict_all([tmp_path / "a.mp4"], tmp_path / "out")
    _, seen = read(tmp_path / "out" / "a.mp4")
    assert [time for time, _ in seen] == times


def test_odd_sides_get_one_more_pixel(tmp_path):
    write(tmp_path / "a.mp4", 2, size=(65, 321))
    reader, _ = read(tmp_path / "a.mp4")
    assert reader.size == (66, 322)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_videos_of_a_turned_camera_are_seen_upright(turn, tmp_path):
    """A player shows the upper left corner of the upright picture in red."""
    upright = np.full((64, 96), BLUE)
    upright[:16, :16] = RED
    stored = np.ascontiguousarray(np.rot90(picture(upright), -turn // 90))
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width = stored.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(turn)
        frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    reader, ((_, frame),) = read(tmp_path / "a.mp4")
    assert reader.size == (64, 96)
    assert frame[4, 4].argmax() == RED and frame[60, 90].argmax() == BLUE


def damage(path, first=0.3, share=0.02):
    """Overwrites some bytes in the middle of the pictures."""
    content = bytearray(path.read_bytes())
    begin = content.index(b"mdat") + 4
    end = content.index(b"moov")
    start = begin + int(first * (end - begin))
    length = max(8, int(share * (end - begin)))
    content[start : start + length] = b"\xa5" * length
    path.write_bytes(content)


def noisy(path, count=40):
    rng = np.random.default_rng(0)
    with VideoWriter(path, (64, 96), Fraction(10)) as writer:
        for number in range(count):
            frame = rng.integers(0, 255, (64, 96, 3), np.uint8)
            writer.add(9000 * number, frame)
    return path


def test_damaged_frames_are_named_left_out_and_counted(tmp_path):
    damage(noisy(tmp_path / "a.mp4"))
    write(tmp_path / "b.mp4", 3)
    summary, said = predict_all(
        [tmp_path / "a.mp4", tmp_path / "b.mp4"], tmp_path / "out"
    )
    assert summary.left_out >= 1
    assert summary.frames + summary.left_out == 43
    assert f"{tmp_path / 'a.mp4'}: damaged at " in said[0]
    reader, seen = read(tmp_path / "out" / "a.mp4")
    assert len(seen) == summary.frames - 3
    # The others keep their times.
    assert seen[-1][0] == 9000 * 39


def test_a_video_that_was_cut_short_says_so(tmp_path):
    noisy(tmp_path / "a.mp4")
    # Its table of frames stands first, then half of them.
    with (
        av.open(str(tmp_path / "a.mp4")) as source,
        av.open(
            str(tmp_path / "b.mp4"), "w", options={"movflags": "faststart"}
        ) as copy,
    ):
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    content = (tmp_path / "b.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(content[: len(content) // 2])
    summary, said = predict_all([tmp_path / "b.mp4"], tmp_path / "out")
    assert 15 < summary.frames < 25
    assert summary.frames + summary.left_out == 40
    assert "b.mp4: cut short, its last" in said[-1]


def test_files_that_are_no_videos_are_left_out(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.avi").touch()
    write(tmp_path / "good.mp4", 2)
    names = ("text.mp4", "empty.avi", "good.mp4")
    summary, said = predict_all([tmp_path / name for name in names], tmp_path / "out")
    assert (summary.videos, summary.left_out) == (1, 2)
    assert all("cannot read this video" in line for line in said)
    assert not (tmp_path / "out" / "text.mp4").exists()


def test_frames_that_are_too_large_are_refused_with_their_size(tmp_path, monkeypatch):
    write(tmp_path / "a.mp4", 2)
    monkeypatch.setattr(video_file, "MOST_PIXELS", 64 * 96 - 1)
    with pytest.raises(ValueError, match="a.mp4: frames of 64x96, more than"):
        VideoReader(tmp_path / "a.mp4")


def test_sound_is_left_out_with_a_word(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        sound = container.add_stream("aac", rate=8000)
        for frame in frames(3):
            frame = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(frame))
        silence = np.zeros((1, 1024), np.float32)
        beep = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        beep.sample_rate = 8000
        container.mux(sound.encode(beep))
        container.mux(stream.encode())
        container.mux(sound.encode())
    summary, said = predict_all([tmp_path / "a.mp4"], tmp_path / "out")
    assert said == [f"{tmp_path / 'a.mp4'}: its sound is left out"]
    assert (summary.frames, summary.left_out) == (3, 0)


def test_a_camera_is_seen_until_ctrl_c(tmp_path, monkeypatch):
    """FFmpeg's own test picture stands in for a camera."""
    source = "testsrc=size=64x64:rate=10:duration=60", "lavfi"
    monkeypatch.setattr(video_file, "_camera", lambda number: source)
    engine = ColourEngine()
    ask = engine.__class__.__call__

    def stopped(self, images):
        if len(self.asked) == 3:
            raise KeyboardInterrupt
        return ask(self, images)

    monkeypatch.setattr(ColourEngine, "__call__", stopped)
    summary, _ = predict_all(["0"], tmp_path / "out", engine=engine)
    assert summary.frames == 12
    assert len(read(tmp_path / "out" / "camera0.mp4")[1]) == 12


def test_ctrl_c_in_a_file_leaves_nothing_half_written(tmp_path, monkeypatch):
    write(tmp_path / "a.mp4", 12)

    def stopped(self, images):
        raise KeyboardInterrupt

    monkeypatch.setattr(ColourEngine, "__call__", stopped)
    with pytest.raises(KeyboardInterrupt):
        predict_all([tmp_path / "a.mp4"], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    write(tmp_path / "a.mp4", 12)

    def full(self, packets):
        raise av.error.OSError(errno.ENOSPC, "No space left on device")

    class FullDisk:
        """A container that cannot be written to."""

        def __init__(self, container):
            self.add_stream, self.close = container.add_stream, container.close

        mux = full

    opened = av.open

    def open_full(file, mode="r", **options):
        container = opened(file, mode, **options)
        return FullDisk(container) if mode == "w" else container

    monkeypatch.setattr(av, "open", open_full)
    with pytest.raises(OSError, match="No space left on device: .*a.*mp4"):
        predict_all([tmp_path / "a.mp4"], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_camera_that_is_not_there(tmp_path):
    summary, said = predict_all(["97"], tmp_path / "out")
    assert said[0].startswith("camera 97: ") and summary.left_out == 1


def test_only_a_few_frames_are_in_memory(tmp_path, monkeypatch):
    """However long the video, and however slow the writer."""
    write(tmp_path / "a.mp4", 60)
    alive, most = set(), []
    pixels = video_file._pixels

    class Counted(np.ndarray):
        def __del__(self):
            alive.discard(id(self))

    def counted(frame, shape):
        found = pixels(frame, shape).view(Counted)
        alive.add(id(found))
        most.append(len(alive))
        return found

    monkeypatch.setattr(video_file, "_pixels", counted)
    predict_all([tmp_path / "a.mp4"], tmp_path / "out", batch_size=2)
    assert len(most) >= 60
    assert max(most) <= 12


def test_without_pyav_the_package_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.mp4", 1)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match=r"pip install -e '\.\[video\]'"):
        predict_all([tmp_path / "a.mp4"], tmp_path / "out")
