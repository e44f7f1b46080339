"""Photographs of any kind as upright RGB images.

Readers of datasets are strict (`segnet.data.images`): 16-bit pixels there are depth.
Here everything that shows a picture is welcome, up to a size that memory can hold.
"""

from contextlib import suppress
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

from segnet.data.images import opened, orientation_of, upright

# Formats of pictures; left out are those that start other programs (EPS, WMF) or that
# any file could be (TGA).
FORMATS = (
    *("JPEG", "MPO", "PNG", "TIFF", "BMP", "DIB", "GIF", "WEBP", "PPM", "JPEG2000"),
    *("AVIF", "HEIF"),
)
# Importing all that Pillow has takes as long as a small network.
PLUGINS = (
    *("Jpeg", "Mpo", "Png", "Tiff", "Bmp", "Gif", "WebP", "Ppm", "Jpeg2K"),
    "Avif",
)
HEIC_SUFFIXES = (".heic", ".heif", ".hif")
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".dib"),
    *(".gif", ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif"),
    *HEIC_SUFFIXES,
)
# A decoded pixel takes 4 bytes, twice while the image is turned: together 1 GB.
MOST_PIXELS = 128_000_000
MOST_BYTES = 512 << 20
DEEP_MODES = ("I", "F")


def read_photograph(path: str | Path) -> Image.Image:
    """Returns a photograph as an upright RGB image.

    Grey, palette, CMYK and 16-bit pixels become RGB, transparency is dropped, and of
    several pictures in a file the first is taken.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, no picture, or larger than memory can hold.
    """
    path = Path(path)
    if path.suffix.lower() in HEIC_SUFFIXES:
        _register_heic(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: no file; give an image, a video or a folder")
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise ValueError(
            f"{path}: {path.stat().st_size >> 20} MB, more than {MOST_BYTES >> 20} MB; "
            f"save it smaller first"
        )
    for name in PLUGINS:
        # Older versions and some builds lack a few.
        with suppress(ImportError):
            import_module(f"PIL.{name}ImagePlugin")
    formats = [name for name in FORMATS if name in Image.OPEN]
    with opened(path, formats=formats) as image:
        check_size((image.height, image.width))
        # A PNG has checksums; Pillow 12 and 13 turn a mapped TIFF the wrong way.
        whole = image.format in ("PNG", "TIFF")
    with opened(path, whole, formats) as image:
        return to_rgb(image)


def to_rgb(image: Image.Image) -> Image.Image:
    """Returns an upright RGB image of one in any mode.

    Raises:
        ValueError: The image is too large, or its values make no picture.
    """
    check_size((image.height, image.width))
    image = upright(image, orientation_of(image, decoded=True))
    if image.mode.startswith("I;16") or image.mode in DEEP_MODES:
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    if image.mode == "P" and "transparency" in image.info:
        # Pillow warns of a direct way, which would drop the transparency as well.
        image = image.convert("RGBA")
    return image if image.mode == "RGB" else image.convert("RGB")


def check_size(size: tuple[int, int]) -> None:
    """Raises ValueError where (H, W) `size` is more than memory can hold."""
    height, width = size
    if height * width > MOST_PIXELS:
        raise ValueError(
            f"{height}x{width} are {height * width / 1e6:.0f} megapixels, more than "
            f"{MOST_PIXELS // 10**6}; make it smaller first"
        )


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Grey values of 16 bits (integers), 0 to 1 or 0 to 255 (floats) as (H, W) uint8.

    Raises:
        ValueError: Values lie outside, as those of a depth image do.
    """
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "iu"
    if not (low >= 0 and high <= (65535 if whole else 255)):
        raise ValueError(
            f"its values go from {low:g} to {high:g}, expected "
            f"{'0 to 65535' if whole else '0 to 1 or 0 to 255'}; is it a depth image?"
        )
    if whole:
        return (values >> 8).astype(np.uint8)
    return np.rint(values * np.float32(255 if high <= 1 else 1)).astype(np.uint8)


def _register_heic(path: Path) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise ValueError(
            f"{path}: HEIC needs one more package: pip install pillow-heif"
        ) from None
    register_heif_opener()
