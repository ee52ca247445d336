"""What only a GPU can do wrong, driven without one: calls of torch are noted, or told to lie."""

from contextlib import contextmanager
from itertools import pairwise

import pytest
import torch

from tlcore.nn import seeding
from tlcore.nn.device import choose_precision, give_memory_back, keep_promises

SECOND = torch.device("cuda:1")


@pytest.fixture
def cuda(monkeypatch):
    """Two GPUs, the first of which is current: what is called, with the one current then."""
    called, current = [], [0]

    @contextmanager
    def device(which):
        before, current[0] = current[0], torch.device(which).index or 0
        yield
        current[0] = before

    def noting(name):
        return lambda *given: called.append((name, current[0], *given))

    monkeypatch.setattr(torch.cuda, "device", device)
    for name in ("manual_seed", "empty_cache"):
        monkeypatch.setattr(torch.cuda, name, noting(name))
    return called


def test_dropout_is_seeded_on_the_device_that_is_used(cuda):
    seeding.seed_dropout(SECOND, 0, "step", 1)
    seeding.seed_dropout(torch.device("cuda"), 0, "step", 1)
    seed = seeding.seed_for(0, "step", 1)
    assert cuda == [("manual_seed", 1, seed), ("manual_seed", 0, seed)]


def test_memory_is_given_back_on_the_device_that_ran_out_of_it(cuda):
    give_memory_back(SECOND)
    give_memory_back(torch.device("cpu"))
    assert cuda == [("empty_cache", 1)]


@pytest.mark.parametrize(
    ("capability", "precision"),
    [((7, 0), torch.float16), ((7, 5), torch.float16), ((8, 0), torch.bfloat16)],
    ids=["V100", "T4", "A100"],
)
def test_bfloat16_is_chosen_only_where_it_is_native(capability, precision, monkeypatch):
    """torch says that older GPUs support it, and emulates it there."""
    asked = []

    def answer(device):
        asked.append(device)
        return capability

    monkeypatch.setattr(torch.cuda, "get_device_capability", answer)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)
    assert choose_precision("auto", SECOND) == precision
    assert asked == [SECOND]


def test_on_a_gpu_float32_is_float32_and_runs_repeat(monkeypatch):
    for name in ("allow_tf32", "deterministic", "benchmark"):
        monkeypatch.setattr(torch.backends.cudnn, name, getattr(torch.backends.cudnn, name))
    keep_promises(torch.float32, SECOND)
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.benchmark
    keep_promises(torch.bfloat16, SECOND)
    assert torch.backends.cudnn.allow_tf32


def test_dice_of_their_own_are_even_and_the_same_in_any_company():
    rows = torch.arange(4000)
    dice = seeding.PictureChance(seeding.seed_for(0, "view", 1), rows)
    some = seeding.PictureChance(seeding.seed_for(0, "view", 1), rows[1000:1010])
    draws = [dice.uniform() for _ in range(3)]
    assert all(torch.equal(each[1000:1010], some.uniform()) for each in draws)
    for each in draws:
        assert 0 <= float(each.min()) <= float(each.max()) < 1
        assert float(each.mean()) == pytest.approx(0.5, abs=0.02)
    for one, other in pairwise([*draws, draws[0].roll(1)]):
        assert abs(float(torch.corrcoef(torch.stack([one, other]))[0, 1])) < 0.06
    counts = torch.bincount(dice.whole(7), minlength=7)
    assert counts.sum() == 4000
    assert counts.min() > 480
