"""The silhouettes of the drawn world: 14 to pre-train on, 10 others to transfer to.

Each is a signed distance: negative inside, positive outside, in a square from -1 to 1 with y
pointing up. A distance can be turned, sheared, outlined, lit and shaded after the fact, which a
drawn picture can't. `field` keeps each as a grid of distances to read off.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.floating[Any]]
Point: TypeAlias = tuple[float, float]

REACH = 1.4
"""The grid spans -REACH to REACH each way, so that there is some outside to read off."""

CELLS = 192
"""Cells of the grid each way."""

STEP = 2 * REACH / (CELLS - 1)

_SPAN = np.linspace(-REACH, REACH, CELLS, dtype=np.float32)
_X: Field = np.tile(_SPAN, (CELLS, 1))
_Y: Field = np.tile(-_SPAN[:, None], (1, CELLS))


@cache
def field(name: str) -> Field:
    """The silhouette's distances: row 0 is the top.

    >>> float(field("disc").min()) < -0.8 and float(field("disc").max()) > 0.4
    True
    """
    grid = _to_the_edge((SOURCE | TARGET)[name]())
    grid.setflags(write=False)
    return grid


def _to_the_edge(drawn: Field) -> Field:
    """Right distances where parts overlap: there, the nearest edge of a part is no edge at all.

    Near the true edge the drawn distances are kept, for they know it to a fraction of a cell;
    further off, whole cells are counted and smoothed, so that light falls evenly.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    inside = drawn < 0
    cells = distance_transform_edt(~inside) - distance_transform_edt(inside)
    smooth = gaussian_filter(cells, 2)
    near = np.clip(1.5 - np.abs(cells) / 2, 0, 1)
    distances: Field = near * drawn + (1 - near) * smooth * STEP
    return distances.astype(np.float32)


def disc(x: float, y: float, radius: float, squash: float = 1.0) -> Field:
    """A disc; `squash` flattens it (its distances are then only near right)."""
    to_centre: Field = np.hypot(_X - x, (_Y - y) / squash)
    return to_centre - radius


def ring(x: float, y: float, radius: float, width: float) -> Field:
    to_line: Field = np.abs(disc(x, y, radius))
    return to_line - width / 2


def bar(start: Point, end: Point, width: float) -> Field:
    """A line with round ends."""
    return _to_segment(start, end) - width / 2


def box(left: float, bottom: float, right: float, top: float) -> Field:
    return polygon((left, bottom), (right, bottom), (right, top), (left, top))


def polygon(*points: Point) -> Field:
    """A closed outline of straight edges."""
    edges = list(zip(points, (*points[1:], points[0]), strict=True))
    distance = np.minimum.reduce([_to_segment(*edge) for edge in edges])
    crossings = np.sum([_crosses(*edge) for edge in edges], axis=0)
    signed: Field = np.where(crossings % 2 == 1, -distance, distance)
    return signed


def union(*fields: Field) -> Field:
    joined: Field = np.minimum.reduce(fields)
    return joined


def overlap(*fields: Field) -> Field:
    common: Field = np.maximum.reduce(fields)
    return common


def cut(whole: Field, *holes: Field) -> Field:
    return overlap(whole, *(-hole for hole in holes))


def _to_segment(start: Point, end: Point) -> Field:
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    x, y = _X - start[0], _Y - start[1]
    share = np.clip((x * along_x + y * along_y) / (along_x**2 + along_y**2), 0, 1)
    distance: Field = np.hypot(x - share * along_x, y - share * along_y)
    return distance


def _crosses(start: Point, end: Point) -> NDArray[np.bool_]:
    """Whether a ray to the right of each cell meets this edge: an odd number means inside."""
    (x0, y0), (x1, y1) = start, end
    rise = (y1 - y0) or 1.0
    met: NDArray[np.bool_] = ((_Y >= y0) != (_Y >= y1)) & (_X < x0 + (_Y - y0) * (x1 - x0) / rise)
    return met


def _around(count: int, radius: float, start: float = 90.0) -> list[Point]:
    """Points evenly on a circle, from an angle in degrees."""
    angles = np.radians(start + 360 / count * np.arange(count))
    return [(radius * float(np.cos(a)), radius * float(np.sin(a))) for a in angles]


def _star() -> Field:
    outer, inner = _around(5, 1.0), _around(5, 0.42, start=126)
    return polygon(*(point for pair in zip(outer, inner, strict=True) for point in pair))


def _heart() -> Field:
    lobes = union(disc(-0.42, 0.32, 0.47), disc(0.42, 0.32, 0.47))
    return union(lobes, polygon((0, -0.95), (0.78, 0.02), (0, 0.52), (-0.78, 0.02)))


def _cross() -> Field:
    return union(box(-0.3, -0.9, 0.3, 0.9), box(-0.9, -0.3, 0.9, 0.3))


def _arrow() -> Field:
    head = polygon((0.95, 0), (0.15, 0.75), (0.15, -0.75))
    return union(head, box(-0.95, -0.26, 0.2, 0.26))


def _drop() -> Field:
    return union(disc(0, -0.35, 0.6), polygon((0, 1), (-0.53, -0.07), (0.53, -0.07)))


def _house() -> Field:
    walls = box(-0.65, -0.85, 0.65, 0.2)
    roof = polygon((-0.95, 0.1), (0.95, 0.1), (0, 0.95))
    return cut(union(walls, roof), box(-0.18, -0.95, 0.18, -0.25))


def _cloud() -> Field:
    puffs = union(disc(-0.5, -0.1, 0.42), disc(-0.02, 0.2, 0.52), disc(0.55, -0.08, 0.42))
    return union(puffs, bar((-0.5, -0.27), (0.55, -0.27), 0.5))


def _fish() -> Field:
    body = overlap(disc(0.2, -0.45, 0.92), disc(0.2, 0.45, 0.92))
    tail = polygon((-0.4, 0), (-0.95, 0.55), (-0.78, 0), (-0.95, -0.55))
    return cut(union(body, tail), disc(0.55, 0.12, 0.1))


def _tree() -> Field:
    top = polygon((-0.45, 0.3), (0.45, 0.3), (0, 1.0))
    middle = polygon((-0.62, -0.15), (0.62, -0.15), (0, 0.65))
    bottom = polygon((-0.8, -0.6), (0.8, -0.6), (0, 0.25))
    return union(top, middle, bottom, box(-0.16, -0.98, 0.16, -0.5))


def _bolt() -> Field:
    return polygon((0.2, 1), (-0.6, -0.12), (-0.08, -0.12), (-0.25, -1), (0.6, 0.22), (0.08, 0.22))


def _flower() -> Field:
    petals = union(*(disc(x, y, 0.37) for x, y in _around(6, 0.58)))
    return cut(union(petals, disc(0, 0, 0.5)), ring(0, 0, 0.22, 0.12))


def _umbrella() -> Field:
    scallops = [disc(x, 0.02, 0.32, 0.7) for x in (-0.62, 0.0, 0.62)]
    canopy = cut(overlap(disc(0, 0, 0.93), -box(-2, -2, 2, 0.0)), *scallops)
    hook = overlap(ring(0.19, -0.7, 0.19, 0.15), box(-1, -2, 1, -0.7))
    return union(canopy, bar((0, 0.9), (0, -0.7), 0.14), hook, disc(0, 0.95, 0.08))


def _key() -> Field:
    teeth = union(box(0.38, -0.45, 0.55, 0), box(0.74, -0.5, 0.92, 0))
    return union(ring(-0.5, 0, 0.34, 0.26), box(-0.2, -0.13, 0.92, 0.13), teeth)


def _mug() -> Field:
    body = polygon((-0.75, 0.75), (0.4, 0.75), (0.32, -0.8), (-0.67, -0.8))
    return union(body, cut(ring(0.42, 0.02, 0.38, 0.2), box(-1, -1, 0.3, 1)))


def _crown() -> Field:
    points = ((-0.9, 0.45), (-0.42, 0.0), (0, 0.7), (0.42, 0.0), (0.9, 0.45))
    band = polygon((-0.7, -0.7), *points, (0.7, -0.7))
    jewels = [disc(x, y, 0.14) for x, y in ((-0.9, 0.5), (0, 0.76), (0.9, 0.5))]
    return cut(union(band, *jewels), bar((-0.55, -0.44), (0.55, -0.44), 0.1))


def _boat() -> Field:
    hull = polygon((-0.95, -0.4), (0.95, -0.4), (0.6, -0.85), (-0.6, -0.85))
    sails = union(
        polygon((0.08, -0.22), (0.8, -0.22), (0.08, 0.95)),
        polygon((-0.08, -0.22), (-0.6, -0.22), (-0.08, 0.6)),
    )
    return union(hull, sails, box(-0.05, -0.45, 0.05, 0.95))


def _rocket() -> Field:
    body = overlap(disc(-0.62, 0.05, 0.98, 1.25), disc(0.62, 0.05, 0.98, 1.25), -_below(-0.62))
    fins = polygon((-0.28, -0.1), (-0.72, -0.9), (0, -0.55), (0.72, -0.9), (0.28, -0.1))
    return cut(union(body, fins), disc(0, 0.25, 0.15))


def _cat() -> Field:
    ears = union(
        polygon((-0.8, 0.95), (-0.75, 0.05), (-0.1, 0.5)),
        polygon((0.8, 0.95), (0.75, 0.05), (0.1, 0.5)),
    )
    eyes = (disc(-0.32, 0.0, 0.13), disc(0.32, 0.0, 0.13))
    return cut(union(disc(0, -0.15, 0.85, 0.85), ears), *eyes, disc(0, -0.33, 0.09))


def _leaf() -> Field:
    blade = overlap(disc(-0.45, 0.15, 0.93), disc(0.45, 0.15, 0.93))
    return cut(union(blade, bar((0, -0.5), (0, -1), 0.13)), bar((0, 0.45), (0, -0.4), 0.09))


def _below(y: float) -> Field:
    return _Y - y


SOURCE: dict[str, Callable[[], Field]] = {
    "disc": lambda: disc(0, 0, 0.85),
    "square": lambda: box(-0.75, -0.75, 0.75, 0.75),
    "triangle": lambda: polygon((-0.9, -0.65), (0.9, -0.65), (0, 0.9)),
    "ring": lambda: ring(0, 0, 0.67, 0.4),
    "cross": _cross,
    "star": _star,
    "heart": _heart,
    "moon": lambda: cut(disc(0.05, 0, 0.9), disc(0.5, 0.15, 0.75)),
    "arrow": _arrow,
    "drop": _drop,
    "house": _house,
    "cloud": _cloud,
    "fish": _fish,
    "tree": _tree,
}
"""What a backbone is pre-trained on."""

TARGET: dict[str, Callable[[], Field]] = {
    "bolt": _bolt,
    "boat": _boat,
    "cat": _cat,
    "crown": _crown,
    "flower": _flower,
    "key": _key,
    "leaf": _leaf,
    "mug": _mug,
    "rocket": _rocket,
    "umbrella": _umbrella,
}
"""What it is transferred to."""
