"""Measures `segnet predict` on a rendered drive: frames per second and memory.

    segnet render Long --world high1 --frames 180 --size 720 960 --focal 1000
    PYTHONPATH=Code python experiments/speed/bench_predict.py Long Predict

The frames become a video of 30 seconds. `slim_camvid11` predicts its first 5 seconds
and then all of it, each in its own process, and prints the peak memory of each. Six
frames of the result are written as PNG.
"""

import argparse
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.predict.video_file import TICKS, VideoReader, VideoWriter

SECONDS, SHORT_SECONDS, LOOKS = 30, 5, 6
CHILD = """
import resource, sys
from segnet.cli import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, "MB")
sys.exit(status)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="folder written by `segnet render`")
    parser.add_argument("out", type=Path, help="folder for the videos and frames")
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(exist_ok=True)
    frames = sorted(arguments.data.glob("vkitti_1.3.1_rgb/*/*/*.png"))
    rate = Fraction(len(frames), SECONDS)
    short = frames[: round(SHORT_SECONDS * rate)]
    for name, part in (("short", short), ("whole", frames)):
        write(part, out / f"{name}.mp4", rate)
        command = ["predict", "slim_camvid11", str(out / f"{name}.mp4")]
        command += ["--out", str(out / "seen")]
        print(f"{name}: {len(part)} frames")
        subprocess.run([sys.executable, "-c", CHILD, *command], check=True)
    with VideoReader(out / "seen" / "whole.mp4") as reader:
        print(f"result: {reader.total} frames, {float(reader.rate):g} a second")
        for number, (_, frame) in enumerate(reader):
            if number % (len(frames) // LOOKS) == 0:
                Image.fromarray(frame).save(out / f"look_{number:04d}.png")


def write(frames: list[Path], path: Path, rate: Fraction) -> None:
    """Writes a video of some image files."""
    with Image.open(frames[0]) as first:
        size = first.height, first.width
    with VideoWriter(path, size, rate) as writer:
        for number, frame in enumerate(frames):
            with Image.open(frame) as image:
                pixels = np.asarray(image.convert("RGB"))
            writer.add(round(number * TICKS / rate), pixels)


if __name__ == "__main__":
    main()
