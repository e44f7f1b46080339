"""Takes the values out of masks as their files hold them."""

from pathlib import Path

import numpy as np
from PIL import Image

OPAQUE = 255
WITHOUT_ALPHA = {"RGBA": "RGB", "LA": "L", "PA": "P"}
# Grey PNG and TIFF files of 2 and 4 bits, which Pillow stretches to 0 to 255.
STRETCHED = {2: 85, 4: 17}
PNG_BITS_AT = 24
TIFF_BITS = 258
TIFF_PHOTOMETRIC = 262


def without_alpha(image: Image.Image, path: Path) -> Image.Image:
    """Returns a decoded image without its alpha channel, which must be opaque.

    Raises:
        ValueError: Some pixels are transparent, or the mode is of no mask.
    """
    if image.mode not in WITHOUT_ALPHA:
        return image
    alpha = np.asarray(image.getchannel("A"))
    if (alpha != OPAQUE).any():
        raise ValueError(
            f"{path}: {(alpha != OPAQUE).sum()} of its pixels are transparent, and it "
            f"is not clear whether they belong to a class; save the mask without "
            f"transparency"
        )
    return image.convert(WITHOUT_ALPHA[image.mode])


def grey_values(image: Image.Image, path: Path) -> np.ndarray:
    """Returns the values of a grey mask as the file holds them, (H, W) uint8 or uint16.

    Raises:
        ValueError: A value is no integer from 0 to 65,535, or the mode is of no mask.
    """
    values = np.asarray(image)
    if image.mode == "1":
        return values.astype(np.uint8)
    if image.mode == "L":
        return values // STRETCHED.get(_bits(image, path), 1)
    if image.mode not in ("F", "I") and not image.mode.startswith("I;16"):
        raise ValueError(
            f"{path}: its pixels are {image.mode!r}, expected grey ids, RGB colours or "
            f"a palette; export the mask as PNG"
        )
    good = (values >= 0) & (values < 1 << 16)
    if image.mode == "F":
        good &= values == np.round(values)
    if not good.all():
        raise ValueError(
            f"{path}: value {values[~good][0]} on {(~good).sum()} pixels, expected "
            f"integers from 0 to 65535; is it a depth image?"
        )
    return values.astype(np.uint16)


def _bits(image: Image.Image, path: Path) -> int:
    """Returns the bits of a grey pixel, as the file says; 8 where it does not."""
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(PNG_BITS_AT + 1)[PNG_BITS_AT]
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        if tags.get(TIFF_PHOTOMETRIC) == 0:
            raise ValueError(
                f"{path}: a TIFF in which 0 is white, so that it is not clear whether "
                f"its values are ids; save the mask as PNG"
            )
        return tags.get(TIFF_BITS, (8,))[0]
    return 8
