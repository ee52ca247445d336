"""Reading weight files that anybody may have made, without running or trusting what is in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tlcore.catalog.weight_files import fault_in_header
from tlcore.errors import WeightsError, WeightsMissing
from tlcore.nn.networks.torch_files import read_torch
from tlcore.nn.networks.torch_pickle import Refused

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class WeightFile:
    """What a weight file holds.

    Attributes:
        tensors: By name; dense, finite and on the CPU.
        metadata: What a safetensors file says of itself.
    """

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]


def read_weights(path: Path) -> WeightFile:
    """Read a safetensors file, or a torch file without running what is in it.

    Raises:
        WeightsError: The file is damaged, foreign, or holds something else than plain tensors.
    """
    _must_exist(path)
    _must_be_as_fetched(path)
    if path.suffix == ".safetensors":
        metadata = read_metadata(path)
        tensors = _read_safetensors(path)
    else:
        metadata, tensors = {}, _read_torch(path)
    _must_be_plain(tensors, path)
    return WeightFile(tensors, metadata)


def read_metadata(path: Path) -> dict[str, str]:
    """What a weight file says of itself; torch files say nothing."""
    _must_exist(path)
    if path.suffix != ".safetensors":
        return {}
    _must_have_sane_header(path)
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path, str(error)) from None


def damaged(path: Path, reason: str) -> WeightsError:
    """The one error for a file that can't be used at all."""
    first_line = reason.strip().splitlines()[0][:200] if reason.strip() else "no reason given"
    return WeightsError(
        f"{path.name} can't be used as weights: {first_line}",
        where=str(path),
        remedy="Fetch or copy the file again, or name another one under model.weights.",
    )


def _must_exist(path: Path) -> None:
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "not there"
        raise WeightsMissing(
            f"The weight file {path.name} is {kind}",
            where=str(path),
            remedy="Set model.weights to a file, to pretrained or to none.",
        )


def _must_have_sane_header(path: Path) -> None:
    if fault := fault_in_header(path):
        raise damaged(path, fault)


def _must_be_as_fetched(path: Path) -> None:
    """The hub's tools call what they keep after its SHA-256: a changed bit can be noticed."""
    file = path.resolve()
    if file.parent.name == "blobs" and _SHA256.fullmatch(file.name):
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if found != file.name:
            raise damaged(path, "it has changed since it was fetched")


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        raise damaged(path, str(error)) from None


def _read_torch(path: Path) -> dict[str, Tensor]:
    try:
        return read_torch(path)
    except (Refused, OSError) as error:
        raise damaged(path, str(error)) from None


def _must_be_plain(tensors: Mapping[str, Tensor], path: Path) -> None:
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_complex():
            raise damaged(path, f"{name} is not a plain dense tensor")
        if tensor.device.type != "cpu" or tensor.nbytes > tensor.untyped_storage().nbytes():
            raise damaged(path, f"{name} claims more numbers than the file holds")
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise damaged(path, f"{name} holds infinite values or NaN")
