"""Preprocessing against plain decoding, a per-pixel loop and plain arrays."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from segnet.classes import VKITTI1
from segnet.classes.colours import ColourTable
from segnet.data import READERS
from segnet.data.images import read_colour_labels, read_rgb
from segnet.data.prepare import prepare
from segnet.data.source import Frame, Source
from segnet.data.store import open_store
from segnet.report.tables import text_table
from segnet.system.parallel import cores, ordered_map

ROUNDS = 3
LOOP_ROWS = 40
SCALE = 3


def bench_prepare(
    frames: int = 447,
    *,
    data: str | Path | None = None,
    workers: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> dict[str, float]:
    """Returns and prints the cost of preprocessing and of its alternatives.

    All use the same files and workers; the fastest of a few rounds counts: decoding the
    image and label files only; `prepare` to a third of the size; a Python loop that
    looks up the colour of every pixel in some rows of a label image, extrapolated to
    whole frames. Bytes per frame are compared with a float64 image and a one-hot uint8
    label of the same size.

    Args:
        frames: Number of frames to render if `data` is not given.
        data: Folder of a Virtual KITTI 1.3.1 tree; by default one is rendered to a
            temporary folder.
        workers: Processes; one for each core by default.
        seed: Seed of the renderer.
        progress: Show a progress bar.

    Returns:
        Frames per second, bytes per frame and their ratios by name.
    """
    workers = workers or cores()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if data is None:
            from segnet.scenes import render

            data = folder / "data"
            render(data, frames=frames, seed=seed, workers=workers, progress=progress)
        result = _measure(Path(data), folder / "out", workers, progress)
    print(_table(result))
    return result


def _measure(data: Path, out: Path, workers: int, progress: bool) -> dict:
    source = READERS["vkitti1"](data)
    decode_s, prepare_s = [], []
    for _ in tqdm(range(ROUNDS), desc="bench", unit="round", disable=not progress):
        decode_s.append(_seconds(lambda: _decode_all(source.frames, workers)))
        # "random" leaves no frame out, so that both sides read the same files.
        prepare_s.append(
            _seconds(
                lambda: prepare(
                    "vkitti1", data, out, scale=SCALE, split="random", workers=workers
                )
            )
        )
    count = len(source.frames)
    with open_store(out / "store.h5") as store:
        height, width = store["train"].size
        num_classes, store_bytes = store.class_map.num_classes, store.bytes / count
    result = {
        "frames": count,
        "workers": workers,
        "decode_fps": count / min(decode_s),
        "prepare_fps": count / min(prepare_s),
        **_look_up_fps(source),
        "plain_bytes": height * width * (3 * np.float64().itemsize + num_classes),
        "store_bytes": store_bytes,
    }
    result["times_decoding"] = result["decode_fps"] / result["prepare_fps"]
    result["times_faster_than_loop"] = result["look_up_fps"] / result["loop_fps"]
    result["times_smaller"] = result["plain_bytes"] / result["store_bytes"]
    return result


def _seconds(work: Callable) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _decode(frame: Frame) -> None:
    read_rgb(frame.image)
    read_colour_labels(frame.label)


def _decode_all(frames: Sequence[Frame], workers: int) -> None:
    for _ in ordered_map(_decode, frames, len(frames), workers):
        pass


def _look_up_fps(source: Source) -> dict[str, float]:
    frame = source.frames[0]
    rgb = read_colour_labels(frame.label)
    table = source.encodings[frame.id.rpartition("/")[0]]
    rows = min(LOOP_ROWS, len(rgb))
    loop_s = min(_seconds(lambda: _loop(rgb[:rows], table)) for _ in range(ROUNDS))
    fast_s = min(_seconds(lambda: VKITTI1.encode(rgb, table)) for _ in range(ROUNDS))
    return {"loop_fps": rows / (len(rgb) * loop_s), "look_up_fps": 1 / fast_s}


def _loop(rgb: np.ndarray, table: ColourTable) -> np.ndarray:
    ids = np.full(rgb.shape[:2], VKITTI1.void, np.uint8)
    for row in range(rgb.shape[0]):
        for column in range(rgb.shape[1]):
            ids[row, column] = table[tuple(rgb[row, column])]
    return ids


def _table(result: dict) -> str:
    rows = (
        ("decode the PNG files, nothing else", "{decode_fps:.1f} frames/s"),
        (f"segnet prepare, 1/{SCALE} size", "{prepare_fps:.1f} frames/s"),
        ("  time beside decoding alone", "{times_decoding:.2f} x"),
        ("colour look-up, pixel by pixel *", "{loop_fps:.2f} frames/s"),
        ("colour look-up of segnet", "{look_up_fps:.1f} frames/s"),
        ("  faster", "{times_faster_than_loop:.0f} x"),
        ("float64 image + one-hot uint8 label", "{plain_bytes:.0f} bytes/frame"),
        ("store.h5", "{store_bytes:.0f} bytes/frame"),
        ("  smaller", "{times_smaller:.1f} x"),
    )
    cells = ([name, value.format(**result)] for name, value in rows)
    lines = [
        f"{result['frames']} frames, {result['workers']} workers, fastest of {ROUNDS}",
        text_table(None, cells, indent="  "),
        f"  * one process, {LOOP_ROWS} rows, extrapolated to a whole frame",
    ]
    return "\n".join(lines)
