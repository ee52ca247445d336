"""Which backbone for these pictures: what a few got when each was tried, and at what cost.

Who tries is `tlcore.nn.trial`; here lies what it found, and what follows from that. Nothing is
guessed from names or sizes: every card looked at the same pictures, and an exact head and the
nearest neighbours were asked of pictures that they had not seen. The test pictures are no part.

>>> fast = Tried("a", "A", 96, Interval(0.88, 0.8, 0.93, 90), Interval(0.8, 0.7, 0.9, 90), 1, 3, 9)
>>> slow = replace(fast, backbone="b", title="B", milliseconds=9.0, behind=(-0.05, 0.03))
>>> found = Trial((fast, slow))
>>> found.best.title, [each.title for each in found.front], found.thrifty
('A', ['A'], None)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tlcore import catalog
from tlcore.advice.defaults import DRAWN, FOR_PHOTOS, Here, suited
from tlcore.analysis.intervals import Interval
from tlcore.catalog import Backbone
from tlcore.errors import DataError
from tlcore.formatting import quantity, rate
from tlcore.recipe import Data, Model, Recipe

MOST = 5
"""Cards that are tried, unless told otherwise."""

_CHEAPER = 0.7
"""A card must take at most this share of another's time to be worth naming for it."""


@dataclass(frozen=True)
class Tried:
    """What a card got, and what it cost.

    Attributes:
        backbone: As recipes name it.
        title: As people do.
        size: Of the pictures that it looked at.
        head: How many an exact head got right that had not seen them, with its interval.
        neighbours: The same of the five nearest pictures, each picture left out in turn.
        seconds: All that trying took.
        milliseconds: For a picture, on its way through.
        megabytes: Of its weights, as 32-bit numbers.
        memory: Bytes that its run would take; 0 if nobody can say.
        licence: Of its weights.
        behind: How far it is from the best on the same pictures, at least and at most; no interval
            for the best itself.
        stopped: Whether it could no longer win after the first pictures, and saw no more.
        kept: Whether a run finds what was computed.
    """

    backbone: str
    title: str
    size: int
    head: Interval
    neighbours: Interval
    seconds: float
    milliseconds: float
    megabytes: float
    memory: float = 0.0
    licence: str = ""
    behind: tuple[float, float] | None = None
    stopped: bool = False
    kept: bool = False

    @property
    def may_be_best(self) -> bool:
        """Whether it can't be told from the best."""
        return not self.stopped and (self.behind is None or self.behind[1] >= 0)


@dataclass(frozen=True)
class Trial:
    """Some cards, tried on the same pictures.

    Attributes:
        tried: The best first.
        elsewhere: What else there is, whose weights would have to be fetched, in words.
        pictures: How many there are to learn from.
        fingerprint: Of the data set.
        late: Cards that there was no time for.
    """

    tried: tuple[Tried, ...]
    elsewhere: tuple[str, ...] = ()
    pictures: int = 0
    fingerprint: str = ""
    late: tuple[str, ...] = ()

    @property
    def best(self) -> Tried:
        """The one to take: the most accurate that saw all pictures."""
        return ranked(self.tried)[0]

    @property
    def thrifty(self) -> Tried | None:
        """The fastest that can't be told from the best, if it is much faster."""
        able = [each for each in self.tried if each.may_be_best]
        found = min(able, key=lambda each: each.milliseconds)
        return found if found.milliseconds < _CHEAPER * self.best.milliseconds else None

    @property
    def front(self) -> tuple[Tried, ...]:
        """Those of which no other is both faster and more accurate, the fastest first."""
        found: list[Tried] = []
        for each in sorted(self.tried, key=lambda each: (each.milliseconds, -each.head.value)):
            if not each.stopped and all(each.head.value > other.head.value for other in found):
                found.append(each)
        return tuple(found)


def ranked(tried: Sequence[Tried]) -> list[Tried]:
    """The best first; whoever was stopped comes last."""
    return sorted(tried, key=lambda each: (each.stopped, -each.head.value, each.milliseconds))


def recipe_for(data: Data, backbone: str, *, here: Here | None = None) -> Recipe:
    """What a card is tried with, and what runs if it is taken."""
    asked = Recipe(data=data, model=Model(backbone=backbone))
    return suited(asked, typed=("model.backbone",), here=here).recipe


def cards_to_try(data: Data, *, most: int = MOST, here: Here | None = None) -> tuple[Backbone, ...]:
    """Cards with weights on this machine, the most promising first."""
    here = here or _is_here
    order = [*FOR_PHOTOS, *(card.name for card in catalog.CARDS)]
    if data.name in DRAWN:
        order.insert(0, "pebble-shapes")
    names = dict.fromkeys(order)
    cards = [card for name in names if (card := catalog.lookup(name)) and card.kind != "scratch"]
    return tuple(card for card in cards if here(card.name))[:most]


def cards_elsewhere(*, here: Here | None = None) -> tuple[str, ...]:
    """Cards that a click would fetch, the best where we measured first: what they weigh and got."""
    here = here or _is_here
    cards = [card for card in catalog.CARDS if card.tag and not here(card.name)]
    cards.sort(key=lambda card: -FOR_PHOTOS.get(card.name, 0))
    return tuple(_elsewhere(card) for card in cards)


def _elsewhere(card: Backbone) -> str:
    known = FOR_PHOTOS.get(card.name)
    got = f"; it got {known:.0f} of 100 of our photos right" if known else ""
    return f"{card.title} ({4 * card.parameters / 1e6:,.0f} MB, {card.licence}){got}"


def _is_here(name: str) -> bool:
    return catalog.here(name) is not None


def in_words(trial: Trial) -> list[str]:
    """What a person should take from it, sentence by sentence."""
    best = trial.best
    told = [
        f"{best.title} at {best.size} px got {rate(best.head)} of {best.head.n:,} pictures "
        "right that its head had not seen."
    ]
    alike = [each for each in trial.tried if each is not best and each.may_be_best]
    if alike:
        names = ", ".join(each.title for each in alike)
        told.append(f"So few pictures can't tell it from: {names}.")
    if (thrifty := trial.thrifty) is not None:
        times = best.milliseconds / thrifty.milliseconds
        told.append(f"{thrifty.title} may be as good, and is {times:.1f} times as fast.")
    if stopped := [each.title for each in trial.tried if each.stopped]:
        told.append(f"Stopped early, because they could no longer win: {', '.join(stopped)}.")
    if trial.late:
        told.append(f"There was no time for {', '.join(trial.late)}.")
    if best.kept:
        told.append("What it made of the pictures is kept: the run begins where this ended.")
    elif best.head.n < trial.pictures:
        told.append(f"It looked at {best.head.n:,} of {quantity(trial.pictures, 'picture')} only.")
    return told


def to_json(trial: Trial) -> str:
    """Text that `from_json` reads."""
    return json.dumps(asdict(trial), indent=1)


def from_json(text: str) -> Trial:
    """What `to_json` wrote.

    Raises:
        DataError: It is something else.
    """
    try:
        fields = json.loads(text)
        tried = tuple(_tried(each) for each in fields.pop("tried"))
        elsewhere, late = tuple(fields.pop("elsewhere")), tuple(fields.pop("late"))
        return Trial(tried, elsewhere, fields["pictures"], fields["fingerprint"], late)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        remedy = "Try the cards again."
        raise DataError("What was found about the cards can't be read", remedy=remedy) from error


def _tried(fields: Mapping[str, Any]) -> Tried:
    rates = {name: Interval(**fields[name]) for name in ("head", "neighbours")}
    behind = fields["behind"]
    return Tried(**{**fields, **rates, "behind": tuple(behind) if behind else None})


def compared(tried: Sequence[Tried], behind: Mapping[str, tuple[float, float]]) -> list[Tried]:
    """The same, each with how far it is from the best; the best first."""
    return ranked([replace(each, behind=behind.get(each.backbone)) for each in tried])
