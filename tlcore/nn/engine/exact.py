"""The exact head: a linear classifier on frozen features, solved and not stepped towards.

With every block frozen, the best linear head for a given L2 strength is one point, and L-BFGS finds
it. So a run's epochs are strengths here, from the strongest to the weakest, each solved from
nothing: the validation share says which is best, and the head of that strength is then solved
once more with the validation share among what is learned from.

>>> [f"{strength:.2g}" for strength in strengths(3)]
['10', '0.032', '0.0001']
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tlcore.events import Event, Note, StepDone
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.batches import class_weights
from tlcore.nn.engine.frozen import looked_at
from tlcore.nn.engine.progress import Progress
from tlcore.nn.engine.setup import Work
from tlcore.schedule.plan import Thaw

STRONGEST, WEAKEST = 10.0, 1e-4
"""Of the L2 penalty, for features of mean 0 and deviation 1."""

MOST_STEPS = 300
"""Of L-BFGS; a hundred are usual."""

PRECISE = 4e7
"""Numbers among the features up to which double precision is affordable."""

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
        self, strength: float, *, weights: Tensor | None = None, smoothing: float = 0.0
    ) -> Solution:
        """The head of least mean cross-entropy plus `strength / 2` times its squared weights.

        The penalty is on weights for features of mean 0 and deviation 1, and not on the bias.

        Args:
            strength: Of the penalty.
            weights: How much each class counts; unset, as often as it comes.
            smoothing: Share of the certainty that is spread over all classes.
        """
        weight = self.values.new_zeros(self.classes, self.values.shape[1], requires_grad=True)
        bias = self.values.new_zeros(self.classes, requires_grad=True)
        counts = None if weights is None else weights.to(self.values)

        def loss() -> Tensor:
            logits = F.linear(self.values, weight, bias)
            return F.cross_entropy(logits, self.labels, counts, label_smoothing=smoothing)

        _descend((weight, bias), lambda: loss() + strength / 2 * weight.square().sum())
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
    elapsed = time.perf_counter() - began
    progress.sums.add(solution.loss, solution.correct, len(found.labels), elapsed)
    progress.step = 1
    save = partial(work.save, progress=progress)
    seconds = progress.seconds_now
    yield StepDone(progress.epoch, 0, 1, solution.loss, strength, seconds, save=save)


def solve_with_validation(work: Work, progress: Progress) -> Iterator[Event]:
    """Solve the head of the chosen strength once more, now that the validation share has chosen;
    not where few labels are asked for, of which the validation share would be more."""
    if work.validation is None or work.recipe.data.labels_per_class or not progress.history:
        return
    best = progress.best_epoch if progress.best else progress.history[-1].epoch
    strength = strengths(work.recipe.epochs)[best or 0]
    found = _prepared(work, progress, (work.training, work.validation))
    solution = found.solve(
        strength, weights=_weights(work, found), smoothing=work.recipe.label_smoothing
    )
    solution.into(work.network.head)
    yield Note(
        f"The validation share chose a penalty of {strength:.2g}; with that, the head was solved "
        f"once more on all {len(work.training) + len(work.validation):,} labelled pictures."
    )


def _prepared(work: Work, progress: Progress, sources: Sequence[Activations]) -> Known:
    """What the frozen blocks make of all these pictures, every kept view of them; kept for the
    next strength."""
    key, classes = f"known {len(sources)}", len(work.splits.classes)
    if key not in progress.kept:
        features, labels = zip(*map(_all_of, sources), strict=True)
        progress.kept = {key: known(torch.cat(features), torch.cat(labels), classes)}
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
    if work.recipe.balance == "none":
        return None
    return class_weights(found.labels.cpu().numpy(), found.classes)


def _descend(parameters: tuple[Tensor, Tensor], loss: Callable[[], Tensor]) -> None:
    """L-BFGS until the gradient is next to nothing."""
    exact = parameters[0].dtype == torch.float64
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=MOST_STEPS,
        tolerance_grad=1e-6 if exact else 1e-5,
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
