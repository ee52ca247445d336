"""What a head says of pictures that it has not seen, for every picture: to find wrong labels by.

A frozen backbone looks at all pictures once, which is kept for the runs to come. Then the pictures
are parted into folds, and an exact head is solved for each fold without it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tlcore.analysis.predictions import Predictions
from tlcore.data.load import load
from tlcore.data.pictures import Pictures
from tlcore.nn.device import choose_device, choose_precision
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.batches import Resident
from tlcore.nn.engine.exact import FOLDS, folds_of, known
from tlcore.nn.engine.frozen import Frozen, looked_at
from tlcore.nn.engine.progress import paced
from tlcore.nn.networks.build import build
from tlcore.nn.preprocessing import preparation_for
from tlcore.recipe import Recipe

STRENGTHS = (1.0, 0.1, 0.01)
"""Penalties of which the first fold chooses one."""

Tell = Callable[[int, int], None]


def check_labels(recipe: Recipe, *, tell: Tell = lambda done, total: None) -> Predictions:
    """What is said of every picture by a head that has not seen it.

    Args:
        recipe: Its data, model and input are used.
        tell: Told how many pictures the backbone has seen, of how many.
    """
    splits = load(recipe.data, recipe.input)
    sides = [part for part in (splits.train, splits.validation, splits.test) if part is not None]
    features = torch.cat([features_of(recipe, side, splits.train, tell) for side in sides])
    labels = torch.from_numpy(np.concatenate([side.labels for side in sides]))
    said = out_of_fold(features, labels, len(splits.classes))
    ids = np.concatenate([side.ids for side in sides])
    return Predictions(ids, labels.numpy(), said.numpy(), splits.classes)


def out_of_fold(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """The probabilities of each picture, by a head of all folds but its own."""
    folds = folds_of(labels)
    strength = min(STRENGTHS, key=lambda each: _loss(features, labels, classes, folds == 0, each))
    said = torch.zeros(len(labels), classes)
    for fold in range(FOLDS):
        aside = folds == fold
        if aside.any() and not aside.all():
            head = known(features[~aside], labels[~aside], classes).solve(strength)
            said[aside] = head.logits(features[aside]).softmax(dim=1).float()
    return said


def _loss(features: Tensor, labels: Tensor, classes: int, aside: Tensor, strength: float) -> float:
    head = known(features[~aside], labels[~aside], classes).solve(strength)
    return F.cross_entropy(head.logits(features[aside]), labels[aside]).item()


def features_of(recipe: Recipe, pictures: Pictures, train: Pictures, tell: Tell) -> Tensor:
    """What the frozen backbone makes of them; kept where runs look for it."""
    device, size = choose_device(), recipe.input.size
    network = build(recipe.model, 2, size, seed=recipe.seed).eval()
    network.to(device).to(memory_format=torch.channels_last)
    prepare = preparation_for(recipe.input, network.trained_with, train)
    source = Activations(Resident(pictures, device), prepare)
    precision = choose_precision(recipe.precision, device)
    frozen = Frozen(network, len(network.stages), size, precision)
    for event in paced(source.enter(frozen, keep=True)):
        tell(event.done, event.total)
    with torch.no_grad():
        seen = looked_at(len(source), size, device, source.batch)
        return torch.cat([features.float().cpu() for _, features in seen])
