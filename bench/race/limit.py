"""How near the frozen part of a network comes to what this machine can do at all.

The bound of each convolution is the longer of two times: its operations at the speed of a large
matrix product, and its input and output at the speed of a plain copy. Both speeds are measured
here, just before, with the same threads and in the same precision.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from bench.race.limits import Limit
from tlcore.nn.device import choose_device, choose_precision
from tlcore.nn.engine.frozen import Frozen, batch_for
from tlcore.nn.networks.build import build
from tlcore.recipe import Model

ROUNDS = 15
SIDES = (512, 1024, 2048)


def measure_limit(backbone: str, size: int) -> Limit:
    """The frozen backbone on pictures of this size, on the fastest device here."""
    device = choose_device()
    precision = choose_precision("auto", device)
    network = build(Model(backbone=backbone, weights="none"), 10, size, seed=0).to(device)
    network.to(memory_format=torch.channels_last)
    batch = batch_for(size, device)
    pictures = torch.rand(batch, 3, size, size, device=device)
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    layers = _layers(network.eval(), pictures)
    frozen = Frozen(network, len(network.stages), size, precision)
    width = torch.finfo(precision).bits // 8

    operations, bytes_ = _matrix_speed(device, precision), _copy_speed(device)
    bound = sum(max(o / operations, numbers * width / bytes_) for o, numbers in layers)
    return Limit(operations, bytes_, _seconds(lambda: frozen(pictures), device), bound, batch)


def operations_of(backbone: str, size: int) -> float:
    """Of all convolutions, for one picture of this size to pass forward."""
    network = build(Model(backbone=backbone, weights="none"), 10, size, seed=0).eval()
    return sum(operations for operations, _ in _layers(network, torch.rand(1, 3, size, size)))


def _layers(network: nn.Module, pictures: Tensor) -> list[tuple[float, float]]:
    """Of each convolution: operations, and numbers that go in and come out."""
    found: list[tuple[float, float]] = []

    def look(module: nn.Module, given: tuple[Any, ...], result: Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        work = 2 * result.numel() * module.weight[0].numel()
        found.append((work, given[0].numel() + result.numel()))

    handles = [m.register_forward_hook(look) for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        network(pictures)
    for handle in handles:
        handle.remove()
    return found


def _matrix_speed(device: torch.device, precision: torch.dtype) -> float:
    """Of the square matrices that suit the machine best."""
    speeds = []
    for side in SIDES:
        matrix = torch.randn(side, side, device=device, dtype=precision)
        speeds.append(2 * side**3 / _seconds(partial(torch.mm, matrix, matrix), device))
    return max(speeds)


def _copy_speed(device: torch.device, numbers: int = 16 * 2**20) -> float:
    source = torch.randn(numbers, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _seconds(partial(target.copy_, source), device)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """The median time of some rounds, after some that don't count."""
    times = []
    for _ in range(3 + ROUNDS):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - began)
    return median(times[3:])
