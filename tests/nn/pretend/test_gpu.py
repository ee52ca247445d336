"""The pretended card refuses what a real one would, and leaves no trace."""

import pytest
import torch
import torch.nn.functional as F

from tlcore.nn.device import choose_device, choose_precision, describe
from tlcore.nn.seeding import seed_dropout

SECOND = torch.device("cuda:1")


def test_tensors_of_two_devices_are_not_mixed(card):
    with card():
        here, there = torch.ones(3, 4), torch.ones(4, 2, device="cuda:1")
        other = torch.ones(4, 2, device="cuda:0")
        for mixing in (
            lambda: here @ there,
            lambda: torch.cat([there, other]),
            lambda: F.linear(here, there.T),
            lambda: here[there[:, 0].long()],
            lambda: there.add_(other),
        ):
            with pytest.raises(RuntimeError, match="on the same device"):
                mixing()
        assert (there * torch.tensor(2.0) @ torch.ones(2, device="cuda:1")).device == SECOND
        assert there[torch.tensor([0, 1])].device == SECOND


def test_neither_numpy_nor_dice_of_the_cpu_reach_into_a_card(card):
    with card():
        there = torch.ones(4, device="cuda")
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        with pytest.raises(RuntimeError, match="generator"):
            there.normal_(generator=torch.Generator())
        with pytest.raises(RuntimeError, match="autocast"):
            torch.autocast("cpu", dtype=torch.bfloat16)
        assert there.cpu().numpy().sum() == 4


def test_views_parameters_gradients_and_copies_are_where_they_came_from(card):
    with card():
        layer = torch.nn.Linear(4, 4).to("cuda:1")
        layer(torch.ones(2, 4, device="cuda:1")).sum().backward()
        assert layer.weight.grad is not None
        for tensor in (layer.weight, layer.weight.T[1:], layer.weight.detach(), layer.weight.grad):
            assert tensor.device == SECOND
            assert tensor.is_cuda
            assert tensor.cpu().device.type == "cpu"
        moved = layer.weight.detach().cpu()
        moved.zero_()
        assert layer.weight.any(), "what was brought elsewhere is a copy"


def test_dropout_draws_from_the_card_s_own_dice(card):
    with card():
        ones = torch.ones(64, device="cuda:1")
        seed_dropout(SECOND, 0, "step", 1)
        first = F.dropout(ones)
        torch.default_generator.manual_seed(5)
        seed_dropout(SECOND, 0, "step", 1)
        assert torch.equal(F.dropout(ones), first)
        with torch.cuda.device(0):
            torch.cuda.manual_seed(5)
        assert not torch.equal(F.dropout(ones), first)


def test_what_is_found_is_said(card):
    with card() as gpu:
        assert choose_device() == SECOND
        assert gpu.current == 1
        assert describe()["device_name"] == "a card that is pretended"
        assert choose_precision("auto", SECOND) == torch.bfloat16
    with card(capability=(7, 5)):
        assert choose_precision("auto", SECOND) == torch.float16


def test_when_it_is_gone_nothing_is_left_of_it(card):
    flags = torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32
    autocast, available = torch.autocast, torch.cuda.is_available
    with card():
        kept = torch.ones(3, device="cuda:1")
        torch.backends.cudnn.deterministic = not flags[0]
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32) == flags
    assert (torch.autocast, torch.cuda.is_available) == (autocast, available)
    assert kept.device == torch.device("cpu")
    assert not torch.overrides._get_current_function_mode_stack()
