"""Reading weight files that anybody may have made, without running or trusting what is in them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from tlcore.errors import WeightsError, WeightsMissing

LARGEST_HEADER = 16 * 2**20
"""Of a safetensors file: a network of a thousand layers needs a hundredth of that."""
_WRAPPERS = ("state_dict", "model")
"""Where training scripts commonly put the weights inside a torch file."""


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
    """Read a safetensors file, or a torch file as far as `weights_only` allows.

    Raises:
        WeightsError: The file is damaged, foreign, or holds something else than plain tensors.
    """
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
    """A safetensors file begins with the length of its header; a lie there is a lot of memory."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
    except OSError as error:
        raise damaged(path, f"it can't be opened ({error.strerror})") from None
    if size < 8:
        raise damaged(path, f"it is only {size} bytes long")
    if header > min(LARGEST_HEADER, size - 8):
        raise damaged(path, f"it claims a header of {header:,} bytes in a file of {size:,}")


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        raise damaged(path, str(error)) from None


def _read_torch(path: Path) -> dict[str, Tensor]:
    _must_exist(path)
    _must_not_unfold(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - bytes from outside make it raise anything
        raise damaged(path, _without_advice(error)) from None
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not content:
        raise damaged(path, "it holds no weights by name")
    if strange := [name for name, value in content.items() if not isinstance(value, Tensor)]:
        raise damaged(path, f"it holds other things than tensors, such as {strange[0]!r}")
    return {str(name): tensor.detach() for name, tensor in content.items()}


def _without_advice(error: Exception) -> str:
    """torch's message goes on to recommend switching the protection off; ours doesn't."""
    if "eights only" in str(error) or "weights_only" in str(error):
        return "it holds more than plain tensors, and code from files is never run"
    return str(error) or type(error).__name__


def _must_not_unfold(path: Path) -> None:
    """torch never compresses; a compressed file is one made to fill the memory."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unfolded = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise damaged(path, str(error)) from None
    if unfolded > path.stat().st_size:
        raise damaged(path, "it is compressed, which torch's own files never are")


def _must_be_plain(tensors: Mapping[str, Tensor], path: Path) -> None:
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_complex():
            raise damaged(path, f"{name} is not a plain dense tensor")
        if tensor.device.type != "cpu" or tensor.nbytes > tensor.untyped_storage().nbytes():
            raise damaged(path, f"{name} claims more numbers than the file holds")
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise damaged(path, f"{name} holds infinite values or NaN")
