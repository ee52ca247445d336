"""LIME: a small linear model of the network around one picture (Ribeiro et al., 2016).

Parts of the picture are covered at random, some hundred times, few of them or many; a ridge
regression then says what each part is worth. How well it does so is measured and told: where it
does badly, the map is not to be believed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.nn.explain.occlusion import covered
from tlcore.nn.explain.superpixels import superpixels
from tlcore.nn.network import Network

SAMPLES = 256
RIDGE = 1.0
KERNEL = 0.25
"""How soon a picture counts as far from the one explained, in cosine distance; LIME's own."""


@dataclass(frozen=True)
class Lime:
    """What LIME found.

    Attributes:
        map: How much probability of the class each part is worth, as height x width.
        fidelity: Share of the network's ups and downs that the linear model follows (weighted
            R²), at most 1.
        parts: How many parts there are.
    """

    map: Tensor
    fidelity: float
    parts: int


def lime(
    network: Network, picture: Tensor, target: int, *, pause: Callable[[], None] = lambda: None
) -> Lime:
    """Explain one class of one picture; the same every time."""
    pixels = picture[0].permute(1, 2, 0).numpy().astype(np.float32)
    parts = superpixels(pixels)
    count = int(parts.max()) + 1
    kept = _drawn(count)
    covers = torch.from_numpy(1 - kept[:, parts.ravel()]).float().reshape(-1, *parts.shape)
    answers = covered(network, picture, covers, target, pause).double().numpy()
    worth, fidelity = fit(kept, answers)
    return Lime(torch.from_numpy(worth[parts]).float(), fidelity, count)


def _drawn(parts: int) -> NDArray[np.float64]:
    """Which parts each sample keeps: from nearly all to nearly none, since with one half gone every
    time, small things would always be gone."""
    chance = np.random.default_rng(0)
    share = chance.random((SAMPLES, 1))
    kept = (chance.random((SAMPLES, parts)) < share).astype(np.float64)
    kept[0] = 1
    return kept


def fit(
    kept: NDArray[np.float64], answers: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """What each part is worth, and how well that explains the answers.

    Pictures with more of their parts kept are nearer to the one explained, and count more.
    """
    distance = 1 - np.sqrt(kept.mean(axis=1))
    weights = np.sqrt(np.exp(-((distance / KERNEL) ** 2)))
    inputs = kept - np.average(kept, axis=0, weights=weights)
    outputs = answers - np.average(answers, weights=weights)
    normal = (inputs * weights[:, None]).T @ inputs + RIDGE * np.eye(inputs.shape[1])
    worth = np.linalg.solve(normal, (inputs * weights[:, None]).T @ outputs)
    spread = float(weights @ outputs**2)
    missed = float(weights @ (outputs - inputs @ worth) ** 2)
    return worth, 1 - missed / spread if spread > 0 else 1.0
