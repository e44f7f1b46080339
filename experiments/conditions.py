"""Scores trained networks on frames of a camera that sees worse than in training.

    python experiments/conditions.py STORE runs/slim/last.npz runs/edgesegnet/last.npz

Frames of a split are corrupted in one way at a time, labels stay the same, and the mIoU
over the split is printed as a table in Markdown. The corruptions are those of Hendrycks
and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (2019), in strengths that are realistic for a camera in a car.
"""

import argparse
import io
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from PIL import Image, ImageFilter
from tqdm import tqdm

from segnet.data.store import Split, open_store
from segnet.evaluate.match import Match, match
from segnet.metrics import scores
from segnet.predict.predicting import predict
from segnet.runs.loading import load

BATCH = 4


def clipped(values: np.ndarray) -> np.ndarray:
    """Returns floats as uint8, rounded and clipped to the range."""
    return np.rint(values).clip(0, 255).astype(np.uint8)


def exposed(image: np.ndarray, factor: float) -> np.ndarray:
    """Multiplies all values by a factor, clipped at white."""
    return clipped(image * factor)


def flattened(image: np.ndarray, contrast: float) -> np.ndarray:
    """Moves values towards the mean of each channel, like haze or a dirty pane."""
    mean = image.mean((0, 1), keepdims=True)
    return clipped(mean + contrast * (image - mean))


def tinted(image: np.ndarray, warmth: float) -> np.ndarray:
    """Adds red and removes blue, or the reverse below 0: a wrong white balance."""
    return clipped(image * np.array([1 + warmth, 1, 1 - warmth]))


def noisy(image: np.ndarray, deviation: float) -> np.ndarray:
    """Adds Gaussian noise, the same in each frame."""
    # Not from the table of `segnet.data.batches.camera_noise`, which a network may have
    # learnt.
    noise = np.random.default_rng(0).normal(0, deviation, image.shape)
    return clipped(image + noise)


def blurred(image: np.ndarray, radius: float) -> np.ndarray:
    """Applies a Gaussian blur with this standard deviation in pixels."""
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """Compresses and decompresses as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def coarse(image: np.ndarray, factor: int) -> np.ndarray:
    """Shrinks and enlarges again, like a camera with fewer pixels."""
    high, wide = image.shape[:2]
    small = Image.fromarray(image).resize(
        (max(1, wide // factor), max(1, high // factor)), Image.Resampling.BOX
    )
    return np.asarray(small.resize((wide, high), Image.Resampling.BILINEAR))


CONDITIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda image: image,
    "half as bright": partial(exposed, factor=0.5),
    "a quarter as bright": partial(exposed, factor=0.25),
    "1.6 times as bright, clipped": partial(exposed, factor=1.6),
    "half of the contrast": partial(flattened, contrast=0.5),
    "warmer: red +20 %, blue -20 %": partial(tinted, warmth=0.2),
    "colder: red -20 %, blue +20 %": partial(tinted, warmth=-0.2),
    "noise, deviation 10 of 255": partial(noisy, deviation=10),
    "noise, deviation 25": partial(noisy, deviation=25),
    "blur of 1 pixel": partial(blurred, radius=1),
    "blur of 2 pixels": partial(blurred, radius=2),
    "half of the pixels a side": partial(coarse, factor=2),
    "JPEG of quality 20": partial(compressed, quality=20),
    "JPEG of quality 10": partial(compressed, quality=10),
}


def batches(frames: Split) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields images and labels, a few frames at a time."""
    for start in range(0, len(frames), BATCH):
        yield frames.read(range(start, min(start + BATCH, len(frames))))


def miou(matched: Match, frames: Split, change: Callable) -> float:
    """Returns the mIoU of a model over a split with changed frames, in percent."""
    matrices = []
    for images, labels in batches(frames):
        spoilt = np.stack([change(image) for image in images])
        matrices.append(
            matched.confusion(labels, predict(matched.model, spoilt, BATCH))
        )
    return 100 * scores(np.sum(matrices, 0)).miou


def table(models: dict[str, Match], frames: Split) -> str:
    """Returns the table: a row for each condition, a column for each model."""
    lines = [
        f"| {frames.name} | {' | '.join(models)} |",
        f"| --- |{' ---: |' * len(models)}",
    ]
    for name, change in tqdm(CONDITIONS.items(), unit="condition"):
        found = [f"{miou(model, frames, change):.1f}" for model in models.values()]
        lines.append(f"| {name} | {' | '.join(found)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="store.h5")
    parser.add_argument("models", nargs="+", help="models as for `segnet evaluate`")
    parser.add_argument("--split", default="val", help="default val")
    arguments = parser.parse_args()
    with open_store(arguments.store) as store:
        frames = store[arguments.split]
        models = {path: match(load(path), frames) for path in arguments.models}
        print(table(models, frames))


if __name__ == "__main__":
    main()
