"""What a network says of pictures it doesn't learn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.analysis.predictions import SMALLEST
from tlcore.data.pictures import Pictures
from tlcore.nn.device import computing_in, is_out_of_memory
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.frozen import Frozen, batch_for
from tlcore.nn.network import Network, evaluating

MOST_CHANGED = 0.02
"""The share of answers that low precision may change before networks are judged in float32."""

_MOST_LOOKED_AT = 200 * 96 * 96


def changed_answers(network: Network, source: Activations, precision: torch.dtype) -> float:
    """The share of answers to a first batch of pictures that this precision changes."""
    most = max(32, min(200, _MOST_LOOKED_AT // source.size**2))
    rows = torch.arange(min(most, len(source)))
    exact, rounded = (_answers(network, source, rows, each) for each in (torch.float32, precision))
    return float((exact != rounded).float().mean())


@torch.no_grad()
def _answers(network: Network, source: Activations, rows: Tensor, precision: torch.dtype) -> Tensor:
    """As they are given where a run is judged, from the pictures on."""
    looking = Frozen(network, len(network.stages), source.size, precision)
    found = []
    for some in rows.split(batch_for(source.size, source.device)):
        features = looking(source.prepare(source.pictures.pixels(some)))
        with computing_in(precision, source.device):
            found.append(looking.network.head(features).argmax(dim=1))
    return torch.cat(found)


@torch.inference_mode()
def predict(network: Network, source: Activations, precision: torch.dtype) -> NDArray[np.float32]:
    """The probability of each class for each picture, in the order of the pictures.

    If memory runs out, the pictures go through in smaller batches.
    """
    batch = batch_for(source.size, source.device)
    with evaluating(network):
        while True:
            try:
                return torch.cat(list(_probabilities(network, source, precision, batch))).numpy()
            except RuntimeError as error:
                if batch == 1 or not is_out_of_memory(error):
                    raise
                batch //= 2


def _probabilities(
    network: Network, source: Activations, precision: torch.dtype, batch: int
) -> Iterator[Tensor]:
    for rows in torch.arange(len(source)).split(batch):
        with computing_in(precision, source.device):
            logits = network.suffix(source.batch(rows), source.boundary)
        yield logits.float().softmax(dim=1).cpu()


def loss_and_accuracy(
    probabilities: NDArray[np.float32], pictures: Pictures
) -> tuple[float, float]:
    """Mean cross-entropy in nats, and the share that is right."""
    labels = pictures.labels
    of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    loss = -np.log(np.maximum(of_truth, SMALLEST)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())
