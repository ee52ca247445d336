"""Trying cards on pictures: each looks at them once, and an exact head and the nearest neighbours
say what that is worth, of pictures that they have not seen.

All cards look at some pictures first. Whoever is then clearly behind can no longer win and stops;
the others look at everything that there is to learn from. What they make of it is kept as a run
keeps it, so that the run that follows begins where this ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tlcore.advice.forecast import forecast
from tlcore.advice.trial import (
    Trial,
    Tried,
    cards_elsewhere,
    cards_to_try,
    compared,
    recipe_for,
)
from tlcore.analysis.intervals import CONFIDENCE, paired, wilson
from tlcore.catalog import Backbone
from tlcore.data.counts import Counts
from tlcore.data.load import load
from tlcore.data.pictures import Pictures, Splits
from tlcore.nn.device import choose_device, choose_precision
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.batches import Resident
from tlcore.nn.engine.frozen import Frozen, batch_for
from tlcore.nn.labels import out_of_fold
from tlcore.nn.networks.build import build
from tlcore.nn.preprocessing import Preparation, preparation_for
from tlcore.nn.seeding import generator_for
from tlcore.recipe import Data, Recipe

FIRST = 80
"""Pictures that every card looks at, before some are stopped."""

MOST_PICTURES = 2_000
"""That the others look at; of a larger set, so many by chance."""

STOPPED = 0.99
"""How sure it must be that a card is behind, for it to be stopped."""

NEIGHBOURS = 5

Tell = Callable[[str], None]
Hits = NDArray[np.bool_]


def try_cards(
    data: Data,
    cards: Sequence[Backbone] = (),
    *,
    seconds: float = float("inf"),
    tell: Tell = lambda words: None,
) -> Trial:
    """What each of these cards gets on the pictures that a run of these data would learn from.

    Args:
        cards: Which; unset, some whose weights are here.
        seconds: After so many, no further card is looked at; there are always two.
        tell: Told who is at it.
    """
    began = time.monotonic()
    cards = tuple(cards) or cards_to_try(data)
    race = _Race(data, tell)
    late: list[str] = []
    for number, card in enumerate(cards):
        if number > 1 and time.monotonic() - began > seconds:
            late.append(card.title)
            continue
        race.enter(card)
    tried, total, fingerprint = race.finished()
    return Trial(tuple(tried), cards_elsewhere(), total, fingerprint, tuple(late))


class _Race:
    """Some cards, one after another, on the same pictures."""

    def __init__(self, data: Data, tell: Tell) -> None:
        self._data, self._tell = data, tell
        self._lanes: list[_Lane] = []

    def enter(self, card: Backbone) -> None:
        """Have a card look at the first pictures."""
        self._tell(f"{card.title} looks at the first pictures")
        self._lanes.append(_Lane(card, recipe_for(self._data, card.name)))

    def finished(self) -> tuple[list[Tried], int, str]:
        """What all of them got, the best first; of how many pictures of which data set."""
        leader = max(self._lanes, key=lambda lane: lane.hits.mean())
        for lane in self._lanes:
            loses = _between(lane.hits, leader.hits, STOPPED)[1] < 0
            lane.stopped = loses and lane.total >= 2 * FIRST
        going = [lane for lane in self._lanes if not lane.stopped]
        for lane in going:
            self._tell(f"{lane.card.title} looks at all pictures")
            lane.look_at_all()
        best = max(going, key=lambda lane: lane.hits.mean())
        behind = {
            lane.card.name: _between(lane.hits, best.hits, CONFIDENCE)
            for lane in going
            if lane is not best
        }
        tried = compared([lane.tried() for lane in self._lanes], behind)
        return tried, best.total, best.splits.fingerprint


class _Lane:
    """A card on its way.

    Attributes:
        hits: Which pictures an exact head called rightly that had not seen them.
        stopped: Whether it could no longer win.
        total: How many pictures there are.
    """

    def __init__(self, card: Backbone, recipe: Recipe) -> None:
        began = time.perf_counter()
        self.card, self.recipe, self.stopped, self._kept = card, recipe, False, False
        self.splits = load(recipe.data, recipe.input)
        sides = (
            self.splits.train,
            None if recipe.data.labels_per_class else self.splits.validation,
        )
        self._sides = [side for side in sides if side is not None]
        self.total = sum(map(len, self._sides))
        self._looking = _Looking(recipe, self.splits)
        self._classes = len(self.splits.classes)
        self._features, self._labels = self._first()
        self._judge()
        self._seconds = time.perf_counter() - began

    def look_at_all(self) -> None:
        """Every picture that there is to learn from, or so many of them."""
        began = time.perf_counter()
        if 2 * FIRST <= self.total <= MOST_PICTURES:
            self._kept = True
            found = [self._looking.keep(side) for side in self._sides]
            self._features = torch.cat(found)
            self._labels = _labels(self._sides)
            self._judge()
        elif self.total > MOST_PICTURES:
            some = _some(self._sides, MOST_PICTURES)
            self._features, self._labels = self._looking.keep(some), _labels([some])
            self._judge()
        self._seconds += time.perf_counter() - began

    def tried(self) -> Tried:
        """What it got, and what it cost."""
        near = nearest_hits(self._features, self._labels)
        count = len(self._labels)
        return Tried(
            backbone=self.card.name,
            title=self.card.title,
            size=self.recipe.input.size,
            head=wilson(int(self.hits.sum()), count),
            neighbours=wilson(int(near.sum()), count),
            seconds=self._seconds,
            milliseconds=1000 * self._looking.per_picture,
            megabytes=4 * self.card.parameters / 1e6,
            memory=self._memory(),
            licence=self.card.licence,
            stopped=self.stopped,
            kept=self._kept,
        )

    def _first(self) -> tuple[Tensor, Tensor]:
        """Some pictures by chance; all, if there are few: then they are kept at once."""
        if self.total < 2 * FIRST:
            self._kept = True
            return torch.cat([self._looking.keep(side) for side in self._sides]), _labels(
                self._sides
            )
        some = _some(self._sides, FIRST)
        return self._looking.look(some), _labels([some])

    def _judge(self) -> None:
        said = out_of_fold(self._features, self._labels, self._classes)
        self.hits: Hits = (said.argmax(dim=1) == self._labels).numpy()

    def _memory(self) -> float:
        sides = self.splits
        validation = 0 if sides.validation is None else len(sides.validation)
        counts = Counts(self._classes, len(sides.train), validation, len(sides.test))
        found = forecast(self.recipe, counts)
        return found.bytes.value if found else 0.0


class _Looking:
    """A frozen backbone that looks at pictures as its run would.

    Attributes:
        per_picture: Seconds, of those that it has looked at.
    """

    def __init__(self, recipe: Recipe, splits: Splits) -> None:
        size = recipe.input.size
        self._device, self._of = choose_device(), splits.fingerprint
        network = build(recipe.model, len(splits.classes), size, seed=recipe.seed).eval()
        network.to(self._device).to(memory_format=torch.channels_last)
        self._prepare: Preparation = preparation_for(
            recipe.input, network.trained_with, splits.train
        )
        precision = choose_precision(recipe.precision, self._device)
        self._frozen = Frozen(network, len(network.stages), size, precision)
        self._size, self._seconds, self._seen = size, 0.0, 0

    @property
    def per_picture(self) -> float:
        return self._seconds / max(1, self._seen)

    def look(self, pictures: Pictures) -> Tensor:
        """What it makes of them."""
        resident = Resident(pictures, self._device)
        rows = torch.arange(len(pictures)).split(batch_for(self._size, self._device))
        began = time.perf_counter()
        found = [self._frozen(self._prepare(resident.pixels(some))).float().cpu() for some in rows]
        self._count(began, len(pictures))
        return torch.cat(found)

    def keep(self, pictures: Pictures) -> Tensor:
        """The same, kept for the run that follows; what is kept already is not computed again."""
        source = Activations(Resident(pictures, self._device), self._prepare, of=self._of)
        began = time.perf_counter()
        if list(source.enter(self._frozen, keep=True)):  # something was computed
            self._count(began, len(pictures))
        rows = torch.arange(len(source)).split(batch_for(self._size, self._device))
        with torch.no_grad():
            return torch.cat([source.batch(some).float().cpu() for some in rows])

    def _count(self, began: float, pictures: int) -> None:
        self._seconds += time.perf_counter() - began
        self._seen += pictures


def nearest_hits(features: Tensor, labels: Tensor, *, near: int = NEIGHBOURS) -> Hits:
    """Which pictures the most similar others would call rightly; the nearer ones decide a draw."""
    unit = F.normalize(features.flatten(1).float() - features.flatten(1).float().mean(dim=0), dim=1)
    alike = unit @ unit.T
    alike.fill_diagonal_(-2)
    found = alike.topk(min(near, len(labels) - 1), dim=1)
    votes = torch.zeros(len(labels), int(labels.max()) + 1)
    votes.scatter_add_(1, labels[found.indices], 1 + 1e-3 * found.values)
    hits: Hits = (votes.argmax(dim=1) == labels).numpy()
    return hits


def _some(sides: Sequence[Pictures], count: int) -> Pictures:
    """So many pictures by chance, of each class its share; the same for every card."""
    labels = np.concatenate([side.labels for side in sides])
    order = torch.randperm(len(labels), generator=generator_for(0, "trial")).numpy()
    ranked = order[np.argsort(labels[order], kind="stable")]
    rows = np.sort(ranked[np.linspace(0, len(ranked) - 1, count).round().astype(np.int64)])
    return _taken(sides, rows)


def _taken(sides: Sequence[Pictures], rows: NDArray[np.int64]) -> Pictures:
    """The pictures at these rows of several sides, one after another."""
    parts = list(_parts(sides, rows))
    pixels, labels, ids = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("pixels", "labels", "ids")
    )
    return Pictures(pixels, labels, ids)


def _parts(sides: Sequence[Pictures], rows: NDArray[np.int64]) -> Iterator[Pictures]:
    start = 0
    for side in sides:
        yield side.take(rows[(rows >= start) & (rows < start + len(side))] - start)
        start += len(side)


def _labels(sides: Sequence[Pictures]) -> Tensor:
    return torch.from_numpy(np.concatenate([side.labels for side in sides]))


def _between(hits: Hits, best: Hits, confidence: float) -> tuple[float, float]:
    """How far one is from another on the same pictures."""
    found = paired(int((hits & ~best).sum()), int((best & ~hits).sum()), len(hits),
                   confidence=confidence)  # fmt: skip
    return found.low, found.high
