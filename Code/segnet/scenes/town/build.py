"""Lays out a drive: ground, lots, kerbs, crossings and traffic."""

import numpy as np

from segnet.scenes.surfaces.atlas import Atlas
from segnet.scenes.town import furniture, ground, lots, pavement
from segnet.scenes.town.town import Layout, Town
from segnet.scenes.town.worlds import World


def build(atlas: Atlas, world: World, seed: int) -> Town:
    """Returns the town of a world and seed; the same arguments give the same town."""
    layout = Layout(atlas, world, np.random.default_rng([seed, world.number, 7]))
    ground.lay(layout)
    for side in (-1, 1):
        lots.build(layout, side)
        _kerb(layout, side)
        lots.avenue(layout, side)
        lots.belt(layout, side)
    for at in layout.crossings:
        _crossing(layout, at)
    _regulars(layout)
    _traffic(layout)
    if world.terraced:
        pavement.fill(layout)
    return layout.town()


def _kerb(layout: Layout, side: int) -> None:
    """Fills runs of 8 m slots along the kerb with parked cars, rails or nothing."""
    rng, world, edge = layout.rng, layout.world, layout.edge
    run, left = "open", 0
    for at in np.arange(layout.start, layout.stop, 6.4):
        if left <= 0:
            shares = (
                world.parked,
                world.rails,
                max(0.05, 1 - world.parked - world.rails),
            )
            run = rng.choice(
                ("parked", "rail", "open"), p=np.divide(shares, sum(shares))
            )
            left = int(rng.integers(2, 6))
        left -= 1
        if not layout.clear(at, 9) or layout.railed(side, at):
            continue
        if run == "parked" and rng.random() < 0.86:
            kind = "Van" if rng.random() < 0.08 else "Car"
            turned = 0.0 if side > 0 or rng.random() < 0.3 else np.pi
            spot = side * (edge - 0.55 + rng.uniform(-0.12, 0.12))
            jitter = turned + rng.normal(0, 0.02)
            layout.vehicle(kind, at + rng.uniform(-0.6, 0.6), spot, turned=jitter)
        elif run == "rail":
            for half in (-1.6, 1.6):
                faces = furniture.guard_rail(layout.atlas, 3.3)
                layout.solid(faces, at + half, side * (edge + 0.5))


def _crossing(layout: Layout, at: float) -> None:
    rng, edge = layout.rng, layout.edge
    atlas = layout.atlas
    for way in (-1, 1):
        arm = bool(rng.random() < 0.4)
        light = furniture.traffic_light(atlas, rng, arm, layout.post)
        turned = 0.0 if way > 0 else np.pi
        layout.solid(light, at - way * 6.4, way * (edge + 1.0), turned)
        if rng.random() < 0.4:
            second = furniture.traffic_light(atlas, rng, False, layout.post)
            layout.solid(second, at + way * 5.6, way * (edge + 2.4), turned)
        kind = ("Car", "Car", "Car", "Van")[rng.integers(4)]
        lane = -1.9 * way
        spot = -way * (edge + rng.uniform(5, 14))
        layout.vehicle(kind, at + lane, spot, turned=way * np.pi / 2)
        if rng.random() < 0.6:
            spot = -way * (edge + rng.uniform(22, 45))
            layout.vehicle("Car", at + lane, spot, turned=way * np.pi / 2)


def _regulars(layout: Layout) -> None:
    """Adds each object that must never be far away once every few car lengths."""
    rng, edge, atlas = layout.rng, layout.edge, layout.atlas
    for at in np.arange(layout.start, layout.stop, 21.0):
        side = 1 if rng.random() < 0.6 else -1
        near = _free(layout, at)
        layout.solid(
            furniture.sign(atlas, rng, layout.post),
            near,
            side * (edge + rng.uniform(0.7, 1.6)),
            0.0 if side > 0 else np.pi,
        )
    for at in np.arange(layout.start + 9, layout.stop, 40.0):
        side = rng.choice((-1, 1))
        kind = int(rng.integers(4))
        spot = side * (edge + (6.6, 3.4, 3.0, 2.6)[kind])
        layout.solid(
            furniture.misc(atlas, rng, kind),
            _free(layout, at),
            spot,
            0.0 if side > 0 else np.pi,
        )
    for side, start, stop in layout.rails:
        for spot in np.arange(start, stop, 3.2):
            if layout.clear(spot, 5):
                layout.solid(
                    furniture.guard_rail(atlas, 3.3), spot, side * (edge + 0.5)
                )
        for _ in range(5):
            at = _free(layout, start + rng.uniform(-18, 18))
            lots.bush(layout, at, -side * (edge + rng.uniform(2.2, 4)))
    for at in np.arange(layout.start + 15, layout.stop, 76.0):
        side = 1 if rng.random() < 0.4 else -1
        pole = furniture.wooden_pole(atlas, rng)
        layout.solid(pole, _free(layout, at), side * (edge + 5.0))
    for at in np.arange(layout.start + 30, layout.stop, 66.0):
        side = rng.choice((-1, 1))
        turned = (0.0 if side > 0 else np.pi) + rng.normal(0, 0.1)
        spot = side * (edge + rng.uniform(8, 13))
        layout.vehicle("Truck", _free(layout, at, 12), spot, turned=turned)
    for at in np.arange(layout.start + 62, layout.stop, 98.0):
        spot = -edge - rng.uniform(3.2, 5)
        layout.vehicle("Truck", _free(layout, at, 12), spot, turned=np.pi)


def _free(layout: Layout, along: float, margin: float = 7.0) -> float:
    while not layout.clear(along, margin):
        along += 2.0
    return along


def _traffic(layout: Layout) -> None:
    """Adds moving vehicles, ahead of the camera and oncoming."""
    rng, world = layout.rng, layout.world
    length = world.frames * world.speed
    lane = 1.75 if world.lanes == 1 else 5.2
    kinds = ("Car",) * 13 + ("Van", "Van", "Truck")
    ahead = rng.uniform(13, 17)
    for kind in ("Car", "Van", "Car"):
        layout.vehicle(kind, ahead, lane, speed=world.speed, sway=3.0)
        ahead += rng.uniform(22, 34)
    for number in range(world.lanes):
        spot = -1.75 - 3.5 * number
        pace = world.speed * (0.95 - 0.2 * number)
        at = rng.uniform(10, 30)
        while at < length + pace * world.frames + 260:
            kind = kinds[rng.integers(16)]
            layout.vehicle(kind, at, spot, speed=-pace, turned=np.pi)
            at += world.traffic * rng.uniform(0.7, 1.5)
    if world.lanes > 1:
        pace = world.speed * 0.2
        at = -world.frames * pace - 20
        while at < 260:
            layout.vehicle(kinds[rng.integers(16)], at, 1.75, speed=world.speed + pace)
            at += 46 * rng.uniform(0.7, 1.5)
