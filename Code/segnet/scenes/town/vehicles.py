"""Cars, vans and trucks as small meshes."""

import numpy as np

from segnet.scenes.surfaces.atlas import Atlas
from segnet.scenes.town.bodies import BODIES
from segnet.scenes.town.mesh import Builder, Faces

SIZES = {"Car": (1.76, 1.46, 4.2), "Van": (1.95, 2.15, 4.9), "Truck": (2.45, 3.4, 8.2)}
"""Approximate width, height and length in metres, for shadows and spacing."""

RED, LAMP = (0.72, 0.05, 0.05), (1.0, 0.99, 0.95)

CAR_BODIES = ("hatch", "saloon", "estate")


def car(atlas: Atlas, body: str, colour, owner: int, glazed: bool = True) -> Faces:
    """Returns a car or van of one of the bodies, heading ahead, wheels on the ground.

    Args:
        atlas: The textures.
        body: A car body, or "van".
        colour: Paint, three values of 0-1.
        owner: Owner of its pixels.
        glazed: False for a delivery van with closed sides.
    """
    shape = BODIES[body]
    builder = Builder(atlas, owner)
    ring = shape["ring"]
    _wheel_discs(builder, ring, hidden=True)
    _hull(builder, ring, colour)
    _ends(builder, ring, colour)
    _cabin(builder, ring, shape, colour, glazed)
    _wheel_discs(builder, ring, hidden=False)
    return builder.faces()


def _hull(builder: Builder, ring, colour) -> None:
    """Adds the sides below and above the crease, and the bonnet and boot on top."""
    for back, front in zip(ring[:-1], ring[1:], strict=True):
        z0, w0, low0, mid0, top0 = back
        z1, w1, low1, mid1, top1 = front
        for side in (-1, 1):
            inner0, inner1 = w0 * 0.93 * side, w1 * 0.93 * side
            upper = [
                (inner0, top0, z0),
                (inner1, top1, z1),
                (w1 * side, mid1, z1),
                (w0 * side, mid0, z0),
            ]
            lower = [
                (w0 * side, mid0, z0),
                (w1 * side, mid1, z1),
                (inner1, low1, z1),
                (inner0, low0, z0),
            ]
            for points, shade in ((upper, 1.0), (lower, 0.86)):
                tint = np.multiply(colour, shade)
                builder.quad(_facing(points, side), "paint", tint, gloss=0.6)
        deck = [
            (-w1 * 0.93, top1, z1),
            (w1 * 0.93, top1, z1),
            (w0 * 0.93, top0, z0),
            (-w0 * 0.93, top0, z0),
        ]
        builder.quad(deck, "paint", colour, gloss=0.9)
    _seams(builder, ring)


def _seams(builder: Builder, ring) -> None:
    """Adds door gaps, a sill and handles."""
    z0, z1 = ring[2][0], ring[3][0]
    wide = ring[2][1] + 0.004
    for side in (-1, 1):
        for z in (z0 + 0.05, (z0 + z1) / 2 - 0.06, z1 - 0.12):
            patch(builder, side, wide, (z, z + 0.025), (0.3, 0.93), "dark")
        patch(builder, side, wide, (z0 - 0.2, z1 + 0.1), (0.23, 0.33), "dark")
        for z in (z0 + 0.2, (z0 + z1) / 2 + 0.05):
            patch(builder, side, wide, (z, z + 0.18), (0.78, 0.82), "plain", 0.6)


def patch(builder, side, x, z, y, texture, tint=1.0, gloss=0.0) -> None:
    points = [
        (side * x, y[1], z[0]),
        (side * x, y[1], z[1]),
        (side * x, y[0], z[1]),
        (side * x, y[0], z[0]),
    ]
    builder.quad(_facing(points, side), texture, tint, gloss=gloss)


def _facing(points, side: int):
    """Returns points given for the right side, in mirrored order for the left."""
    if side > 0:
        return points
    return [points[1], points[0], points[3], points[2]]


def _ends(builder: Builder, ring, colour) -> None:
    for index, way in ((0, -1), (-1, 1)):
        z, wide, low, mid, top = ring[index]
        dark = np.multiply(colour, 0.9)

        def panel(x, y, texture, tint=1.0, gloss=0.0, out=0.0, z=z, way=way):
            points = [
                (x[0], y[1], z + way * out),
                (x[1], y[1], z + way * out),
                (x[1], y[0], z + way * out),
                (x[0], y[0], z + way * out),
            ]
            builder.quad(_facing(points, -way), texture, tint, gloss=gloss)

        panel((-wide, wide), (low, mid), "paint", dark, 0.5)
        panel((-wide * 0.96, wide * 0.96), (mid, top), "paint", colour, 0.6)
        panel((-wide, wide), (low, low + 0.12), "dark", out=0.01)
        panel((-0.26, 0.26), (mid - 0.18, mid - 0.06), "plate", out=0.02)
        lamp, height = (RED, 0.26) if way < 0 else (LAMP, 0.14)
        for side in (-1, 1):
            edge = sorted((side * wide * 0.98, side * wide * 0.7))
            lamp_y = (top - 0.04 - height, top - 0.04)
            panel(edge, lamp_y, "plain", lamp, 0.3, out=0.02)
            z_back, z_ahead = ring[index][0], ring[1 if way < 0 else -2][0]
            near = z_back + 0.5 * (z_ahead - z_back)
            inner = 0.5 * (wide + ring[1 if way < 0 else -2][1])
            corner = [
                (side * wide, lamp_y[1], z_back),
                (side * inner, lamp_y[1], near),
                (side * inner, lamp_y[0], near),
                (side * wide, lamp_y[0], z_back),
            ]
            builder.quad(_facing(corner, side * -way), "plain", lamp, gloss=0.3)
        if way > 0:
            panel((-wide * 0.5, wide * 0.5), (mid, top - 0.06), "grille", out=0.015)


def _cabin(builder: Builder, ring, shape, colour, glazed: bool) -> None:
    tail, roof_back, roof_front, nose = shape["cabin"]
    belt = np.interp([tail, nose], [r[0] for r in ring], [r[4] for r in ring]) - 0.02
    roof = shape["roof"]
    low = np.interp([tail, nose], [r[0] for r in ring], [r[1] for r in ring]) * 0.92
    high = low * 0.84 if shape["roof"] < 1.9 else low * 0.94
    base = {
        (s, e): (s * low[e], belt[e], (tail, nose)[e]) for s in (-1, 1) for e in (0, 1)
    }
    crown = {
        (s, e): (s * high[e], roof - 0.04 * e, (roof_back, roof_front)[e])
        for s in (-1, 1)
        for e in (0, 1)
    }
    rear = [crown[-1, 0], crown[1, 0], base[1, 0], base[-1, 0]]
    front = [crown[1, 1], crown[-1, 1], base[-1, 1], base[1, 1]]
    top = [crown[-1, 1], crown[1, 1], crown[1, 0], crown[-1, 0]]
    _mirrors(builder, low[1], base[1, 1], colour, whole=True)
    for points in (rear, front):
        builder.quad(points, "paint", np.multiply(colour, 0.95), gloss=0.5)
        if points is front or glazed:
            builder.quad(_inset(points, 0.06, 0.1), "glass", gloss=0.7)
    for side in (-1, 1):
        panel = [crown[side, 0], crown[side, 1], base[side, 1], base[side, 0]]
        builder.quad(_facing(panel, side), "paint", colour, gloss=0.6)
        cuts = ((0.1, 0.47), (0.52, 0.93)) if glazed else ((0.62, 0.94),)
        for start, stop in cuts:
            pane = _slice(panel, start, stop)
            builder.quad(_facing(_inset(pane, 0.0, 0.12), side), "glass", gloss=0.7)
    builder.quad(top, "paint", colour, gloss=1.0)
    _mirrors(builder, low[1], base[1, 1], colour, whole=False)


def _mirrors(builder: Builder, wide, root, colour, whole: bool) -> None:
    """Adds mirrors: boxes behind the cabin, only their outer sides in front of it."""
    z, y = root[2] - 0.32, (root[1] + 0.02, root[1] + 0.16)
    for side in (-1, 1):
        x = sorted((side * (wide + 0.02), side * (wide + 0.2)))
        sides = "fblrt" if whole else "lr"[side > 0]
        builder.box(x, y, (z - 0.08, z), "paint", colour, sides=sides, gloss=0.4)


def _inset(points, across: float, down: float):
    p = np.asarray(points, np.float32)
    top, bottom = p[1] - p[0], p[2] - p[3]
    a, b = p[0] + across * top, p[1] - across * top
    c, d = p[2] - across * bottom, p[3] + across * bottom
    return [
        a + down * (d - a),
        b + down * (c - b),
        c - down * (c - b),
        d - down * (d - a),
    ]


def _slice(points, start: float, stop: float):
    p = np.asarray(points, np.float32)
    top, bottom = p[1] - p[0], p[2] - p[3]
    return [
        p[0] + start * top,
        p[0] + stop * top,
        p[3] + stop * bottom,
        p[3] + start * bottom,
    ]


def _wheel_discs(builder: Builder, ring, hidden: bool) -> None:
    """Adds the far wheels, seen through the body, or the near ones and their arches."""
    radius = 0.33 if ring[0][1] < 0.85 else 0.36
    for z in (ring[1][0] + 0.62, ring[-2][0] - 0.38):
        for side in (-1, 1):
            edge = side * (max(r[1] for r in ring) + 0.01)
            if hidden:
                x = sorted((edge * 0.72, edge * 0.96))
                sides = "fbt"
                builder.box(
                    x,
                    (0, 0.5),
                    (z - radius * 0.9, z + radius * 0.9),
                    "dark",
                    sides=sides,
                )
                continue
            disc(builder, edge, radius + 0.055, z, radius + 0.01, "dark", side)
            disc(builder, edge * 1.004, radius, z, radius, "wheel", side)


def disc(builder, x, radius, z, height, texture, side) -> None:
    turn = np.arange(8) * np.pi / 4 + np.pi / 8
    points = [(x, height + radius * np.cos(t), z + radius * np.sin(t)) for t in turn]
    builder.outline(points if side > 0 else points[::-1], texture)
