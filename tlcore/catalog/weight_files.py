"""Finding weight files on this machine, without torch and without a network."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tlcore import paths

LARGEST_HEADER = 16 * 2**20
"""A network of a thousand layers needs a hundredth of that; a long run's history, a quarter."""

MOST_TENSORS = 20_000

_LENGTH = 8  # bytes of the length
_TENSOR = b'"data_offsets"'  # once for each tensor


def fault_in_header(path: Path) -> str:
    """What is wrong with it, in words; empty if it may be read.

    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp()) / "weights.safetensors"
    >>> _ = file.write_bytes((10**9).to_bytes(8, "little") + b"{}")
    >>> fault_in_header(file)
    'it claims a header of 1,000,000,000 bytes in a file of 10'
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH), "little")
            tensors = file.read(min(length, LARGEST_HEADER)).count(_TENSOR)
    except OSError as error:
        return f"it can't be opened ({error.strerror})"
    if size < _LENGTH:
        return f"it is only {size} bytes long"
    if length > min(LARGEST_HEADER, size - _LENGTH):
        return f"it claims a header of {length:,} bytes in a file of {size:,}"
    if tensors > MOST_TENSORS:
        return f"it claims {tensors:,} tensors, and no network has more than {MOST_TENSORS:,}"
    return ""


ENDINGS = (".safetensors", ".pth", ".pt", ".bin")
"""What a weight file may be called, best first."""


def in_folders(names: Sequence[str]) -> Path | None:
    """The first file that goes by one of these names, in the folders for weights.

    In a folder a file of exactly that name comes first; then, for a name without a tag, one that
    adds a tag to it, as `resnet18.a1_in1k.safetensors` does to `resnet18`.
    """
    for folder in paths.weight_folders():
        files = _weight_files(folder)
        for name in names:
            exact = [file for file in files if file.stem == name]
            tagged = [file for file in files if file.stem.startswith(f"{name}.")]
            if found := [*exact, *tagged]:
                return found[0]
    return None


def named(weights: str) -> Path:
    """The file that `model.weights` names: by its path, or by its name in the folders for weights.

    The name may leave the ending out: `resnet50.tv_in1k_ktb`. A name that no folder has is taken
    for a path, so that whoever reads it says where there was nothing.
    """
    path = Path(weights).expanduser()
    if path.name != weights or path.is_file():
        return path
    files = [file for folder in paths.weight_folders() for file in _weight_files(folder)]
    return next((file for file in files if weights in (file.name, file.stem)), path)


def in_hub_cache(repository: str) -> Path | None:
    """The weights of a repository such as `timm/resnet18.a1_in1k`, where the hub's own tools
    keep what they have fetched."""
    if not re.fullmatch(r"[\w-]+/[\w.-]+", repository):
        return None
    folder = hub_cache() / f"models--{repository.replace('/', '--')}"
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    for file in ("model.safetensors", "pytorch_model.bin"):
        if (path := folder / "snapshots" / commit / file).is_file():
            return path
    return None


def hub_cache() -> Path:
    """Where the hub's own tools keep files, by the same environment variables."""
    if folder := os.environ.get("HF_HUB_CACHE"):
        return Path(folder).expanduser()
    general = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or f"{general}/huggingface").expanduser() / "hub"


def _weight_files(folder: Path) -> list[Path]:
    """By ending, then by name; nothing where there is no such folder."""
    try:
        files = [path for path in folder.iterdir() if path.suffix in ENDINGS and path.is_file()]
    except OSError:
        return []
    return sorted(files, key=lambda path: (ENDINGS.index(path.suffix), path.name))
