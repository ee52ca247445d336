"""Curves read in words: what the shape of a run's losses and accuracies says, by plain rules.

Each rule looks at whole epochs and speaks only of what stands out of the jitter from one to the
next, which is measured on the curve itself: a best epoch is best by luck, too, so ends are held
against smoothed curves. Epochs are numbered from 1 in what is said, and from 0 in the code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from tlcore.formatting import in_percent, points

RISE = 1.05
"""A loss this many times its lowest has risen."""
JITTERS = 3.0
"""A change of a loss that is more than its jitter, by so many of its deviations."""
FALL = 0.98
"""A loss this many times an earlier one has fallen."""
NOTABLE = 0.01
"""A change of accuracy worth a word."""
DROP = 0.05
"""A fall of accuracy that looks like something was forgotten."""
APART = 0.10
"""Training and validation accuracy this far apart are a gap."""
EARLY = 0.8
"""The share of its best accuracy at which a first epoch has done most of the work."""
FEW, SOME = 3, 6
"""Epochs that some rules, and more careful rules, need."""

_TWO_SIDED = NormalDist().inv_cdf(0.975)

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """Something that curves say.

    Attributes:
        rule: Which rule speaks, in a word.
        text: The sentence.
        epoch: The epoch that it is about, from 0; None if about the whole run.
    """

    rule: str
    text: str
    epoch: int | None = None


@dataclass(frozen=True, eq=False)
class _Curves:
    """Losses and accuracies, an entry an epoch; NaN where nothing was measured."""

    train_loss: Values
    validation_loss: Values
    train_accuracy: Values
    validation_accuracy: Values
    thaws: tuple[int, ...]
    chance: float
    commonest: float
    pictures: int

    @property
    def epochs(self) -> int:
        return len(self.train_loss)

    @property
    def loss(self) -> Values:
        """On the validation share if there is one."""
        return self.train_loss if np.isnan(self.validation_loss).all() else self.validation_loss

    @property
    def accuracy(self) -> Values:
        """On the validation share if there is one."""
        missing = np.isnan(self.validation_accuracy).all()
        return self.train_accuracy if missing else self.validation_accuracy

    @property
    def notable(self) -> float:
        """The least change of accuracy worth a word: on few pictures, chance does more."""
        if not self.pictures or np.isnan(self.accuracy).all():
            return NOTABLE
        usual = float(np.nanmean(self.accuracy))
        return max(NOTABLE, _TWO_SIDED * math.sqrt(2 * usual * (1 - usual) / self.pictures))

    @property
    def name(self) -> str:
        missing = np.isnan(self.validation_accuracy).all()
        return "training accuracy" if missing else "validation accuracy"


def read_curves(
    epochs: Sequence[Mapping[str, float | None]],
    *,
    thaws: Sequence[int] = (),
    classes: int = 0,
    pictures: int = 0,
    commonest: float = 0.0,
) -> tuple[Reading, ...]:
    """What the curves of a run say; always at least one sentence.

    >>> held_out = [0.9, 0.8, 0.7, 0.71, 0.74, 0.77, 0.8, 0.84, 0.87, 0.9]
    >>> run = [{"train_loss": 1 / (epoch + 1), "validation_loss": loss}
    ...        for epoch, loss in enumerate(held_out)]
    >>> print(read_curves(run)[0].text)
    Validation loss rose after epoch 3 while training loss kept falling: overfitting.

    Args:
        epochs: For each epoch `train_loss`, `validation_loss`, `train_accuracy` and
            `validation_accuracy`; what wasn't measured is None or left out.
        thaws: The epochs, from 0, from which on more was trained than before.
        classes: How many classes there are to guess from; 0 if that isn't known.
        pictures: How many pictures accuracy was measured on; 0 if that isn't known.
        commonest: The share of the commonest class among them; 0 if that isn't known.
    """
    if not epochs:
        return (Reading("empty", "No epoch was finished, so there are no curves to read."),)
    curves = _Curves(
        train_loss=_column(epochs, "train_loss"),
        validation_loss=_column(epochs, "validation_loss"),
        train_accuracy=_column(epochs, "train_accuracy"),
        validation_accuracy=_column(epochs, "validation_accuracy"),
        thaws=tuple(sorted(thaw for thaw in thaws if 0 < thaw < len(epochs))),
        chance=1 / classes if classes else math.nan,
        commonest=commonest,
        pictures=pictures,
    )
    if failed := _diverged(curves) or _did_not_learn(curves):
        return (failed,)
    said = (*_thaws(curves), *(found for rule in _RULES if (found := rule(curves))))
    return said or (Reading("even", "Training went evenly; nothing stands out."),)


def _diverged(curves: _Curves) -> Reading | None:
    loss = curves.train_loss
    if np.isfinite(loss).all() and not loss[-1] > 1.5 * loss[0]:
        return None
    text = "Training loss grew instead of falling: try a lower learning rate."
    return Reading("diverged", text)


def _did_not_learn(curves: _Curves) -> Reading | None:
    """The best of many epochs is partly luck: it has to be better than chance allows any of them to
    be (Bonferroni)."""
    best = np.nanmax(curves.accuracy) if np.isfinite(curves.accuracy).any() else math.nan
    if math.isnan(best) or math.isnan(curves.chance):
        return None
    blind = max(curves.chance, curves.commonest)
    deviations = NormalDist().inv_cdf(1 - 0.025 / curves.epochs)
    if best > blind + deviations * math.sqrt(blind * (1 - blind) / (curves.pictures or 1000)):
        return None
    always = curves.commonest > curves.chance
    how = "always saying the commonest class" if always else "guessing"
    text = f"It did not learn: {in_percent(best)} at best, and {how} gives {in_percent(blind)}."
    return Reading("did not learn", text)


def _overfitting(curves: _Curves) -> Reading | None:
    best = _turn(curves)
    if best is None:
        return None
    text = f"Validation loss rose after epoch {best + 1} while training loss kept falling: "
    grown = curves.validation_accuracy[-1] - curves.validation_accuracy[best]
    if grown > curves.notable:
        text += (
            f"overfitting. Validation accuracy still grew by {points(grown)}: it gets surer of "
            "its mistakes rather than making more."
        )
    else:
        text += "overfitting."
    return Reading("overfitting", text, best)


def _gap(curves: _Curves) -> Reading | None:
    train, validation = curves.train_accuracy[-1], curves.validation_accuracy[-1]
    if not train - validation > APART or _turn(curves) is not None:
        return None
    text = (
        f"At the end training accuracy lies {points(train - validation)} above validation accuracy "
        f"({in_percent(train)} and {in_percent(validation)}): it knows its training pictures "
        "better than new ones."
    )
    return Reading("gap", text)


def _still_improving(curves: _Curves) -> Reading | None:
    loss, last = curves.loss, max(2, math.ceil(curves.epochs / 3))
    if curves.epochs < FEW or np.isnan(loss).any():
        return None
    falling = loss.argmin() == len(loss) - 1 and loss[-1] < FALL * loss[-last]
    steady = (np.diff(loss[-max(last, FEW + 1) :]) < 0).all()  # rare by chance
    if not falling or not steady or curves.epochs <= FEW:
        return None
    return Reading("improving", "Still improving when it ended: more epochs may help.")


def _flat(curves: _Curves) -> Reading | None:
    accuracy = curves.accuracy
    if curves.epochs < SOME or np.isnan(accuracy).any() or _turn(curves) is not None:
        return None
    enough = accuracy.max() - min(curves.notable / 2, NOTABLE)
    near = int(np.flatnonzero(accuracy >= enough)[0])
    fell = curves.loss[near:].min() < 0.9 * curves.loss[near]
    if near >= curves.epochs / 2 or fell or _rises(accuracy[near:]):
        return None
    text = f"Little changed after epoch {near + 1}: fewer epochs would have done."
    return Reading("flat", text, near)


def _rises(accuracy: Values) -> bool:
    """Whether the second half of what is left is better than the first, on average."""
    half = len(accuracy) // 2
    return bool(accuracy[-half:].mean() > accuracy[:half].mean() + NOTABLE / 4)


def _jumpy(curves: _Curves) -> Reading | None:
    loss = curves.loss[curves.epochs // 3 :]
    if curves.epochs < SOME or np.isnan(loss).any():
        return None
    steps = np.diff(loss)
    turns = (steps[1:] * steps[:-1] < 0).mean()
    if turns <= 0.5 or np.abs(steps).mean() < 0.1 * loss.mean():
        return None
    text = (
        "The loss jumps up and down from epoch to epoch: a lower learning rate, or more pictures "
        "to measure it on, would calm it."
    )
    return Reading("jumpy", text)


def _at_once(curves: _Curves) -> Reading | None:
    accuracy = curves.accuracy
    if curves.epochs < FEW or np.isnan(accuracy).any() or accuracy[0] < EARLY * accuracy.max():
        return None
    text = (
        f"Most was there after the first epoch: {curves.name} was {in_percent(accuracy[0])} then, "
        f"and {in_percent(accuracy.max())} at best."
    )
    return Reading("at once", text, 0)


_RULES: tuple[Callable[[_Curves], Reading | None], ...] = (
    _at_once,
    _overfitting,
    _gap,
    _still_improving,
    _flat,
    _jumpy,
)


def _thaws(curves: _Curves) -> Iterator[Reading]:
    """What became of accuracy from each thaw to the next, or to the end."""
    for thaw, end in pairwise((*curves.thaws, curves.epochs)):
        accuracy = curves.accuracy[thaw - 1 : end]
        if np.isfinite(accuracy).all():
            yield Reading("thaw", _thaw_text(curves, thaw, accuracy), thaw)


def _thaw_text(curves: _Curves, thaw: int, accuracy: Values) -> str:
    """Accuracy starts with the last epoch before the thaw."""
    before, first, after = accuracy[0], accuracy[1], accuracy[-1]
    change = f"({in_percent(before)} to {in_percent(after)})"
    if before - first > max(DROP, curves.notable):
        left = "won them back" if after >= before else f"ended {points(before - after)} lower"
        return (
            f"The thaw at epoch {thaw + 1} first cost {points(before - first)} of {curves.name}, "
            f"and it {left} {change}: a lower rate for what thaws may spare that."
        )
    if abs(after - before) < curves.notable:
        return f"After the thaw at epoch {thaw + 1}, {curves.name} hardly changed {change}."
    way = "rose" if after > before else "fell"
    text = f"After the thaw at epoch {thaw + 1}, {curves.name} {way} by {points(after - before)} "
    return f"{text}{change}{_trend(curves, thaw, after - before)}."


def _trend(curves: _Curves, thaw: int, gain: float) -> str:
    """A rise that had begun before is not the thaw's doing alone."""
    if thaw < 2 or gain < 0:
        return ""
    pace = curves.accuracy[thaw - 1] - curves.accuracy[thaw - 2]
    return f"; it was rising by {points(pace)} an epoch before" if pace > curves.notable else ""


def _turn(curves: _Curves) -> int | None:
    """The epoch after which validation loss rose while training loss fell; None if it didn't, or if
    there are too few epochs to tell.

    Its end is held against the lowest of a smoothed curve, since the lowest of all epochs was
    picked for being low; the rise has to stand out of the jitter.
    """
    validation, train = curves.validation_loss, curves.train_loss
    if np.isnan(validation).any() or curves.epochs < SOME:
        return None
    smooth = _smoothed(validation)
    best = int(smooth[:-1].argmin())
    ending = validation[-max(3, curves.epochs // 3) :]
    rise = float(np.median(ending)) - smooth[best]
    if best >= curves.epochs - 3 or train[-1] >= FALL * train[best]:
        return None
    needed = max((RISE - 1) * smooth[best], JITTERS * _jitter(validation))
    return best if rise > needed else None


def _smoothed(values: Values) -> Values:
    """Each epoch's median with its neighbours."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    middle: Values = np.median(np.stack([padded[:-2], values, padded[2:]]), axis=0)
    return middle


def _jitter(values: Values) -> float:
    """The standard deviation of what isn't trend: of how far each epoch lies from the middle of its
    neighbours, as if it were normal, without the steep first epochs."""
    bends = np.diff(values[len(values) // 4 :], n=2)
    return float(np.sqrt(np.mean(bends**2) / 6)) if len(bends) else math.inf


def _column(epochs: Sequence[Mapping[str, float | None]], name: str) -> Values:
    values = (epoch.get(name) for epoch in epochs)
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
