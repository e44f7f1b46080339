"""Pictures inside a page, as data URIs."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

WIDTH = 420
JPEG_QUALITY = 82


@dataclass(frozen=True)
class Picture:
    """A picture for the macro `figure`.

    Args:
        uri: The picture itself, from `data_uri`.
        text: Description for readers who cannot see it.
    """

    uri: str
    text: str


def data_uri(image: np.ndarray, width: int = WIDTH) -> str:
    """Returns an image as the data URI of a JPEG.

    Args:
        image: (H, W, 3) RGB or (H, W) grey, uint8.
        width: A wider image is shrunk to this, in pixels.
    """
    picture = Image.fromarray(image)
    if picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), Image.Resampling.BOX)
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=JPEG_QUALITY)
    text = base64.b64encode(content.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{text}"
