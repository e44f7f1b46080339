"""Descriptions of the towns: Virtual KITTI's five, city streets, and winter."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class World:
    """The mixture of one town.

    Args:
        frames: Length of its drive.
        number: Part of the seed.
        lanes: Lanes in each direction.
        bend: Bends of the road, radians.
        speed: Metres a frame.
        built: Share of lots with a building.
        wood: Share of the other lots that are full of trees.
        parked: Share of kerb with parked cars.
        rails: Share of kerb with guard rail.
        lane_tint: Brightness of the asphalt.
        avenue: Chance of a tree at each place of the street's rows.
        traffic: Metres between oncoming vehicles.
        terraced: Share of lots whose houses stand wall to wall along a pavement.
        bare: Share of trees without leaves. Above 0, pavements have bollards, railings
            and more signs, whose posts are poles.
        shops: Share of ground floors with a shop. Above 0, signs stick out of the
            fronts, some walls are glass or stone, and labels show railings without
            gaps.
    """

    frames: int
    number: int
    lanes: int = 1
    bend: float = 0.22
    speed: float = 0.8
    built: float = 0.5
    wood: float = 0.6
    parked: float = 0.5
    rails: float = 0.03
    lane_tint: float = 0.5
    avenue: float = 0.34
    traffic: float = 45.0
    terraced: float = 0.0
    bare: float = 0.0
    shops: float = 0.0


WORLDS = {
    "0001": World(447, 1, built=0.45, parked=0.5, avenue=0.36),
    "0002": World(233, 2, built=0.35, parked=0.3, bend=0.3, lane_tint=0.56),
    "0006": World(270, 6, built=0.3, wood=0.8, parked=0.35, bend=0.16, speed=0.7),
    "0018": World(339, 18, built=0.52, parked=0.4, avenue=0.5, lane_tint=0.45),
    "0020": World(
        837,
        20,
        lanes=2,
        bend=0.14,
        speed=1.0,
        built=0.25,
        parked=0.1,
        rails=0.24,
        avenue=0.45,
        traffic=32.0,
    ),
    "city1": World(
        300, 101, terraced=0.92, parked=0.4, bend=0.12, avenue=0.05, lane_tint=0.42
    ),
    "city2": World(
        300, 102, terraced=0.7, parked=0.55, bend=0.25, avenue=0.15, traffic=30.0
    ),
    "city3": World(
        300,
        103,
        lanes=2,
        terraced=0.8,
        parked=0.3,
        bend=0.1,
        avenue=0.1,
        lane_tint=0.46,
        traffic=26.0,
    ),
}
# The same cities in winter, with more along their pavements.
WORLDS |= {
    "winter1": replace(WORLDS["city1"], bare=0.8, avenue=0.2),
    "winter2": replace(WORLDS["city2"], bare=0.6, avenue=0.3),
    "winter3": replace(WORLDS["city3"], bare=0.7, avenue=0.45),
}
# The same streets with shops.
WORLDS |= {
    "high1": replace(WORLDS["winter1"], shops=0.8),
    "high2": replace(WORLDS["winter2"], shops=0.5),
    "high3": replace(WORLDS["winter3"], shops=0.6),
}
