"""Runs `segnet predict` on damaged and hostile images and videos; checks the outcome.

    PYTHONPATH=Code python experiments/endurance/fuzz_predict.py [--images 300]
    [--videos 20] [--seed 0]

Images in all formats and modes, and videos, get flipped bytes, cut ends, swapped parts
and wrong sizes in their headers. `slim_camvid11` predicts 50 images or 10 videos in a
child process, which may take 5 minutes and 2 GB. Every file must be predicted or named
in one sentence, or both if frames of a video are damaged.
"""

import argparse
import io
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

SECONDS, MEGABYTES = 300, 2048
IMAGES_A_RUN, VIDEOS_A_RUN = 50, 10
IMAGES = (
    *(("RGB", kind) for kind in ("jpg", "png", "tif", "bmp", "webp", "ppm", "jp2")),
    *(("P", kind) for kind in ("png", "gif", "tif")),
    *(("CMYK", kind) for kind in ("jpg", "tif")),
    *(("RGBA", kind) for kind in ("png", "webp")),
    *(("L", "jpg"), ("I;16", "png"), ("I;16", "tif"), ("F", "tif"), ("1", "pbm")),
)
VIDEOS = (("mp4", "libx264"), ("mkv", "libx264"), ("avi", "mpeg4"), ("mpg", "mpeg4"))
HUGE = (
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x00\x00\xff\xff",
    b"\xff\xff\x00\x00",
)
# The last line is the peak memory of the process.
CHILD = """
import resource, sys
from segnet.cli import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, file=sys.stderr)
sys.exit(status)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--videos", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        images, videos = list(whole_images()), list(whole_videos(folder))
        made = [
            damaged(rng.choice(images), rng, folder / "in", number)
            for number in range(arguments.images)
        ]
        films = [
            damaged(rng.choice(videos), rng, folder / "in", arguments.images + number)
            for number in range(arguments.videos)
        ]
        groups = [
            files[start : start + step]
            for files, step in ((made, IMAGES_A_RUN), (films, VIDEOS_A_RUN))
            for start in range(0, len(files), step)
        ]
        counts, most, longest = Counter(), 0, 0.0
        for number, group in enumerate(groups):
            memory, seconds = see(group, folder / f"out{number}", counts)
            most, longest = max(most, memory), max(longest, seconds)
            shutil.rmtree(folder / f"out{number}", ignore_errors=True)
    print(dict(counts), f"peak memory {most} MB, longest run {longest:.0f} s")


def whole_images():
    """Yields (ending, content) of a good image in each format and mode."""
    ramp = np.add.outer(np.arange(96), np.arange(128)).astype(np.uint8)
    colours = np.stack([ramp, ramp[::-1], 255 - ramp], -1)
    for mode, kind in IMAGES:
        if mode == "I;16":
            image = Image.fromarray(ramp.astype(np.uint16) * 257)
        elif mode == "F":
            image = Image.fromarray(ramp.astype(np.float32) / 255)
        else:
            image = Image.fromarray(colours).convert(mode)
        file = io.BytesIO()
        formats = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000", "pbm": "PPM"}
        image.save(file, formats.get(kind, kind.upper()))
        yield kind, file.getvalue()


def whole_videos(folder: Path):
    """Yields (ending, content) of a good video in each container."""
    import av

    rng = np.random.default_rng(0)
    for kind, codec in VIDEOS:
        path = folder / f"whole.{kind}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width, stream.pix_fmt = 96, 128, "yuv420p"
            for _ in range(50):
                pixels = rng.integers(0, 255, (96, 128, 3), np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        yield kind, path.read_bytes()


def damaged(whole: tuple[str, bytes], rng: random.Random, folder: Path, number: int):
    """Writes a damaged copy; returns its path."""
    kind, content = whole
    content = bytearray(content)
    # The beginning holds most of the fields that a reader trusts.
    places = (len(content), min(len(content), 200))
    way = rng.choice(("flip", "flips", "cut", "swap", "huge", "zeros"))
    start = rng.randrange(rng.choice(places))
    if way in ("flip", "flips"):
        for _ in range(1 if way == "flip" else 30):
            content[rng.randrange(rng.choice(places))] ^= 1 << rng.randrange(8)
    elif way == "cut":
        del content[start:]
    elif way == "swap":
        half = len(content) // 2
        content = content[:start] + content[half:] + content[start:half]
    elif way == "huge":
        content[start : start + 4] = rng.choice(HUGE)
    else:
        content[start : start + 64] = bytes(64)
    folder.mkdir(exist_ok=True)
    path = folder / f"{number:04d}_{way}.{kind}"
    path.write_bytes(content)
    return path


def see(paths: list[Path], out: Path, counts: Counter) -> tuple[int, float]:
    """Runs the verb on some files and counts the outcomes.

    Returns:
        Peak memory of the process in MB, and its seconds.
    """
    command = [
        sys.executable,
        "-c",
        CHILD,
        "predict",
        "slim_camvid11",
        *map(str, paths),
    ]
    command += ["--out", str(out), "--size", "96", "128", "--confidence", "--json"]
    begun = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        counts["hung"] += 1
        print("hung:", *paths)
        return 0, time.monotonic() - begun
    *lines, memory = done.stderr.splitlines() or [""]
    if done.returncode not in (0, 1) or not memory.isdecimal():
        counts["crashed"] += 1
        print("crashed:", done.returncode, *paths, done.stderr, sep="\n")
        return 0, time.monotonic() - begun
    for path in paths:
        named = [line for line in lines if path.name in line]
        seen = any(out.glob(f"{path.stem}.*"))
        if seen and named:
            counts["seen in part, named"] += 1
        elif seen:
            counts["seen"] += 1
        elif len(named) == 1:
            counts["left out, named"] += 1
        else:
            counts["neither predicted nor named" if not named else "named twice"] += 1
            print(path, *named, sep="\n")
    strangers = [line for line in lines if not any(p.name in line for p in paths)]
    if strangers:
        counts["other lines"] += len(strangers)
        print(*strangers[:5], sep="\n")
    if int(memory) > MEGABYTES:
        counts["more than 2 GB"] += 1
        print(memory, "MB:", *paths)
    return int(memory), time.monotonic() - begun


if __name__ == "__main__":
    main()
