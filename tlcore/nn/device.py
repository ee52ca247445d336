"""Which device and which precision this machine trains with.

`python -m tlcore.nn.device` prints what was found as JSON, for the doctor, who must not
import torch itself.
"""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from typing import Any

import torch

from tlcore import machine
from tlcore.errors import TrainingError

_PRECISIONS = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


_AMPERE = (8, 0)
"""The first NVIDIA GPUs that compute bfloat16; older ones emulate it (torch calls that support)."""


def choose_device() -> torch.device:
    """The fastest device here; `TL_DEVICE` overrules (`cpu`, `cuda:1`, `mps`)."""
    wanted = os.environ.get("TL_DEVICE", "")
    try:
        device = torch.device(wanted or _best_kind())
        torch.empty(1, device=device)
        if has_own_memory(device) and device.index is not None:
            # for whatever asks torch without saying which
            torch.get_device_module(device).set_device(device)
    except (RuntimeError, AssertionError) as error:
        raise TrainingError(
            f"The device {wanted or _best_kind()!r} can't be used: {str(error).splitlines()[0]}",
            where="TL_DEVICE",
            remedy="Unset TL_DEVICE to let the lab choose, or name one that exists, such as cpu.",
        ) from None
    return device


def has_own_memory(device: torch.device) -> bool:
    """Whether it is a card: with memory and dice of its own, and maybe one of several. Such a
    device's module (`torch.cuda` for NVIDIA's) has the same functions whoever made it."""
    return device.type not in ("cpu", "mps")


def _best_kind() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(wanted: str, device: torch.device) -> torch.dtype:
    """The precision a recipe asks for; `auto` is the lowest that the hardware computes natively.

    On CPUs that is bfloat16 with AVX512-BF16 or AMX, where matrix products were measured to run
    about four times as fast as in float32, and float32 elsewhere.
    """
    if wanted == "auto":
        return _native_precision(device)
    if wanted == "float16" and device.type == "cpu":
        raise TrainingError(
            "float16 can't be trained with on a CPU",
            where="precision",
            remedy="Write precision: auto, bfloat16 or float32.",
        )
    return _PRECISIONS[wanted]


def _native_precision(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        native = torch.cuda.get_device_capability(device) >= _AMPERE
        return torch.bfloat16 if native else torch.float16
    if device.type == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return torch.float32


def _cpu_has_bfloat16() -> bool:
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def keep_promises(precision: torch.dtype, device: torch.device) -> None:
    """Make a GPU compute what the recipe says: float32 is float32 and not TF32, whose numbers have
    ten bits, and convolutions are chosen so that the same run gives the same numbers."""
    if device.type == "cuda":
        exact = precision == torch.float32
        torch.backends.cudnn.allow_tf32 = not exact
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def give_memory_back(device: torch.device) -> None:
    """Let go of what torch keeps of a GPU's memory for later."""
    if has_own_memory(device):
        module = torch.get_device_module(device)
        with module.device(device):
            module.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def computing_in(precision: torch.dtype, device: torch.device) -> AbstractContextManager[Any]:
    """Automatic mixed precision: low where it is safe, float32 where it is not."""
    if precision == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype=precision)


def precision_name(precision: torch.dtype) -> str:
    """The precision as recipes name it."""
    return str(precision).removeprefix("torch.")


def available_memory(device: torch.device) -> int:
    """Bytes that can still be taken: on the GPU, or of the machine's memory."""
    if has_own_memory(device):
        return int(torch.get_device_module(device).mem_get_info(device)[0])
    return machine.available_memory()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether that is what went wrong. CPUs and Apple's GPUs have no class of their own for it."""
    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(
        sign in text for sign in ("out of memory", "can't allocate memory", "not enough memory")
    )


def describe() -> dict[str, Any]:
    """What a person should know of this machine's hardware and libraries."""
    device = choose_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name()
    return {
        "device": str(device),
        "device_name": name,
        "precision": precision_name(_native_precision(device)),
        "threads": torch.get_num_threads(),
        "memory_bytes": available_memory(device),
        **{library: version(library) for library in ("torch", "torchvision", "timm")},
    }


def _cpu_name() -> str:
    return str(torch.cpu.get_capabilities().get("cpu_name") or "CPU")


if __name__ == "__main__":
    import torchvision  # noqa: F401  a mismatched pair fails here, and the doctor wants to know

    print(json.dumps(describe()))
