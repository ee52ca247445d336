"""The colours of the drawn world: chosen where equal steps look equal, so that they go together.

Colours are picked as lightness, chroma and hue in the OKLab space (B. Ottosson, 2020) and then
turned into red, green and blue.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore.data.drawn.dice import Dice, Numbers

Hues: TypeAlias = Numbers

LAYERS = ("glint", "shade", "body_marks", "body", "shadow", "clutter_0", "clutter_1", "clutter_2",
          "clutter_3", "ground_marks", "ground")  # fmt: skip
"""What a picture is made of, from front to back: one colour each."""

_CIRCLE = 2 * np.pi

_LAB_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728],
     [1, -0.0894841775, -1.2914855480]], dtype=np.float32,
)  # fmt: skip
_LMS_TO_RGB = np.array(
    [[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.7076147010]], dtype=np.float32,
)  # fmt: skip


def to_rgb(lightness: Numbers, chroma: Numbers, hue: Hues) -> Numbers:
    """Red, green and blue from 0 to 1; hue in turns.

    >>> to_rgb(np.float32([1]), np.float32([0]), np.float32([0])).round(2).tolist()
    [[1.0, 1.0, 1.0]]
    """
    lab = np.stack(
        [lightness, chroma * np.cos(_CIRCLE * hue), chroma * np.sin(_CIRCLE * hue)], axis=-1
    )
    linear = np.clip((lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0, 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    rgb: Numbers = np.where(linear <= 0.0031308, 12.92 * linear, curved)
    return rgb.astype(np.float32)


def cue_hue(values: NDArray[np.int64], classes: int, dice: Dice) -> Hues:
    """The hue that stands for a class: even steps around the circle, with a little play."""
    play = dice.between("cue_hue", -0.2, 0.2) / classes
    return ((values / classes + play) % 1).astype(np.float32)


def choose(
    dice: Dice, *, shift: float = 0.0, body_hue: Hues | None = None, ground_hue: Hues | None = None
) -> Numbers:
    """A colour for each layer of each picture: n x layers x 3.

    By day a deep object stands on a pale ground, by night a bright one on a dark ground. A hue
    given for body or ground is taken instead of chance's.
    """
    day = dice.happens("day", 0.4)
    body, ground = dice.of("body_colour").T, dice.of("ground_colour").T
    body_light = np.where(day, 0.46 + 0.16 * body[0], 0.68 + 0.16 * body[0])
    ground_light = np.where(day, 0.86 + 0.09 * ground[0], 0.26 + 0.16 * ground[0])
    hue = body[2] if body_hue is None else body_hue
    around = ground[2] if ground_hue is None else ground_hue
    strength = 0.02 + 0.05 * ground[1] if ground_hue is None else 0.09 + 0.03 * ground[1]
    body_chroma = 0.13 + 0.06 * body[1]
    marks = dice.of("marks_colour").T
    aside = (marks[0] - 0.5) * 0.16
    layers = [
        (np.full_like(hue, 0.98), np.full_like(hue, 0.02), hue),
        (body_light * 0.55, body_chroma * 0.7, hue - 0.03),
        (body_light + np.where(day, 0.12, -0.14), body_chroma, hue + aside),
        (body_light, body_chroma, hue),
        (ground_light * 0.45, strength * 0.8, around),
        *_clutter(dice, ground_light, strength, around),
        (ground_light + np.where(day, -0.07, 0.09), strength * 1.2, around + aside),
        (ground_light, strength, around),
    ]
    colours = np.stack([to_rgb(*(part.astype(np.float32) for part in layer)) for layer in layers])
    return _turned(colours.swapaxes(0, 1), shift)


def _clutter(dice: Dice, light: Numbers, strength: Numbers, hue: Hues) -> list[tuple[Numbers, ...]]:
    """Pieces in the ground's family: there to be seen, never louder than the object."""
    inward = np.where(light > 0.6, -1, 1)
    return [
        (light + inward * (0.07 + 0.14 * chance), strength * 1.5, hue + 0.3 * (chance - 0.5))
        for chance in dice.of("clutter_colour").T
    ]


def _turned(colours: Numbers, shift: float) -> Numbers:
    """The colours with the colour cube turned about its grey middle, by a quarter turn at most.

    Turning keeps every contrast, so what was to be seen still is; but what was light against
    dark becomes one hue against another, which no source picture shows.
    """
    if shift == 0:
        return colours
    axis = np.array([1, -1, 0.5]) / 1.5
    cross = np.cross(np.eye(3), axis)
    angle = np.pi / 2 * shift
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    turned: Numbers = (colours - 0.5) @ turn.astype(np.float32) + 0.5
    return np.clip(turned, 0, 1)
