"""A convolution and its activation as one operation of the CPU's library, weights laid out once.

By themselves they are two passes over memory, and weights are cast and rearranged at every call.
Only for looking: there is no way back through such an operation.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.padding import get_same_padding
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from tlcore.nn.device import computing_in
from tlcore.nn.networks.network import Network, evaluating

"""Relative distance, in float32, beyond which a folding isn't believed."""


def folded(network: Network, picture: Tensor, boundary: int) -> Network:
    """A frozen copy whose first `boundary` blocks compute the same in fewer operations.

    Which convolution feeds which BatchNorm is seen on a picture that goes through; that the
    copy still computes the same is tried on it too, and if it doesn't, nothing is folded.
    """
    faster = _still(network)  # cut into stages only after folding: they hold their modules
    with torch.no_grad(), evaluating(network):
        for convolution, norm in _pairs(network, lambda: network.prefix(picture, boundary)):
            _fold(faster, convolution, norm)
        wanted, found = (each.prefix(picture, boundary) for each in (network, faster))
    distance = (found - wanted).norm() / wanted.norm().clamp_min(1e-12)
    return faster if bool(distance <= CLOSE_ENOUGH) else _still(network)


def _still(network: Network) -> Network:
    """A copy that doesn't learn."""
    return copy.deepcopy(network).eval().requires_grad_(False)


def _pairs(network: nn.Module, run: Callable[[], Tensor]) -> list[tuple[str, str]]:
    """Names of convolutions whose result goes through a BatchNorm, and of that BatchNorm."""
    made: dict[int, tuple[str, Tensor]] = {}
    seen: Counter[str] = Counter()
    pairs: list[tuple[str, str]] = []

    def look(name: str, module: nn.Module, given: tuple[Any, ...], result: Any) -> None:
        seen[name] += 1
        if isinstance(module, nn.Conv2d):
            made[id(result)] = (name, result)  # held, so that no other tensor gets its id
        elif id(given[0]) in made:
            pairs.append((made[id(given[0])][0], name))

    handles = [
        module.register_forward_hook(partial(look, name))
        for name, module in network.named_modules()
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
    ]
    run()
    for handle in handles:
        handle.remove()
    return [pair for pair in pairs if all(seen[name] == 1 for name in pair)]


def _fold(network: nn.Module, convolution_name: str, norm_name: str) -> None:
    """Move a BatchNorm into a convolution; what it did beside normalising stays."""
    convolution, norm = map(network.get_submodule, (convolution_name, norm_name))
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    if norm.running_mean is None or norm.running_var is None:
        return  # it takes the statistics of each batch
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    # timm's BatchNorm brings its activation along.
    rest = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]
    network.set_submodule(norm_name, nn.Sequential(*rest))


CLOSE_ENOUGH = 1e-3
"""Relative distance that is always allowed. In low precision, twice that of the usual way is."""

_PLAIN = (nn.Conv2d, Conv2dSame)
_ACTIVATIONS: dict[type[nn.Module], tuple[str, tuple[str, ...]]] = {
    nn.ReLU: ("relu", ()),
    nn.ReLU6: ("hardtanh", ("min_val", "max_val")),
    nn.Hardtanh: ("hardtanh", ("min_val", "max_val")),
    nn.Hardswish: ("hardswish", ()),
    nn.SiLU: ("swish", ()),
}


class FusedConvolution(nn.Module):
    """A convolution, and perhaps an activation after it, that can't be trained.

    Args:
        like: The shape of what will go in.
    """

    def __init__(
        self,
        convolution: nn.Conv2d,
        activation: nn.Module | None,
        precision: torch.dtype,
        like: Sequence[int],
    ) -> None:
        super().__init__()
        name, limits = _ACTIVATIONS[type(activation)] if activation else ("none", ())
        self._activation = (name, [getattr(activation, limit) for limit in limits], "")
        self.weight = convolution.weight  # networks are cut into blocks by who has parameters
        self._precision = precision
        kernel, padding = _evenly_padded(convolution, like)
        self._places = (padding, convolution.stride, convolution.dilation, convolution.groups)
        bias = convolution.bias
        self._bias = None if bias is None else bias.detach().to(precision)
        self._laid_out = torch.ops.mkldnn._reorder_convolution_weight(
            kernel.to(precision), *self._places, list(like)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """What both would make of them, in the precision that was asked for."""
        pictures = pictures.to(self._precision)
        weight, bias = self._laid_out, self._bias
        made: Tensor = torch.ops.mkldnn._convolution_pointwise(
            pictures, weight, bias, *self._places, *self._activation
        )
        return made


def _evenly_padded(convolution: nn.Conv2d, like: Sequence[int]) -> tuple[Tensor, list[int]]:
    """The weights and a padding that is the same on both sides.

    TensorFlow's networks pad more on the right and below; adding zeros to the kernel on the left
    and above instead saves a copy of all that goes in.
    """
    weight, sides = convolution.weight.detach(), []
    for axis in (1, 0):  # the last one first, as padding is written
        size, stride = like[2 + axis], convolution.stride[axis]
        reach, padding = weight.shape[2 + axis], convolution.padding[axis]
        assert isinstance(padding, int)
        before = after = padding
        if isinstance(convolution, Conv2dSame):
            total = get_same_padding(size, reach, stride, convolution.dilation[axis])
            before, after = total // 2, total - total // 2
        sides.append((after, after - before))
    (right, left_zeros), (below, top_zeros) = sides
    return F.pad(weight, (left_zeros, 0, top_zeros, 0)), [below, right]


def fused(
    network: Network, picture: Tensor, boundary: int, precision: torch.dtype, batch: int
) -> Network:
    """The same network for looking, its first `boundary` blocks in fewer operations where it can
    be done: they are changed in place.

    What belongs together is seen on a picture that goes through; that it comes out as before is
    tried, too, and if it doesn't, everything is put back. Weights are laid out for batches of so
    many.
    """
    if picture.device.type != "cpu" or not _possible(precision):
        return network
    before = dict(network.named_modules())
    with torch.no_grad():
        exact, convolutions = _convolutions(network, picture, boundary)
        with computing_in(precision, picture.device):
            usual = network.prefix(picture, boundary)
        for name, activation, shape in convolutions:
            _fuse(network, name, activation, precision, (batch, *shape[1:]))
        changed = copy.copy(network)  # not cut into stages yet: these hold their modules
        with computing_in(precision, picture.device):
            found = changed.prefix(picture, boundary)
    if _distance(found, exact) <= max(CLOSE_ENOUGH, 2 * _distance(usual, exact)):
        return changed
    for name, activation, _ in convolutions:
        for each in filter(None, (name, activation)):
            network.set_submodule(each, before[each])
    return network


@cache
def _possible(precision: torch.dtype) -> bool:
    """Whether the library is there and can do it on this processor: older ones lack bfloat16."""
    names = ("_convolution_pointwise", "_reorder_convolution_weight")
    library = torch.backends.mkldnn.is_available()
    if not (library and all(hasattr(torch.ops.mkldnn, name) for name in names)):
        return False
    kernel = torch.zeros(1, 1, 1, 1, dtype=precision)
    places = ([0, 0], [1, 1], [1, 1], 1)
    try:
        torch.ops.mkldnn._reorder_convolution_weight(kernel, *places, [1, 1, 8, 8])
    except RuntimeError:
        return False
    return True


def _convolutions(
    network: Network, picture: Tensor, boundary: int
) -> tuple[Tensor, list[tuple[str, str, torch.Size]]]:
    """What becomes of the picture, and of each convolution that runs once its name, that of the
    activation right after it ("" if none is), and the shape of what goes in."""
    made: dict[int, tuple[str, Tensor, int]] = {}
    shapes: dict[str, torch.Size] = {}
    next_one: dict[str, str] = {}
    seen: Counter[str] = Counter()

    def see_convolution(name: str, module: nn.Module, given: tuple[Any, ...], made_: Any) -> None:
        seen[name] += 1
        shapes[name] = given[0].shape
        # the tensor is held, so that no other one gets its id
        made[id(made_)] = (name, made_, made_._version)

    def see_activation(name: str, module: nn.Module, given: tuple[Any, ...]) -> None:
        seen[name] += 1
        before, _, version = made.get(id(given[0]), ("", None, -1))
        if given[0]._version == version:  # else something was added to it in between
            next_one[before] = name

    handles = []
    for name, module in network.named_modules():
        if type(module) in _ACTIVATIONS:
            # before it runs, for most change in place what they are given
            handles.append(module.register_forward_pre_hook(partial(see_activation, name)))
        elif type(module) in _PLAIN and isinstance(module.padding, tuple):
            handles.append(module.register_forward_hook(partial(see_convolution, name)))
    result = network.prefix(picture, boundary)
    for handle in handles:
        handle.remove()
    pairs = {name: after for name, after in next_one.items() if seen[after] == 1}
    once = [(name, shape) for name, shape in shapes.items() if seen[name] == 1]
    return result, [(name, pairs.get(name, ""), shape) for name, shape in once]


def _fuse(
    network: nn.Module, name: str, activation_name: str, precision: torch.dtype, like: Sequence[int]
) -> None:
    convolution = network.get_submodule(name)
    assert isinstance(convolution, nn.Conv2d)
    activation = network.get_submodule(activation_name) if activation_name else None
    network.set_submodule(name, FusedConvolution(convolution, activation, precision, like))
    if activation_name:
        network.set_submodule(activation_name, nn.Identity())


def _distance(found: Tensor, wanted: Tensor) -> float:
    return float((found.float() - wanted).norm() / wanted.norm().clamp_min(1e-12))
