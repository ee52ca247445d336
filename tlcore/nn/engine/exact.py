"""The exact head: a linear classifier on frozen features, solved and not stepped towards.

With every block frozen, the best linear head for a given L2 strength is one point, and L-BFGS finds
it. So a run's epochs are strengths here, from the strongest to the weakest, each solved from
nothing. Which is best is said by folds of all that may be learned from: each of these pictures is
judged once by a head that was solved without its fold. The head of that strength is then solved
once more on all of them. Where `labels_per_class` keeps the validation share out of learning, or
pictures are many, the validation share says it.

>>> [f"{strength:.2g}" for strength in strengths(3)]
['10', '0.032', '0.0001']
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from tlcore.data.pictures import Pictures
from tlcore.events import Event, Note, StepDone
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.batches import class_weights
from tlcore.nn.engine.frozen import looked_at
from tlcore.nn.engine.progress import Progress
from tlcore.nn.engine.setup import Work
from tlcore.nn.seeding import generator_for
from tlcore.recipe.model import FOLDED_UP_TO
from tlcore.schedule.plan import Thaw

STRONGEST, WEAKEST = 10.0, 1e-4
"""Of the L2 penalty, for features of mean 0 and deviation 1."""

MOST_STEPS = 300
"""Of L-BFGS; a hundred are usual."""

ROUGHLY, SHARE_OF_STRENGTH = 3e-4, 0.2
"""The steepest slope that a head may be left on that only says how good a strength is, and the same
as a share of that: the weaker the penalty, the farther off a slope leaves the weights."""

PRECISE = 4e7
"""Numbers among the features up to which double precision is affordable."""

FOLDS = 5
"""In which labelled pictures are parted to choose a strength by."""

LEAST_SPREAD = 1e-6
"""A feature that varies less is the same for all pictures."""


def strengths(count: int) -> list[float]:
    """The L2 strengths that a run of so many epochs tries, the strongest first."""
    return [float(each) for each in np.geomspace(STRONGEST, WEAKEST, count)]


@dataclass(frozen=True)
class Solution:
    """A linear head, for the features as the backbone gives them.

    Attributes:
        weight: classes x features.
        bias: One a class.
        loss: Mean cross-entropy on what it was solved for, without the penalty.
        correct: How many of these it calls rightly.
    """

    weight: Tensor
    bias: Tensor
    loss: float
    correct: int

    def logits(self, features: Tensor) -> Tensor:
        """What it says of pictures."""
        return F.linear(features.to(self.weight), self.weight, self.bias)

    def into(self, head: nn.Module) -> None:
        """Make it the weights of a network's head."""
        classifier = head.get_submodule("classifier")
        assert isinstance(classifier, nn.Linear)
        with torch.no_grad():
            classifier.weight.copy_(self.weight)
            classifier.bias.copy_(self.bias)


@dataclass(frozen=True)
class Known:
    """Features and labels, made ready once for many strengths.

    Attributes:
        values: A row for each picture: its features with mean 0 and deviation 1, or, where there
            are fewer pictures than features, as many numbers that say the same.
        back: From weights for those numbers to weights for the features as they came.
        mean: Of each feature.
        labels: The class of each picture.
        classes: How many there are.
    """

    values: Tensor
    back: Tensor
    mean: Tensor
    labels: Tensor
    classes: int

    def solve(
        self,
        strength: float,
        *,
        weights: Tensor | None = None,
        smoothing: float = 0.0,
        closely: bool = True,
    ) -> Solution:
        """The head of least mean cross-entropy plus `strength / 2` times its squared weights.

        The penalty is on weights for features of mean 0 and deviation 1, and not on the bias.

        Args:
            strength: Of the penalty.
            weights: How much each class counts; unset, as often as it comes.
            smoothing: Share of the certainty that is spread over all classes.
            closely: To the last digit; else as closely as telling strengths apart takes.
        """
        weight = self.values.new_zeros(self.classes, self.values.shape[1], requires_grad=True)
        bias = self.values.new_zeros(self.classes, requires_grad=True)
        counts = None if weights is None else weights.to(self.values)

        def loss() -> Tensor:
            logits = F.linear(self.values, weight, bias)
            return F.cross_entropy(logits, self.labels, counts, label_smoothing=smoothing)

        def objective() -> Tensor:
            return loss() + strength / 2 * weight.square().sum()

        nearly = min(ROUGHLY, SHARE_OF_STRENGTH * strength)
        _descend((weight, bias), objective, None if closely else nearly)
        with torch.no_grad():
            said = F.linear(self.values, weight, bias).argmax(dim=1)
            plain, correct = weight @ self.back, int((said == self.labels).sum())
            return Solution(plain, bias - plain @ self.mean, loss().item(), correct)


def known(features: Tensor, labels: Tensor, classes: int) -> Known:
    """Make features ready to be learned from."""
    values = features.double() if features.numel() <= PRECISE else features.float()
    mean, spread = values.mean(dim=0), values.std(dim=0, correction=0)
    spread = torch.where(spread > LEAST_SPREAD, spread, torch.ones_like(spread))
    values = (values - mean) / spread
    if len(values) >= values.shape[1]:
        return Known(values, torch.diag(1 / spread), mean, labels, classes)
    turned, basis = _turned(values)
    return Known(turned, basis / spread, mean, labels, classes)


def _turned(values: Tensor) -> tuple[Tensor, Tensor]:
    """The same points in as many dimensions as there are of them, and the directions of those: the
    best weights never point anywhere else, because that would only cost penalty."""
    squares, directions = torch.linalg.eigh(values @ values.T)
    counts = squares > squares[-1] * 1e-12
    lengths = squares[counts].sqrt()
    return directions[:, counts] * lengths, (directions[:, counts] / lengths).T @ values


def solve_epoch(
    work: Work, progress: Progress, thaw: Thaw, enough: Callable[[], bool]
) -> Iterator[Event]:
    """One strength: solve the head for it, and make it the network's."""
    del thaw, enough  # every block is frozen, and nothing is interrupted within a moment
    began = time.perf_counter()
    found = _prepared(work, progress, (work.training,))
    strength = strengths(work.recipe.epochs)[progress.epoch]
    solution = found.solve(
        strength, weights=_weights(work, found), smoothing=work.recipe.label_smoothing
    )
    solution.into(work.network.head)
    progress.judged = _judged_by_folds(work, progress, strength)
    elapsed = time.perf_counter() - began
    progress.sums.add(solution.loss, solution.correct, len(found.labels), elapsed)
    progress.step = 1
    save = partial(work.save, progress=progress)
    seconds = progress.seconds_now
    yield StepDone(progress.epoch, 0, 1, solution.loss, strength, seconds, save=save)


def solve_with_validation(work: Work, progress: Progress) -> Iterator[Event]:
    """Solve the head of the chosen strength once more, on all that may be learned from; not where
    few labels are asked for, of which the validation share would be more."""
    if work.validation is None or not _learns_from_all(work) or not progress.history:
        return
    best = progress.best_epoch if progress.best else progress.history[-1].epoch
    strength = strengths(work.recipe.epochs)[best or 0]
    found = _prepared(work, progress, (work.training, work.validation))
    solution = found.solve(
        strength, weights=_weights(work, found), smoothing=work.recipe.label_smoothing
    )
    solution.into(work.network.head)
    who = f"{FOLDS} folds" if _folds_choose(work) else "The validation share"
    yield Note(
        f"{who} chose a penalty of {strength:.2g}; with that, the head was solved "
        f"once more on all {len(work.training) + len(work.validation):,} labelled pictures."
    )


def _learns_from_all(work: Work) -> bool:
    """Whether the validation share is learned from in the end, since no number of labels is set."""
    return work.recipe.data.labels_per_class is None


@dataclass(frozen=True)
class Fold:
    """A part of the labelled pictures that is judged by the others.

    Attributes:
        others: What is solved for.
        features: Of the pictures of this fold, as the backbone gives them.
        labels: The class of each.
    """

    others: Known
    features: Tensor
    labels: Tensor


def folds_of(labels: Tensor, belonging: NDArray[np.str_] | None = None, *, seed: int = 0) -> Tensor:
    """The fold of each picture: chance's, always the same, each with its share of every class.

    Args:
        labels: The class of each picture.
        belonging: Pictures of the same name here are never parted.
        seed: Of chance.
    """
    names: NDArray[Any] = np.arange(len(labels)) if belonging is None else belonging
    _, first, unit = np.unique(names, return_index=True, return_inverse=True)
    of_units = labels[torch.from_numpy(first)]
    order = torch.randperm(len(of_units), generator=generator_for(seed, "folds"))
    ranked = order[of_units[order].argsort(stable=True)]
    folds = torch.empty_like(ranked)
    folds[ranked] = torch.arange(len(of_units)) % FOLDS
    return folds[torch.from_numpy(unit)]


def parted(
    features: Tensor,
    labels: Tensor,
    classes: int,
    belonging: NDArray[np.str_] | None = None,
    *,
    seed: int = 0,
) -> list[Fold]:
    """The folds of these pictures, made ready once for all strengths (see `folds_of`)."""
    folds = folds_of(labels.cpu(), belonging, seed=seed).to(labels.device)
    asides = [folds == number for number in range(FOLDS)]
    return [
        Fold(known(features[~aside], labels[~aside], classes), features[aside], labels[aside])
        for aside in asides
        if aside.any() and not aside.all()
    ]


def judge(
    folds: Sequence[Fold], strength: float, *, balanced: bool = False, smoothing: float = 0.0
) -> tuple[float, float]:
    """Mean cross-entropy and the share that is right, over all pictures, each judged by a head that
    was solved without its fold.

    Args:
        folds: At least one.
        strength: Of the penalty.
        balanced: Whether every class counts the same.
        smoothing: Share of the certainty that is spread over all classes.
    """
    loss, right = 0.0, 0
    for fold in folds:
        weights = _evenly(fold.others) if balanced else None
        head = fold.others.solve(strength, weights=weights, smoothing=smoothing, closely=False)
        logits = head.logits(fold.features)
        loss += F.cross_entropy(logits, fold.labels, reduction="sum").item()
        right += int((logits.argmax(dim=1) == fold.labels).sum())
    count = sum(len(fold.labels) for fold in folds)
    return loss / count, right / count


def _judged_by_folds(work: Work, progress: Progress, strength: float) -> tuple[float, float] | None:
    """How good a strength is by all that may be learned from; None where the validation share
    says it."""
    if not _folds_choose(work):
        return None
    if "folds" not in progress.kept:
        progress.kept["folds"] = _folds(work)
    balanced, smoothing = work.recipe.balance != "none", work.recipe.label_smoothing
    return judge(progress.kept["folds"], strength, balanced=balanced, smoothing=smoothing)


def _folds_choose(work: Work) -> bool:
    """Whether all labelled pictures choose the strength; else the validation share does."""
    count = sum(len(source) * source.views for source, _ in _labelled(work))
    return _learns_from_all(work) and count <= FOLDED_UP_TO


def _labelled(work: Work) -> list[tuple[Activations, Pictures]]:
    """All that may be learned from once a strength is chosen."""
    sides = ((work.training, work.splits.train), (work.validation, work.splits.validation))
    return [(source, pictures) for source, pictures in sides if source and pictures]


def _folds(work: Work) -> list[Fold]:
    """Never parted are the views of a picture, and pictures that the recipe groups."""
    features, labels, names = zip(
        *(
            (*_all_of(source), np.tile(_belonging(work, pictures), source.views))
            for source, pictures in _labelled(work)
        ),
        strict=True,
    )
    classes, seed = len(work.splits.classes), work.recipe.data.split_seed
    belonging = np.concatenate(names)
    return parted(torch.cat(features), torch.cat(labels), classes, belonging, seed=seed)


def _belonging(work: Work, pictures: Pictures) -> NDArray[np.str_]:
    return pictures.groups["group"] if work.recipe.data.group_by else pictures.ids


def _prepared(work: Work, progress: Progress, sources: Sequence[Activations]) -> Known:
    """What the frozen blocks make of all these pictures, every kept view of them; kept for the
    next strength."""
    key, classes = f"known {len(sources)}", len(work.splits.classes)
    if key not in progress.kept:
        features, labels = zip(*map(_all_of, sources), strict=True)
        progress.kept[key] = known(torch.cat(features), torch.cat(labels), classes)
    found: Known = progress.kept[key]
    return found


def _all_of(source: Activations) -> tuple[Tensor, Tensor]:
    """Every view of every picture, and its label."""
    found: list[Tensor] = []
    with torch.no_grad():
        for view in range(source.views):
            look = partial(source.batch, epoch=view)
            seen = looked_at(len(source), source.size, source.device, look)
            found += [features for _, features in seen]
    return torch.cat(found).float(), source.pictures.labels.repeat(source.views)


def _weights(work: Work, found: Known) -> Tensor | None:
    """How much each class counts, where the recipe balances them."""
    return None if work.recipe.balance == "none" else _evenly(found)


def _evenly(found: Known) -> Tensor:
    """Every class counts the same."""
    return class_weights(found.labels.cpu().numpy(), found.classes)


def _descend(
    parameters: tuple[Tensor, Tensor], loss: Callable[[], Tensor], nearly: float | None
) -> None:
    """L-BFGS until the gradient is next to nothing, or nearly so."""
    precise = 1e-6 if parameters[0].dtype == torch.float64 else 1e-5
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=MOST_STEPS,
        tolerance_grad=nearly or precise,
        tolerance_change=1e-10,
        line_search_fn="strong_wolfe",
    )

    def step() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    with torch.enable_grad():
        optimiser.step(step)
