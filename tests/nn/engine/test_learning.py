"""Training arithmetic is low where it is fast, and the result the same as without."""

import pytest
import torch
from torch import nn

from tlcore.nn.device import computing_in
from tlcore.nn.engine.step import learning_in

CPU = torch.device("cpu")


def gradients(context, convolution, pictures):
    pictures = pictures.clone().requires_grad_()
    with context:
        result = convolution(pictures)
    result.float().square().sum().backward()
    return result, pictures.grad


@pytest.mark.parametrize(("stride", "groups"), [(1, 1), (2, 1), (1, 8), (2, 8)])
def test_convolutions_give_what_they_give_without(stride, groups):
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 8, 3, stride, padding=1, groups=groups)
    pictures = torch.rand(2, 8, 12, 12)
    exact, wanted = gradients(computing_in(torch.float32, CPU), convolution, pictures)
    result, found = gradients(learning_in(torch.bfloat16, CPU), convolution, pictures)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result.float(), exact, rtol=0.05, atol=0.05)
    assert (found - wanted).norm() < 0.03 * wanted.norm()


def test_a_strided_convolution_of_separate_channels_is_computed_in_full_precision():
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
    pictures = torch.rand(2, 8, 12, 12)
    _, wanted = gradients(computing_in(torch.float32, CPU), convolution, pictures)
    _, rough = gradients(computing_in(torch.bfloat16, CPU), convolution, pictures)
    _, found = gradients(learning_in(torch.bfloat16, CPU), convolution, pictures)
    assert (found - wanted).norm() < (rough - wanted).norm()


def test_full_precision_is_left_alone():
    convolution = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
    with learning_in(torch.float32, CPU):
        assert convolution(torch.rand(2, 8, 12, 12)).dtype == torch.float32
