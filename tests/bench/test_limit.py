"""The limit is what was measured, and nothing is faster than it."""

import pytest

from bench.race.limit import measure_limit


def test_frozen_blocks_are_not_faster_than_the_limit(monkeypatch):
    """By more than the noise of a busy machine, on which either clock may be the unlucky one."""
    monkeypatch.setattr("bench.race.limit.ROUNDS", 3)
    limit = measure_limit("pebble-shapes", 32)
    assert 0 < limit.share < 3
    assert limit.batch == 128
    assert limit.operations > limit.bytes > 0


def test_each_convolution_counts_with_its_operations():
    import torch
    from torch import nn

    from bench.race.limit import _layers

    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 1, groups=8))
    [(first, numbers), (second, _)] = _layers(network, torch.zeros(2, 3, 4, 4))
    assert first == pytest.approx(2 * (2 * 8 * 16) * 27)
    assert second == pytest.approx(2 * (2 * 8 * 16) * 1)
    assert numbers == 2 * 3 * 16 + 2 * 8 * 16
