"""From dice to pixels: silhouettes posed, lit and laid over a cluttered ground.

A picture is a mix of a few colours. All work is done on their weights, one number a pixel, for
many pictures of a class at a time; the colours come in at the end with one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tlcore.data.drawn.dice import Dice, Numbers
from tlcore.data.drawn.palette import LAYERS
from tlcore.data.drawn.silhouettes import CELLS, REACH, STEP, Field, field
from tlcore.recipe import Shapes

_AT_ONCE = 64 * 1024
"""Pixels painted together: few enough to stay in a processor's own memory."""

_LINE = np.float32(0.07)
"""Half the width of an outline, where a picture is 2 wide."""

_BEVEL = np.float32(0.22)
"""How far in from its edge an object is rounded."""


def paint(
    name: str, dice: Dice, colours: Numbers, look: Shapes, grain: np.random.Generator
) -> NDArray[np.uint8]:
    """Every picture of one silhouette: n x size x size x 3."""
    size = look.size
    pixels = np.empty((len(dice), size, size, 3), dtype=np.uint8)
    for rows in _portions(len(dice), max(1, _AT_ONCE // size**2)):
        mixed = colours[rows].swapaxes(1, 2) @ _weights(name, dice[rows], look)
        mixed *= _glow(dice[rows], size)
        pixels[rows] = _developed(mixed.reshape(-1, 3, size, size), look, grain)
    return pixels


def _portions(count: int, portion: int) -> Iterator[slice]:
    return (slice(start, start + portion) for start in range(0, count, portion))


def _axes(size: int) -> tuple[Numbers, Numbers]:
    """Where the pixels' middles are: x as a row, y (pointing up) as a column."""
    middles = ((2 * np.arange(size) + 1) / size - 1).astype(np.float32)
    return middles[None, None, :], -middles[None, :, None]


def _each(numbers: Numbers) -> Numbers:
    """One number a picture, to be spread over its pixels."""
    return numbers[:, None, None]


def _weights(name: str, dice: Dice, look: Shapes) -> Numbers:
    """How much of each layer's colour is in each pixel: n x layers x pixels."""
    size = look.size
    weights = np.empty((len(dice), len(LAYERS), size, size), dtype=np.float32)
    pose = Pose.of(dice)
    across, up = pose.seen_from_object(*_axes(size))
    distance = _read(field(name), across, up) * _each(pose.scale)
    cover = _cover(np.abs(distance) - _LINE if look.outline else distance, size)
    marks = _marks(dice, "body_marks", across, up)
    _lay(weights[:, : LAYERS.index("shadow")], cover, [*_light(dice, distance, size), marks])
    ground = [
        _shadow(field(name), pose, dice, across, up, look.outline),
        *_clutter(dice, size),
        _ground_marks(dice, size),
    ]
    _lay(weights[:, LAYERS.index("shadow") :], 1 - cover, ground)
    return weights.reshape(len(dice), len(LAYERS), size * size)


def _lay(weights: Numbers, left: Numbers, shares: Sequence[Numbers]) -> None:
    """Share out what is left from front to back; the last layer takes the rest."""
    for layer, share in enumerate(shares):
        np.multiply(left, share, out=weights[:, layer])
        left = left - weights[:, layer]
    weights[:, len(shares)] = left


@dataclass(frozen=True)
class Pose:
    """How objects stand in their pictures: one row a picture.

    Attributes:
        inverse: 2 x 2 matrices from picture to object.
        centre: Where the object's middle is.
        tilt: Perspective: how fast it shrinks to each side.
        scale: Its size, where a picture is 2 wide.
    """

    inverse: Numbers
    centre: Numbers
    tilt: Numbers
    scale: Numbers

    @classmethod
    def of(cls, dice: Dice) -> Pose:
        scale = dice.between("scale", 0.44, 0.76)
        turn = np.radians(dice.between("turn", -75, 75))
        cos, sin = np.cos(turn), np.sin(turn)
        wide = dice.between("stretch", 0.78, 1.26) * scale
        tall = scale * scale / wide
        mirror = np.where(dice.happens("mirror", 0.5), np.float32(-1), np.float32(1))
        shear = dice.between("shear", -0.3, 0.3)
        forward = np.stack(
            [
                np.stack([mirror * cos * wide, (shear * cos - sin) * tall], axis=-1),
                np.stack([mirror * sin * wide, (shear * sin + cos) * tall], axis=-1),
            ],
            axis=1,
        )
        room = 1.02 - scale[:, None]
        return cls(
            np.linalg.inv(forward).astype(np.float32),
            dice.between("place", -1, 1) * room,
            dice.between("tilt", -0.28, 0.28),
            scale,
        )

    def seen_from_object(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """The object's own coordinates of every pixel."""
        x, y = x - _each(self.centre[:, 0]), y - _each(self.centre[:, 1])
        (a, b), (c, d) = (map(_each, row.T) for row in self.inverse.swapaxes(0, 1))
        depth = 1 / (1 + _each(self.tilt[:, 0]) * x + _each(self.tilt[:, 1]) * y)
        return (a * x + b * y) * depth, (c * x + d * y) * depth


def _read(grid: Field, across: Numbers, up: Numbers) -> Numbers:
    """The grid's distances between its cells."""
    column = np.clip((across + REACH) / STEP, 0, CELLS - 1.01)
    row = np.clip((REACH - up) / STEP, 0, CELLS - 1.01)
    left, top = column.astype(np.intp), row.astype(np.intp)
    column -= left
    row -= top
    cell = top * CELLS + left
    flat = grid.ravel()
    upper: Numbers = flat[cell] + column * (flat[cell + 1] - flat[cell])
    cell += CELLS
    lower: Numbers = flat[cell] + column * (flat[cell + 1] - flat[cell])
    between: Numbers = upper + row * (lower - upper)
    return between


def _cover(distance: Numbers, size: int) -> Numbers:
    """The share of each pixel that lies inside: smooth edges without drawing larger."""
    share: Numbers = 0.5 - distance * np.float32(size / 2)
    return np.clip(share, 0, 1)


def _light(dice: Dice, distance: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """Where the rounded edge is bright and where it is dark."""
    down, right = np.gradient(distance, 2 / size, axis=(1, 2))
    angle = np.pi * dice.between("light", 0.2, 0.8)[:, 0]
    towards = right * _each(np.cos(angle)) - down * _each(np.sin(angle))
    towards *= np.clip(1 + distance / _BEVEL, 0, 1)
    return np.clip(0.65 * towards, 0, 0.6), np.clip(-0.8 * towards, 0, 0.75)


def _marks(dice: Dice, chance: str, across: Numbers, up: Numbers) -> Numbers:
    """Stripes, or dots where two sets of stripes cross; some objects have none."""
    kind, angle, pace, strength = dice.of(chance).T.astype(np.float32)
    angle, pace = _each(2 * np.pi * angle), _each(5 + 5 * pace)
    cos, sin = pace * np.cos(angle), pace * np.sin(angle)
    wave = np.sin(cos * across + sin * up)
    crossing = np.sin(cos * up - sin * across)
    dots = _each((kind < 0.35).astype(np.float32))
    wave *= 1 - dots + dots * crossing
    seen = np.where(kind < 0.75, 0.5 + 0.5 * strength, 0).astype(np.float32)
    return np.clip(2.5 * wave, 0, 1) * _each(seen)


def _ground_marks(dice: Dice, size: int) -> Numbers:
    """The ground's own pattern, and its fading from one colour into another."""
    x, y = _axes(size)
    angle = _each(2 * np.pi * dice.between("fade", 0, 1))
    fade = np.clip(0.5 + 0.5 * (x * np.cos(angle) + y * np.sin(angle)), 0, 1)
    across, up = np.broadcast_arrays(x, y)
    marks = _marks(dice, "ground_marks", across, up)
    return 0.5 * fade + 0.4 * marks


def _shadow(
    grid: Field, pose: Pose, dice: Dice, across: Numbers, up: Numbers, outline: bool
) -> Numbers:
    """A soft shadow on the ground, away from the light."""
    angle = np.pi * dice.between("light", 0.2, 0.8)[:, 0]
    away = -0.13 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    moved = (pose.inverse @ away[:, :, None].astype(np.float32))[:, :, 0]
    distance = _read(grid, across - _each(moved[:, 0]), up - _each(moved[:, 1]))
    distance = distance * _each(pose.scale)
    if outline:
        distance = np.abs(distance) - _LINE
    return np.clip(0.35 - 4 * distance, 0, 0.55)


def _clutter(dice: Dice, size: int) -> Iterator[Numbers]:
    """Bars and ovals lying about on the ground."""
    x, y = _axes(size)
    pieces = (
        dice.between("clutter_x", -1.05, 1.05),
        dice.between("clutter_y", -1.05, 1.05),
        np.pi * dice.between("clutter_turn", 0, 1),
        dice.between("clutter_length", 0.1, 0.6),
        dice.between("clutter_width", 0.06, 0.2),
    )
    for number, piece in enumerate(zip(*(p.T for p in pieces), strict=True)):
        left, bottom, turn, length, width = map(_each, piece)
        cos, sin = np.cos(turn), np.sin(turn)
        along = np.abs((cos * (x - left) + sin * (y - bottom)) / length)
        aside = np.abs((cos * (y - bottom) - sin * (x - left)) / width)
        out = np.maximum(along, aside) if number % 2 else np.hypot(along, aside)
        yield 0.8 * _cover((out - 1) * np.minimum(length, width), size)


def _glow(dice: Dice, size: int) -> Numbers:
    """Light that falls off to one side: n x 1 x pixels."""
    x, y = _axes(size)
    lean = dice.between("glow", -0.16, 0.16)
    light = 1 + _each(lean[:, 0]) * x + _each(lean[:, 1]) * y
    return light.reshape(len(dice), 1, -1)


def _developed(mixed: Numbers, look: Shapes, grain: np.random.Generator) -> NDArray[np.uint8]:
    """Out of focus and grainy, if asked for; then as bytes."""
    if look.blur:
        lens = _lens(look.size, look.blur)
        mixed = lens @ mixed @ lens.T
    picture = mixed.transpose(0, 2, 3, 1)
    if look.noise:
        noise = grain.standard_normal(picture.shape, dtype=np.float32)
        picture = picture + np.float32(0.3 * look.noise) * noise
    levels: Numbers = picture * 255 + np.float32(0.5)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _lens(size: int, blur: float) -> Numbers:
    """A matrix that blurs along one axis; multiplied from both sides it blurs a picture."""
    apart = np.subtract.outer(np.arange(size), np.arange(size))
    spread: Numbers = np.exp(-0.5 * (apart / (0.07 * blur * size)) ** 2)
    spread /= spread.sum(axis=1, keepdims=True)
    return spread.astype(np.float32)
