"""The loop of the usual transfer-learning tutorial: a data loader, a network, an optimiser.

Written as torchvision's and PyTorch's own tutorials teach it, in float32, every epoch through the
whole network. It trains the same network as the lab does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from bench.race.with_thaw import contestant
from bench.race.works import BATCH, RATE, WORKS
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network


def loader(asked: dict[str, Any], network: Network, part: str) -> DataLoader[Any]:
    """Pictures decoded one by one in worker processes."""
    mean, std = network.trained_with or ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    prepare = transforms.Compose(
        [
            transforms.Resize((asked["size"], asked["size"])),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
    )
    pictures = datasets.ImageFolder(f"{asked['pictures']}/{part}", prepare)
    workers = min(4, os.cpu_count() or 1)
    return DataLoader(pictures, BATCH, shuffle=part == "train", num_workers=workers)


def thaw(network: Network, blocks: tuple[str, ...]) -> None:
    """Train the head and these blocks; freeze the others."""
    trainable = {
        name
        for layer in network.outline.layers
        if layer.block in blocks or layer.block == "head"
        for name, _ in layer.parameters
    }
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in trainable)


def train_epoch(
    model: nn.Module, batches: DataLoader[Any], optimiser: torch.optim.Optimizer
) -> None:
    """One pass over the training pictures."""
    model.train()
    for pictures, labels in batches:
        optimiser.zero_grad()
        loss = F.cross_entropy(model(pictures), labels)
        loss.backward()
        optimiser.step()


@torch.no_grad()
def accuracy_of(model: nn.Module, batches: DataLoader[Any]) -> float:
    """The share of test pictures that is right."""
    model.eval()
    right = total = 0
    for pictures, labels in batches:
        right += int((model(pictures).argmax(dim=1) == labels).sum())
        total += len(labels)
    return right / total


def main() -> None:
    """Do it, and print what it took."""
    asked = json.loads(sys.argv[1])
    work = WORKS[asked["work"]]
    network = build(contestant(asked), asked["classes"], asked["size"], seed=0)
    began = time.perf_counter()
    model = nn.Sequential(network.backbone, network.head)
    training, test = (loader(asked, network, part) for part in ("train", "test"))
    for epoch in range(work.epochs):
        thaw(network, work.thawed(network.outline.blocks, epoch))
        optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], RATE)
        train_epoch(model, training, optimiser)
    accuracy = accuracy_of(model, test)
    print(json.dumps({"seconds": time.perf_counter() - began, "accuracy": accuracy}))


if __name__ == "__main__":
    main()
