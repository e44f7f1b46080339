"""The ten variations: five kinds of weather and light, five camera directions."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """Light and weather; colours are factors from 0 to a little over 1.

    Args:
        sun: Colour of sunlight.
        azimuth: Direction of the sun, degrees right of the drive's initial heading.
        elevation: Height of the sun above the horizon, degrees.
        sky: Colour of light from above.
        bounce: Colour of light from below.
        zenith: Colour of the upper sky.
        horizon: Colour of the sky above the horizon.
        cloud: Colour of clouds.
        cover: Share of the sky covered by clouds.
        haze: Colour of distant objects.
        sight: Distance in metres at which haze takes two thirds.
        shadow: Darkness of cast shadows, 0-1.
        rain: True for streaks and a wet road.
    """

    sun: tuple = (0.84, 0.79, 0.66)
    azimuth: float = -58.0
    elevation: float = 46.0
    sky: tuple = (0.54, 0.58, 0.64)
    bounce: tuple = (0.4, 0.38, 0.34)
    zenith: tuple = (0.24, 0.42, 0.74)
    horizon: tuple = (0.74, 0.84, 0.95)
    cloud: tuple = (0.98, 0.98, 0.98)
    cover: float = 0.24
    haze: tuple = (0.72, 0.8, 0.88)
    sight: float = 900.0
    shadow: float = 1.0
    rain: bool = False


CLONE = Look()

LOOKS = {
    "clone": CLONE,
    "fog": Look(
        sun=(0.1, 0.1, 0.1),
        sky=(0.66, 0.68, 0.7),
        bounce=(0.4, 0.4, 0.4),
        zenith=(0.72, 0.74, 0.76),
        horizon=(0.77, 0.79, 0.8),
        cloud=(0.76, 0.78, 0.8),
        cover=0.0,
        haze=(0.77, 0.79, 0.8),
        sight=46.0,
        shadow=0.0,
    ),
    "morning": Look(
        sun=(0.92, 0.74, 0.5),
        azimuth=64.0,
        elevation=21.0,
        sky=(0.44, 0.49, 0.6),
        bounce=(0.33, 0.31, 0.3),
        zenith=(0.3, 0.46, 0.74),
        horizon=(0.96, 0.88, 0.76),
        cover=0.2,
        cloud=(1.0, 0.95, 0.88),
        haze=(0.88, 0.83, 0.78),
        sight=420.0,
    ),
    "overcast": Look(
        sun=(0.08, 0.08, 0.08),
        elevation=70.0,
        sky=(0.66, 0.67, 0.7),
        bounce=(0.32, 0.31, 0.3),
        zenith=(0.62, 0.65, 0.7),
        horizon=(0.8, 0.82, 0.84),
        cloud=(0.86, 0.87, 0.88),
        cover=0.85,
        haze=(0.74, 0.76, 0.79),
        sight=600.0,
        shadow=0.0,
    ),
    "rain": Look(
        sun=(0.06, 0.06, 0.07),
        elevation=70.0,
        sky=(0.52, 0.54, 0.59),
        bounce=(0.2, 0.2, 0.22),
        zenith=(0.42, 0.45, 0.5),
        horizon=(0.58, 0.61, 0.65),
        cloud=(0.52, 0.55, 0.59),
        cover=0.7,
        haze=(0.53, 0.56, 0.6),
        sight=190.0,
        shadow=0.0,
        rain=True,
    ),
    "sunset": Look(
        sun=(0.9, 0.56, 0.28),
        azimuth=-28.0,
        elevation=15.0,
        sky=(0.46, 0.44, 0.5),
        bounce=(0.34, 0.3, 0.29),
        zenith=(0.3, 0.38, 0.58),
        horizon=(0.97, 0.74, 0.5),
        cloud=(0.84, 0.62, 0.52),
        cover=0.3,
        haze=(0.78, 0.62, 0.5),
        sight=420.0,
    ),
}

TURNS = {"15-deg-left": -15, "15-deg-right": 15, "30-deg-left": -30, "30-deg-right": 30}
"""Camera angle to the right of the road, in degrees, for turned variations."""

VARIATIONS = tuple(sorted([*LOOKS, *TURNS]))


def look_of(variation: str) -> Look:
    """Returns the light and weather of a variation."""
    return LOOKS.get(variation, CLONE)


def turn_of(variation: str) -> int:
    """Returns the angle of the camera to the right of the road, in degrees."""
    return TURNS.get(variation, 0)
