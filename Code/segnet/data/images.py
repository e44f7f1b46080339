"""Reads image files into arrays, and shrinks images and labels.

Photographs are turned upright where their EXIF or XMP orientation asks for it, as
viewers do. A label image with an orientation is refused: programs that write masks
ignore it, so nobody knows which way up the ids are meant.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

# Pillow knows more formats, some of which start other programs. JPEG covers MPO.
IMAGE_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
MASK_FORMATS = ("PNG", "BMP", "TIFF")
LOSSY = ("jpeg", "tiff_jpeg", "webp")
RGB_MODES = ("RGB", "RGBA", "P", "PA", "L", "LA", "1", "CMYK")
COLOUR_LABEL_MODES = ("RGB", "P")
PNG = b"\x89PNG\r\n\x1a\n"
ORIENTATION = int(ExifTags.Base.Orientation)
UPRIGHT, TURNED, SIDEWAYS = 1, range(2, 9), range(5, 9)
# Where a PNG has its orientation; Pillow finds it only after decoding.
PNG_TEXTS = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")
PNG_ORIENTATION = (b"Raw profile type exif", b"XML:com.adobe.xmp")
PNG_TEXT_START = 32


def read_rgb(path: str | Path) -> Image.Image:
    """Returns a photograph or rendering as a decoded RGB image, turned upright.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is damaged, or is of a kind such as 16-bit depth.
    """
    with opened(path, whole=True, formats=IMAGE_FORMATS) as image:
        if image.mode not in RGB_MODES:
            raise ValueError(
                f"its pixels are {image.mode!r}, expected RGB or grey of 8 bits; is "
                f"it a depth or an instance image? Convert a photograph to 8 bits"
            )
        # The second picture of an MPO is a preview or the other eye's view.
        if image.format != "MPO":
            _check_one_page(image)
        image = upright(image, orientation_of(image, decoded=True))
        return image if image.mode == "RGB" else image.convert("RGB")


def read_colour_labels(path: str | Path) -> np.ndarray:
    """Returns a colour-coded label image, (H, W, 3) uint8.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: As `read_rgb`, or the file has an orientation other than upright.
    """
    return np.asarray(_mask(path, COLOUR_LABEL_MODES).convert("RGB"))


def read_id_labels(path: str | Path) -> np.ndarray:
    """Returns a label image of ids, (H, W) uint8; errors as `read_colour_labels`."""
    return np.asarray(_mask(path, ("L",)))


def read_mask(path: str | Path) -> Image.Image:
    """Returns a decoded label image of any mode; errors as `read_colour_labels`."""
    return _mask(path)


def image_size(path: str | Path) -> tuple[int, int]:
    """Returns the (H, W) that `read_rgb` gives, from the header alone where possible.

    Only a PNG with an orientation is decoded. Errors as `read_rgb`.
    """
    with opened(path, formats=IMAGE_FORMATS) as image:
        if image.format == "PNG":
            if not _png_may_turn(Path(path)):
                return image.height, image.width
            image.load()
        # Pillow reports the size of a TIFF as it is after turning.
        if image.format != "TIFF" and orientation_of(image) in SIDEWAYS:
            return image.width, image.height
        return image.height, image.width


def fit_image(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Returns the image cropped, or padded with black, to (H, W) `size`.

    The upper left corner stays in place.
    """
    height, width = size
    if (image.height, image.width) == size:
        return image
    return image.crop((0, 0, width, height))


def fit_labels(labels: np.ndarray, size: tuple[int, int], void: int) -> np.ndarray:
    """Returns the ids cropped, or padded with `void`, as `fit_image` does."""
    if labels.shape == size:
        return labels
    fitted = np.full(size, void, labels.dtype)
    height, width = np.minimum(labels.shape, size)
    fitted[:height, :width] = labels[:height, :width]
    return fitted


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Returns (H, W) divided by `scale` and rounded down.

    Raises:
        ValueError: The scale is below 1, or nothing would be left.
    """
    if not scale >= 1:
        raise ValueError(f"scale is {scale}, expected 1 or more (3 makes a third)")
    height, width = (int(side / scale) for side in size)
    if height < 1 or width < 1:
        raise ValueError(f"scale {scale} leaves nothing of {size[0]}x{size[1]} pixels")
    return height, width


def shrink_image(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Returns the area average of an image at (H, W) `size`, (H, W, 3) uint8.

    Where the sides do not divide evenly, each pixel counts for the one new pixel that
    its centre falls into.
    """
    height, width = size
    if image.height % height == 0 and image.width % width == 0:
        factors = image.width // width, image.height // height
        return np.asarray(image.reduce(factors))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def shrink_labels(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns the ids at the centres of the (H, W) `size` pixels: nearest neighbour."""
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for old, new in zip(labels.shape, size, strict=True)
    )
    return labels[rows[:, None], columns]


def _mask(path: str | Path, modes: Sequence[str] = ()) -> Image.Image:
    """Returns a decoded label image, of one of these modes where there are any."""
    with opened(path, whole=True) as image:
        if image.format not in MASK_FORMATS or image.info.get("compression") in LOSSY:
            raise ValueError(
                f"it holds {image.format} data, and masks are read from "
                f"{', '.join(MASK_FORMATS)} without loss: JPEG and the like invent "
                f"colours; export the masks as PNG"
            )
        if modes and image.mode not in modes:
            raise ValueError(
                f"its pixels are {image.mode!r}, expected {' or '.join(modes)}; "
                f"is it a depth or an instance image?"
            )
        _check_one_page(image)
        orientation = orientation_of(image, decoded=True)
        if orientation != UPRIGHT:
            raise ValueError(
                f"its EXIF orientation (tag {ORIENTATION}) is {orientation}, expected "
                f"{UPRIGHT} in a mask; save it upright, or remove the tag if its "
                f"pixels are upright as they are stored"
            )
        image.load()
        return image


def _check_one_page(image: Image.Image) -> None:
    pages = getattr(image, "n_frames", 1)
    if pages != 1:
        raise ValueError(
            f"it has {pages} pages or frames of an animation, and only one can be "
            f"meant; save that one alone"
        )


def _png_may_turn(path: Path) -> bool:
    """Returns whether a PNG has a chunk that may hold an orientation."""
    with path.open("rb") as file:
        file.seek(len(PNG))
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind in PNG_TEXTS:
                text = file.read(PNG_TEXT_START)
                if kind == b"eXIf" or any(text.startswith(m) for m in PNG_ORIENTATION):
                    return True
                length -= len(text)
            file.seek(length + 4, io.SEEK_CUR)
    return False


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Returns a decoded image, turned by its orientation (see `orientation_of`)."""
    image.load()
    return image if orientation == UPRIGHT else ImageOps.exif_transpose(image)


def orientation_of(image: Image.Image, decoded: bool = False) -> int:
    """Returns the EXIF orientation by which an image is still to be turned.

    Args:
        image: An open image.
        decoded: Decode first what shows its orientation only then.

    Returns:
        1 (upright) to 8; 1 where the tag is missing or makes no sense.
    """
    # Pillow turns a TIFF while decoding, and finds the tag of a PNG only then.
    if decoded and image.format != "TIFF":
        image.load()
    try:
        found: Any = image.getexif().get(ORIENTATION)
    except (OSError, SyntaxError, TypeError, ValueError, struct.error):
        # No viewer can turn an image whose EXIF data are damaged.
        return UPRIGHT
    return int(found) if found in TURNED else UPRIGHT


@contextmanager
def opened(
    path: str | Path, whole: bool = False, formats: Sequence[str] | None = None
) -> Iterator[Image.Image]:
    """Yields an image; all errors name its file.

    Args:
        path: The file.
        whole: Read the file at once, and check what Pillow does not.
        formats: The formats to try, in Pillow's names; all by default.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is damaged, or of none of these formats.
    """
    try:
        if whole:
            content = Path(path).read_bytes()
            _verify_png(content)
        source = io.BytesIO(content) if whole else path
        names = None if formats is None else tuple(formats)
        with Image.open(source, formats=names) as image:
            yield image
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such image") from None
    except UnidentifiedImageError:
        raise ValueError(
            f"{path}: cannot read this image: cannot identify its format"
        ) from None
    except (
        *(OSError, SyntaxError, ValueError, struct.error, zlib.error),
        Image.DecompressionBombError,
    ) as error:
        raise ValueError(f"{path}: cannot read this image: {error}") from error


def _verify_png(content: bytes) -> None:
    """Compares the checksums of a PNG, which decoding it does not do."""
    if content.startswith(PNG):
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.verify()
