"""The files that are written for an image, and the count of what was done."""

import json
from dataclasses import dataclass, field

from PIL import Image

from segnet.predict import sources as endings
from segnet.predict.prediction import Prediction
from segnet.predict.sources import Item
from segnet.system.files import replacing

JPEG_QUALITY = 90
WORK = ("reading", "network", "enlarging", "writing")


@dataclass(frozen=True)
class Wanted:
    """The choice of files written for each source.

    Args:
        overlay: The photograph under the class colours, with a legend.
        confidence: The largest softmax probability.
        shares: Each class's share of the pixels, as JSON.
    """

    overlay: bool = True
    confidence: bool = False
    shares: bool = False


@dataclass
class Summary:
    """The outcome of a run of `predict`.

    Args:
        images, videos, frames: How many were seen; `frames` are those of videos.
        left_out: Images, videos and frames that were damaged.
        seconds: What took how long: the kinds of `WORK`, side by side, "building" the
            network before them, and "all" together without the start.
    """

    images: int = 0
    videos: int = 0
    frames: int = 0
    left_out: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def text(self) -> str:
        """Returns the counts and the speed in words, one or two lines."""
        done = [_counted(self.images, "image")] if self.images else []
        if self.videos:
            frames = _counted(self.frames, "frame")
            done.append(f"{_counted(self.videos, 'video')} of {frames}")
        lines = [" and ".join(done) or "nothing seen"]
        if self.left_out:
            lines[0] += f"; {self.left_out} left out, as named above"
        seen = self.images + self.frames
        if seen:
            building = self.seconds["building"]
            rest = self.seconds["all"] - building
            alone = ", ".join(
                f"{work} {_rate(seen / self.seconds[work])}" for work in WORK
            )
            lines.append(
                f"{_rate(seen / rest)} frames/s (alone: {alone}), after {building:.0f} "
                f"s of building the network"
            )
        return "\n".join(lines)


def _rate(value: float) -> str:
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def write_prediction(item: Item, prediction: Prediction, wanted: Wanted) -> None:
    """Writes the files of one image."""
    with replacing(item.output(endings.IDS)) as part:
        prediction.image().save(part)
    if wanted.overlay:
        with replacing(item.output(endings.OVERLAY)) as part:
            prediction.overlay().save(part, quality=JPEG_QUALITY)
    if wanted.confidence and prediction.confidence is not None:
        with replacing(item.output(endings.CONFIDENCE)) as part:
            Image.fromarray(prediction.confidence).save(part)
    if wanted.shares:
        write_shares(item, prediction.ids.shape, prediction.shares())


def write_shares(
    item: Item, size: tuple[int, int], shares: dict[str, float], **more
) -> None:
    """Writes the JSON file of an image or video.

    Args:
        item: Names the file and its source.
        size: (H, W).
        shares: Class -> share of the pixels.
        more: Further fields.
    """
    content = {
        "source": item.path.name,
        "size": list(size),
        **more,
        "shares": {name: round(share, 6) for name, share in shares.items()},
    }
    with replacing(item.output(endings.SHARES)) as part:
        part.write_text(json.dumps(content, indent=2) + "\n")
