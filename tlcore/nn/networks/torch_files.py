"""Torch's own weight files, read without torch's reader: a zip, or what came before zips.

Nothing is taken on trust: every number that a tensor claims must be in the file, uncompressed and
once, before memory is set aside for it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tlcore.data.archive import Guarded
from tlcore.errors import DataError
from tlcore.nn.networks.torch_pickle import Claim, Refused, Storage, follow

_KINDS = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool, "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}  # fmt: skip
_WRAPPERS = ("state_dict", "model")  # where training scripts commonly put the weights
_LARGEST_DESCRIPTION = 8 * 2**20
_ZIP = b"PK\x03\x04"
_MAGIC = 0x1950A86A20F9469CFC6C  # what files from before the zips begin with
_PROTOCOL = 1001
_WIDTH = 8  # bytes of the number in front of a storage in such a file


def read_torch(path: Path) -> dict[str, Tensor]:
    """The weights in a file, by name; what else a training script has saved is not read.

    Raises:
        Refused: It is damaged, or holds something else.
        OSError: It can't be read.
    """
    with path.open("rb") as file:
        if file.peek(len(_ZIP)).startswith(_ZIP):
            return _read_zip(path)
        return _read_old(file, path.stat().st_size)


def _read_zip(path: Path) -> dict[str, Tensor]:
    try:
        with Guarded(path) as file, zipfile.ZipFile(file) as archive:
            _must_not_unfold(archive.infolist(), path.stat().st_size)
            file.in_directory = False
            root = _root(archive)
            weights = _weights(follow(BytesIO(archive.read(f"{root}/data.pkl"))))
            storages = {
                each: _tensor(_numbers(archive, f"{root}/data/{each.key}", each), each)
                for each in _storages(weights)
            }
    except DataError as error:
        raise Refused(error.what) from None
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, EOFError) as error:
        raise Refused(str(error)) from None
    return {name: _view(name, claim, storages[claim.storage]) for name, claim in weights.items()}


def _weights(content: Any) -> dict[str, Claim]:
    """The claims by name, also where they lie in a wrapper."""
    for wrapper in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict) or not content:
        raise Refused("it holds no weights by name")
    if strange := [name for name, value in content.items() if not isinstance(value, Claim)]:
        raise Refused(f"it holds other things than tensors, such as {strange[0]!r:.60}")
    return {str(name): claim for name, claim in content.items()}


def _must_not_unfold(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    """torch never compresses, and never points twice at the same bytes."""
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise Refused("it is compressed, which torch's own files never are")
    if sum(entry.file_size for entry in entries) > size:
        raise Refused("it claims to hold more than its own size")


def _root(archive: zipfile.ZipFile) -> str:
    """The one folder in the zip; its name is whatever the file was first called."""
    roots = [name.removesuffix("/data.pkl") for name in archive.namelist()
             if name.endswith("/data.pkl") and name.count("/") == 1]  # fmt: skip
    if len(roots) != 1:
        raise Refused("it is a zip, but not one of torch's")
    [root] = roots
    if archive.getinfo(f"{root}/data.pkl").file_size > _LARGEST_DESCRIPTION:
        raise Refused("it describes far more than a network")
    order = f"{root}/byteorder"
    if order in archive.namelist() and archive.open(order).read(10) != b"little":
        raise Refused("its numbers were written by another kind of machine")
    return root


def _numbers(archive: zipfile.ZipFile, name: str, storage: Storage) -> bytearray:
    """A storage's numbers; the zip's own sums notice a changed bit."""
    if archive.getinfo(name).file_size != _size(storage):
        raise Refused(f"storage {storage.key:.20} has another size than it says")
    with archive.open(name) as file:
        numbers = bytearray(file.read(_size(storage)))
    if len(numbers) != _size(storage):
        raise Refused("it ends too early")
    return numbers


def _read_old(file: BufferedReader, size: int) -> dict[str, Tensor]:
    """Five pickles (the last names the storages), then the numbers, one storage after the other."""
    if follow(file) != _MAGIC or follow(file) != _PROTOCOL:
        raise Refused("it is none of torch's files")
    system = follow(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise Refused("its numbers were written by another kind of machine")
    content, keys = follow(file), follow(file)
    weights = _weights(content)
    held = {storage.key: storage for storage in _storages(content)}
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(held):
        raise Refused("it claims more numbers than the file holds")
    if sum(_size(storage) for storage in held.values()) > size:
        raise Refused("it claims more numbers than the file holds")
    storages = {held[str(key)]: _next(file, held[str(key)]) for key in keys}
    return {name: _view(name, claim, storages[claim.storage]) for name, claim in weights.items()}


def _next(file: BufferedReader, storage: Storage) -> Tensor:
    if int.from_bytes(file.read(_WIDTH), "little") != storage.count:
        raise Refused("its storages have other sizes than it says")
    numbers = bytearray(_size(storage))
    if file.readinto(numbers) != len(numbers):
        raise Refused("it ends too early")
    return _tensor(numbers, storage)


def _size(storage: Storage) -> int:
    if storage.kind not in _KINDS or storage.count < 0:
        raise Refused(f"it holds numbers of a kind that weights don't have ({storage.kind[:40]})")
    return storage.count * _KINDS[storage.kind].itemsize


def _tensor(numbers: bytearray, storage: Storage) -> Tensor:
    kind = _KINDS[storage.kind]
    return torch.frombuffer(numbers, dtype=kind) if numbers else torch.empty(0, dtype=kind)


def _storages(content: Any) -> list[Storage]:
    """Each once; two of the same name must be the same."""
    found = dict.fromkeys(claim.storage for claim in _claims(content))
    if len({storage.key for storage in found}) != len(found):
        raise Refused("it says different things of the same storage")
    return list(found)


def _claims(content: Any) -> Iterator[Claim]:
    """All claims, wherever they lie."""
    waiting, seen = [content], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, Claim):
            yield value
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            waiting.extend(value.values() if isinstance(value, dict) else value)


def _view(name: str, claim: Claim, storage: Tensor) -> Tensor:
    """The numbers that are meant; no number may be meant twice, or memory could be made of it."""
    if len(claim.size) != len(claim.stride) or not _is_dense(claim, storage.numel()):
        raise Refused(f"{name:.100} claims more numbers than the file holds")
    return storage.as_strided(claim.size, claim.stride, claim.offset)


def _is_dense(claim: Claim, count: int) -> bool:
    """Whether all numbers differ and are in the storage, in whatever order the sides lie."""
    if 0 in claim.size:
        return True
    reach = 1
    for stride, side in sorted(zip(claim.stride, claim.size, strict=True)):
        if side > 1 and stride < reach:
            return False
        reach += (side - 1) * stride
    return claim.offset + reach <= count
