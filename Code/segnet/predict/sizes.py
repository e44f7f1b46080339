"""The size at which a photograph enters the network."""

import math
from itertools import product

from segnet.predict.photographs import check_size

# The networks divide by 16 inside; between such sizes they would only pad.
STEP = 16
LEAST = 64
# At once, over a whole batch: the slim networks take about 250 bytes a pixel.
MOST_PIXELS = 2_500_000


def network_size(
    photograph: tuple[int, int], own: tuple[int, int] | None
) -> tuple[int, int]:
    """Returns the (H, W) at which a network sees a photograph.

    As many pixels as in training, with the photograph's aspect. Sizes are multiples of
    16, so that the photographs of a folder share a few; only the training size, upright
    or turned, is taken as it is.

    Args:
        photograph: (H, W), any size.
        own: (H, W) of the training frames; None for networks that know none, which
            see the photograph as it is, or enlarged to 64 pixels.
    """
    height, width = photograph
    if own is None:
        return max(height, LEAST), max(width, LEAST)
    for turned in (own, own[::-1]):
        if height * turned[1] == width * turned[0]:
            return turned
    area, aspect = own[0] * own[1], height / width
    scale = math.sqrt(area / (height * width))
    sides = [max(LEAST, min(side * scale, area / LEAST)) for side in photograph]
    near = [
        (int(side) // STEP * STEP, int(side) // STEP * STEP + STEP) for side in sides
    ]

    def differs(size: tuple[int, int]) -> tuple[float, float]:
        return abs(math.log(size[0] / size[1] / aspect)), abs(size[0] * size[1] - area)

    return min(product(*near), key=differs)


def check_network_size(size: tuple[int, int]) -> tuple[int, int]:
    """Returns a (H, W) `size` that was asked for.

    Raises:
        ValueError: It is too small for a network, or too large for memory.
    """
    height, width = size
    if min(size) < LEAST:
        raise ValueError(f"size is {height} {width}, expected {LEAST} or more for each")
    check_size((height, width))
    return height, width
