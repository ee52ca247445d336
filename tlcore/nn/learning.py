"""Arithmetic for what will be gone back through: low precision, but for what is slow in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tlcore.nn.device import computing_in

_CONVOLVE: Callable[..., Any] = torch.conv2d


@contextmanager
def learning_in(precision: torch.dtype, device: torch.device) -> Iterator[None]:
    """Automatic mixed precision for training; see `computing_in`, which is for looking.

    On CPUs the way back through a convolution of separate channels that takes strides is ten to
    three hundred times slower in bfloat16 than in float32 (docs/LOG.md), so these few are
    computed in float32.
    """
    with computing_in(precision, device):
        if device.type == "cpu" and precision == torch.bfloat16:
            with _StridesInFloat32():
                yield
        else:
            yield


class _StridesInFloat32(TorchFunctionMode):
    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        if function is _CONVOLVE and _is_slow(*arguments, **(named or {})):
            with torch.autocast("cpu", enabled=False):
                exact = (part.float() if isinstance(part, Tensor) else part for part in arguments)
                return function(*exact, **(named or {})).to(torch.bfloat16)
        return function(*arguments, **(named or {}))


def _is_slow(
    pictures: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> bool:
    """Whether a convolution keeps channels apart and leaves out pixels."""
    strides = (stride,) if isinstance(stride, int) else stride
    return groups > 1 and max(strides) > 1
