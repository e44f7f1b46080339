"""The ground: verges, roads, repairs and markings."""

import numpy as np

from segnet.scenes.town.town import Layout


def lay(layout: Layout) -> None:
    """Lays the ground of a town from bottom to top."""
    rng, road, edge = layout.rng, layout.road, layout.edge
    asphalt = layout.world.lane_tint * np.array((1.0, 0.985, 0.95))
    stretches = np.arange(layout.start - 30, layout.stop + 60, 20.0)
    for side in (-1, 1):
        kind, left = 0, 0
        for at in stretches:
            if left <= 0:
                kind, left = int(rng.integers(4)), int(rng.integers(2, 6))
            left -= 1
            wide = edge + (1.6, 2.6, 2.2, 0.0)[kind]
            if layout.world.terraced:
                _pavement(layout, at, side, kind)
            elif not kind == 3:
                looks = (
                    ("sand", 0.95, 7.0),
                    ("paving", 0.92, 5.0),
                    ("grass", 0.9, 6.0),
                )
                outline = road.strip(at, at + 20, side * edge * 0.9, side * wide)
                layout.patch(outline, *looks[kind], "Terrain")
    for _ in range(int(len(stretches) * 1.5)):
        at, side = rng.uniform(layout.start, layout.stop), rng.choice((-1, 1))
        turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        reach = rng.uniform(2, 7) * rng.uniform(0.7, 1.2, 12)
        d = side * (edge + rng.uniform(5, 26)) + reach * np.cos(turn)
        where = road.point(at + 1.8 * reach * np.sin(turn), d)
        layout.patch(where, "sand", rng.uniform(0.8, 1.0), 8.0, "Terrain")
    for at in layout.crossings:
        outline = road.point(
            at + np.array((-3.8, 3.8, 3.8, -3.8)), np.array((-90, -90, 90, 90))
        )
        layout.patch(outline, "asphalt", asphalt * 0.97, 7.0, "Road")
        for way in (-1, 1):
            for corner in (-1, 1):
                along = at + corner * np.array((3.6, 3.6, 8.0))
                side = way * (edge + np.array((0, 4.0, 0))) - way * 0.2
                layout.patch(road.point(along, side), "asphalt", asphalt, 7.0, "Road")
    for at in stretches:
        shade = asphalt * rng.uniform(0.96, 1.04)
        outline = road.strip(at, at + 20, -edge, edge)
        layout.patch(outline, "asphalt", shade, 7.0, "Road")
    _repairs(layout, asphalt)
    _markings(layout)


def _pavement(layout: Layout, at: float, side: int, kind: int) -> None:
    """Lays a stretch of pavement up to the fronts, slabs or asphalt, and its kerb."""
    road, edge = layout.road, layout.edge
    shade = (0.95, 0.8, 0.88, 0.64)[kind] * layout.rng.uniform(0.9, 1.05)
    texture, metres = ("asphalt", 5.0) if kind == 3 else ("paving", (6, 4, 9)[kind])
    wide = 7.0 if layout.world.shops else 5.0
    outline = road.strip(at, at + 20, side * edge, side * (edge + wide))
    layout.patch(outline, texture, shade, metres, "Terrain")
    kerb = road.strip(at, at + 20, side * edge, side * (edge + 0.16))
    layout.patch(kerb, "paving", 1.0, 11.0, "Terrain")


def _repairs(layout: Layout, asphalt) -> None:
    """Adds dark repairs, tyre tracks and gully covers."""
    rng, road = layout.rng, layout.road
    for at in np.arange(layout.start, layout.stop, 17.0):
        side, long = rng.uniform(-layout.edge, layout.edge - 1.5), rng.uniform(1.5, 9)
        outline = road.strip(at, at + long, side, side + rng.uniform(0.7, 1.8))
        layout.patch(outline, "asphalt", asphalt * rng.uniform(0.72, 0.9), 5.0, "Road")
        side = rng.choice((-1, 1)) * (layout.edge - rng.uniform(2.6, 3.4))
        lid = road.strip(at + 9, at + 9.7, side, side + 0.6)
        layout.patch(lid, "metal", (0.3, 0.29, 0.28), 1.0, "Road")
    for at in np.arange(layout.start - 30, layout.stop, 20.0):
        for lane in range(-layout.world.lanes, layout.world.lanes):
            for track in (0.95, 2.4):
                side = lane * 3.5 + track
                outline = road.strip(at, at + 20, side, side + 0.42, 5)
                layout.patch(outline, "asphalt", asphalt * 0.96, 6.0, "Road")


def _markings(layout: Layout) -> None:
    road, lanes, edge = layout.road, layout.world.lanes, layout.edge
    for at in np.arange(layout.start - 20, layout.stop, 8.0):
        if layout.clear(at + 4, 9):
            for lane in range(1 - lanes, lanes):
                middle = lane * 3.5
                dash = road.strip(at, at + 3.2, middle - 0.09, middle + 0.09)
                layout.patch(dash, "marking", 0.93, 4.0, "Road")
            for side in (-1, 1):
                line = side * lanes * 3.5
                band = road.strip(at, at + 8, line - 0.07, line + 0.07, 4)
                layout.patch(band, "marking", 0.9, 4.0, "Road")
    if layout.world.shops:
        _kerb_lines(layout)
    for at in layout.crossings:
        for way in (-1, 1):
            stop = at - way * 7.6
            sides = (0.2 * way, way * 3.5 * lanes)
            band = road.strip(stop - 0.25, stop + 0.25, *sides)
            layout.patch(band, "marking", 0.92, 4.0, "Road")
        if layout.rng.random() < 0.6:
            for side in np.arange(-edge + 0.5, edge - 0.6, 1.1):
                bar = road.strip(at + 4.6, at + 6.8, side, side + 0.55)
                layout.patch(bar, "marking", 0.94, 4.0, "Road")


def _kerb_lines(layout: Layout) -> None:
    """Adds two yellow lines along each kerb and a few red bicycle lanes."""
    rng, road, edge = layout.rng, layout.road, layout.edge
    yellow, red = (0.86, 0.72, 0.26), (0.56, 0.3, 0.26)
    for side in (-1, 1):
        for at in np.arange(layout.start - 20, layout.stop, 40.0):
            if rng.random() < 0.25:
                band = road.strip(at, at + 40, side * (edge - 1.6), side * (edge - 0.3))
                layout.patch(band, "asphalt", red, 6.0, "Road")
            if rng.random() < 0.7:
                for inside in (0.25, 0.5):
                    line = side * (edge - inside)
                    band = road.strip(at, at + 40, line - 0.05, line + 0.05)
                    layout.patch(band, "marking", yellow, 4.0, "Road")
