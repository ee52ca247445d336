"""LIME: a small linear model of the network around one picture (Ribeiro et al., 2016).

Parts of the picture are covered at random, some hundred times, few of them or many; a ridge
regression then says what each part is worth. How well it does so is measured and told: where it
does badly, the map is not to be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tlcore.nn.networks.network import Network

PATCHES_ACROSS = 8
"""Steps that the cover takes from one side to the other; it is two steps wide."""

_PIXELS_AT_ONCE = 64 * 64 * 64


def occlusion(
    network: Network, picture: Tensor, target: int, *, pause: Callable[[], None] = lambda: None
) -> Tensor:
    """How much probability of the class each place holds, as height x width.

    A grey cover is moved over the picture; a place gets the mean loss of all covers it lay under.
    """
    size = picture.shape[-1]
    covers = torch.stack(list(_covers(size)))
    left = covered(network, picture, covers, target, pause)
    losses = _probability(network, picture, target) - left
    shared = (losses[:, None, None] * covers).sum(dim=0)
    return shared / covers.sum(dim=0)


@torch.no_grad()
def covered(
    network: Network, picture: Tensor, covers: Tensor, target: int, pause: Callable[[], None]
) -> Tensor:
    """The class's probability under each cover (n x height x width, 1 where it covers).

    What lies under a cover has the mean colour of what the network was trained on.
    """
    found = []
    for some in covers.split(max(1, _PIXELS_AT_ONCE // picture.shape[-1] ** 2)):
        found.append(_probability(network, picture * (1 - some[:, None]), target))
        pause()
    return torch.cat(found)


@torch.no_grad()
def _probability(network: Network, pictures: Tensor, target: int) -> Tensor:
    logits: Tensor = network(pictures)
    return logits.float().softmax(dim=1)[:, target]


def _covers(size: int) -> Iterator[Tensor]:
    """Squares a quarter as wide as the picture, half over each other; the last ones stop at the
    edge."""
    step = max(1, size // PATCHES_ACROSS)
    width = 2 * step
    starts = range(0, max(1, size - width + step), step)
    for top in starts:
        for left in starts:
            cover = torch.zeros(size, size)
            cover[top : top + width, left : left + width] = 1
            yield cover


ACROSS = 7
"""Parts that there are from one side to the other, at first; some end up empty."""

_ROUNDS = 8
_WORKING_SIZE = 64
_COMPACT = 0.6  # how much a place counts beside colour: more makes squares, less makes shreds


def superpixels(picture: NDArray[np.float32], *, across: int = ACROSS) -> NDArray[np.int64]:
    """The number of the part that each pixel belongs to, counted from 0.

    Args:
        picture: Height x width x 3, colours with a deviation of about 1.
        across: How many parts to begin with, from one side to the other.

    >>> halves = np.zeros((8, 8, 3), np.float32)
    >>> halves[:, 5:] = 2
    >>> parts = superpixels(halves, across=2)
    >>> len(set(parts[:, 4]) & set(parts[:, 5]))
    0
    """
    size = picture.shape[0]
    small = _resized(picture, min(size, _WORKING_SIZE))
    parts = _clustered(small, across)
    rows = np.arange(size) * len(parts) // size
    _, numbered = np.unique(parts[np.ix_(rows, rows)], return_inverse=True)
    return np.asarray(numbered.reshape(size, size), dtype=np.int64)


def _clustered(picture: NDArray[np.float32], across: int) -> NDArray[np.int64]:
    """k-means over colour and place, begun on a grid."""
    size = picture.shape[0]
    places = (np.arange(size) + 0.5) * across / size * _COMPACT
    down, right = np.meshgrid(places, places, indexing="ij")
    pixels = np.dstack([picture, down, right]).reshape(-1, 5)
    grid = ((np.arange(across) + 0.5) * size / across).astype(int)
    centres = pixels.reshape(size, size, 5)[np.ix_(grid, grid)].reshape(-1, 5)
    for _ in range(_ROUNDS):
        parts = _nearest(pixels, centres)
        for number in np.unique(parts):
            centres[number] = pixels[parts == number].mean(axis=0)
    return _nearest(pixels, centres).reshape(size, size)


def _nearest(pixels: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    # |pixel - centre|² without the pixel's own part, which is the same for every centre
    distances = (centres**2).sum(axis=1) - 2 * pixels @ centres.T
    return np.asarray(distances.argmin(axis=1), dtype=np.int64)


def _resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    channels = (Image.fromarray(picture[..., c]) for c in range(picture.shape[-1]))
    method = Image.Resampling.BOX
    return np.dstack([np.asarray(c.resize((size, size), method)) for c in channels])


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
