"""A GPU that isn't there: tensors lie in the machine's memory and bear a mark that says otherwise.

The mark is on the storage, so that views, parameters and detached tensors share it, and torch's own
arithmetic for CPUs does the work. What a real card would refuse is refused: tensors of two devices
in one operation, NumPy that reaches into the card, dice of the wrong device, more pictures than
there is memory for. Dropout draws from dice of the card's own, so whoever forgets to seed those is
found out. All of it is a mode that ends: nothing is registered with torch, and other tests of the
same process see no trace of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Self
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CPU = torch.device("cpu")

_AUTOCAST = torch.autocast
_DRAWING = {"dropout", "bernoulli", "bernoulli_", "rand_like", "randn_like", "uniform_", "normal_"}
_FROM_ANYWHERE = {"copy_", "type_as", "set_", "_has_compatible_shallow_copy_type"}
"""Operations that torch itself lets reach across devices."""


class PretendGpu(TorchFunctionMode):
    """Two cards that are called `cuda:0` and `cuda:1`, and what happens on them.

    Attributes:
        seen: How often each operation ran on a card.
        arrived: How many tensors came to each card.
        most: The largest batch that a convolution has memory for; None for any.
        dice: Of each card; dropout draws from them.
        current: The card that counts where none is named.
        emptied: How often each card's memory was given back.
    """

    def __init__(
        self, *, capability: tuple[int, int] = (8, 0), free: int = 16 * 10**9, use: str = "cuda:1"
    ) -> None:
        super().__init__()
        self._capability, self._free, self._use = capability, free, use
        self._around = ExitStack()
        self.seen: Counter[str] = Counter()
        self.arrived: Counter[str] = Counter()
        self.emptied: Counter[int] = Counter()
        self.most: int | None = None
        self.dice = [torch.Generator().manual_seed(index) for index in range(2)]
        self.current = 0

    def __enter__(self) -> Self:
        """From now on torch says that there are cards."""
        cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
        for flag in ("allow_tf32", "deterministic", "benchmark"):
            self._around.callback(setattr, cudnn, flag, getattr(cudnn, flag))
        self._around.callback(setattr, products, "allow_tf32", products.allow_tf32)
        self._around.enter_context(patch.dict("os.environ", TL_DEVICE=self._use))
        for name, answer in self._answers().items():
            self._around.enter_context(patch.object(torch.cuda, name, answer))
        self._around.enter_context(patch.object(torch, "autocast", _autocast_on_a_card))
        # optimisers ask the driver whether a graph is being recorded
        self._around.enter_context(patch.object(torch.accelerator, "is_available", lambda: False))
        super().__enter__()
        return self

    def __exit__(self, *what: Any) -> None:
        """It is gone, and what torch says is put back."""
        super().__exit__(*what)
        self._around.close()

    def _answers(self) -> dict[str, Callable[..., Any]]:
        """What is asked of `torch.cuda`."""

        @contextmanager
        def device(which: torch.device) -> Iterator[None]:
            before, self.current = self.current, torch.device(which).index or 0
            yield
            self.current = before

        def set_device(which: torch.device) -> None:
            self.current = which.index

        return {
            "is_available": lambda: True,
            "device_count": lambda: len(self.dice),
            "device": device,
            "set_device": set_device,
            "current_device": lambda: self.current,
            "get_device_capability": lambda device: self._capability,
            "get_device_name": lambda device: "a card that is pretended",
            "mem_get_info": lambda device: (self._free, self._free),
            "manual_seed": lambda seed: self.dice[self.current].manual_seed(seed),
            "empty_cache": lambda: self.emptied.update([self.current]),
        }

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        named: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(named or {})
        name = getattr(function, "__name__", "")
        if name == "__get__" and (said := self._said(function, arguments[0])) is not None:
            return said
        if name in ("to", "cpu", "cuda"):
            return self._moved(name, arguments, named)
        place = self._place_of_all(name, function, arguments, named)
        if named.get("device") is not None:
            place, named["device"] = self._whole(named["device"]), CPU
        if place == CPU:
            return function(*arguments, **named)
        self._refuse(name, arguments, named)
        self.seen[name] += 1
        with self._own_dice(place, name):
            made = function(*arguments, **named)
        for tensor in _tensors(made):
            self._mark(tensor, place)
        return made

    def place(self, tensor: Tensor) -> torch.device:
        """Where a tensor is."""
        with torch._C.DisableTorchFunction():
            storage = tensor.untyped_storage() if tensor.layout == torch.strided else None
            found: torch.device = getattr(storage, "pretended", CPU)
            return found

    def _mark(self, tensor: Tensor, place: torch.device) -> None:
        with torch._C.DisableTorchFunction():
            if tensor.layout == torch.strided:
                tensor.untyped_storage().pretended = place  # type: ignore[attr-defined]

    def _said(self, function: Any, tensor: Tensor) -> Any:
        """What a tensor says of its place; None where something else is asked."""
        asked = getattr(function, "__self__", None)
        if asked is Tensor.device:
            return self.place(tensor)
        if asked is Tensor.is_cuda:
            return self.place(tensor) != CPU
        return self.place(tensor) == CPU if asked is Tensor.is_cpu else None

    def _moved(self, name: str, arguments: Sequence[Any], named: dict[str, Any]) -> Tensor:
        """A tensor brought to another device, which is always a copy, or made another type."""
        tensor, *rest = arguments
        here = there = self.place(tensor)
        if name == "cpu":
            there = CPU
        elif name == "cuda":
            there = self._whole(rest[0] if rest else "cuda")
        elif rest and isinstance(rest[0], Tensor):
            there = self.place(rest[0])
        elif rest and isinstance(rest[0], str | int | torch.device):
            there, rest[0] = self._whole(rest[0]), CPU
        elif named.get("device") is not None:
            there, named["device"] = self._whole(named["device"]), CPU
        if name != "to":
            rest, named = [CPU], {}
        made: Tensor = tensor.to(*rest, **named)
        if there != here and made.data_ptr() == tensor.data_ptr():
            made = made.clone(memory_format=torch.preserve_format)
        self.arrived[str(there)] += there != here
        self._mark(made, there)
        return made

    def _place_of_all(
        self, name: str, function: Any, arguments: Sequence[Any], named: Mapping[str, Any]
    ) -> torch.device:
        """Where an operation happens. As torch has it, single numbers of the CPU may come along,
        and rows on a card may be chosen by numbers of the CPU."""
        found = [*_tensors((arguments, *named.values()))]
        if not found:
            return CPU
        first = self.place(found[0])
        sets_data = name == "__set__" and getattr(function, "__self__", None) is Tensor.data
        if name in _FROM_ANYWHERE or sets_data:
            return first
        places = {self.place(tensor) for tensor in found if tensor.dim()}
        places |= {self.place(tensor) for tensor in found} - {CPU}
        if name in ("__getitem__", "__setitem__", "index_select") and first != CPU:
            places -= {CPU}
        if len(places) > 1:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{' and '.join(sorted(map(str, places)))}! (in {name})"
            )
        return next(iter(places), CPU)

    def _refuse(self, name: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> None:
        """What a card refuses beside a mix of devices."""
        if name in ("numpy", "__array__"):
            raise TypeError("can't convert cuda device type tensor to numpy. Use Tensor.cpu().")
        if named.get("generator") is not None:
            raise RuntimeError(f"Expected a 'cuda' device type for generator (in {name})")
        if name == "conv2d" and self.most is not None and len(arguments[0]) > self.most:
            raise torch.OutOfMemoryError(f"CUDA out of memory: {len(arguments[0])} pictures")

    def _whole(self, device: str | int | torch.device) -> torch.device:
        """With its number, where it has none."""
        device = torch.device("cuda", device) if isinstance(device, int) else torch.device(device)
        return torch.device("cuda", self.current) if device == torch.device("cuda") else device

    @contextmanager
    def _own_dice(self, place: torch.device, name: str) -> Iterator[None]:
        """What is drawn is drawn from the card's dice, and the CPU's stay where they were."""
        if name not in _DRAWING:
            yield
            return
        own, shared = self.dice[place.index or 0], torch.default_generator
        before = shared.get_state()
        shared.set_state(own.get_state())
        try:
            yield
        finally:
            own.set_state(shared.get_state())
            shared.set_state(before)


def _autocast_on_a_card(kind: str, *, dtype: torch.dtype, enabled: bool = True) -> Any:
    if kind != "cuda":
        raise RuntimeError(f"autocast for {kind!r}, and all is on a card")
    return _AUTOCAST("cpu", dtype=dtype, enabled=enabled)


def _tensors(things: Any) -> Iterator[Tensor]:
    if isinstance(things, Tensor):
        yield things
    elif isinstance(things, Mapping):
        yield from _tensors(list(things.values()))
    elif isinstance(things, list | tuple):
        for thing in things:
            yield from _tensors(thing)
