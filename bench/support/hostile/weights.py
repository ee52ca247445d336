"""Weight files and checkpoints made to do harm, and sound ones spoilt: the same for the same seed.

`weights(10_000)` is what the table of faults counts; a test takes fewer. Torch is here only to
make the sound files that others are made from. A `.state` is a checkpoint of the lab's own.

Plain safetensors files and torch's files from before the zips carry no sum, so nobody can tell a
changed bit in their numbers from another number. `unsealed` is kept apart for that reason.
"""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import save

from bench.support.hostile.zips import bomb_by_number, huge_directory
from tlcore.nn.engine.saved_network import write

_FLOATS = b"ctorch._utils\n_rebuild_tensor_v2\n"
_END = b"\x89}t"  # requires no gradient, has no hooks


def weights(count: int, seed: int = 0) -> Iterator[tuple[str, str, bytes]]:
    """Files, each with the name of its trick and its ending. Half of them are mutations."""
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        trick = TRICKS[number // 2 % len(TRICKS)] if number % 2 else mutated
        ending, content = trick(chance)
        yield trick.__name__, ending, content


def sound() -> dict[str, torch.Tensor]:
    """Weights that nothing is wrong with."""
    dice = torch.Generator().manual_seed(0)
    return {
        "conv.weight": torch.randn(8, 3, 3, 3, generator=dice),
        "norm.count": torch.tensor(3),
        "head.weight": torch.randn(10, 8, generator=dice),
        "head.bias": torch.zeros(10),
    }


@cache
def sound_files() -> dict[str, bytes]:
    """The same weights in each format that the lab reads."""
    new, old, wrapped = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save(sound(), new)
    torch.save(sound(), old, _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "state_dict": sound()}, wrapped)
    plain = save(sound(), metadata={"architecture": "x"})
    with TemporaryDirectory() as folder:
        state = Path(folder) / "x.safetensors"
        write(state, "state", sound(), {"epoch": 3})
        sealed = state.read_bytes()
    return {
        ".pt": new.getvalue(), ".bin": wrapped.getvalue(), ".state": sealed,
        ".pth": old.getvalue(), ".safetensors": plain,
    }  # fmt: skip


def mutated(chance: random.Random) -> tuple[str, bytes]:
    """Of a kind that carries a sum of its content."""
    return _mutated(chance.choice([".pt", ".bin", ".state"]), chance)


def unsealed(chance: random.Random) -> tuple[str, bytes]:
    """Of a kind that doesn't."""
    return _mutated(chance.choice([".pth", ".safetensors"]), chance)


def _mutated(ending: str, chance: random.Random) -> tuple[str, bytes]:
    """Bits flipped, parts cut, removed, repeated or overwritten."""
    content = bytearray(sound_files()[ending])
    for _ in range(chance.choice([1, 1, 2, 8])):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0 if place < len(content):
                content[place] ^= 1 << chance.randrange(8)
            case 1:
                del content[place:]
            case 2:
                del content[place : place + chance.randint(1, 50)]
            case 3:
                content[place:place] = content[place : place + 200] * chance.randint(1, 5)
            case _:
                content[place : place + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\x7f" * 8])
    return ending, bytes(content)


class _Trap:
    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.arguments


_CALLS: tuple[tuple[Callable[..., Any], *tuple[Any, ...]], ...] = (
    (exec, "import os; os._exit(7)"), (eval, "__import__('os')._exit(7)"),
    (getattr, "x", "upper"), (bytearray, 3 * 10**9), (pow, 10, 10**9), (print, "x" * 99),
    (io.BytesIO, b"x"), (range, 10**12),
)  # fmt: skip


def program(chance: random.Random) -> tuple[str, bytes]:
    """A pickle that would leave by the exit if it were run."""
    call, *arguments = chance.choice(_CALLS)
    held = {**sound(), "head.bias": _Trap(call, *arguments)}
    file, protocol, new = io.BytesIO(), chance.choice([2, 4]), chance.random() < 0.5
    torch.save(held, file, _use_new_zipfile_serialization=new, pickle_protocol=protocol)
    return ".pt", file.getvalue()


def expanded(chance: random.Random) -> tuple[str, bytes]:
    """A tensor of gigabytes that is one number again and again, or overlaps itself."""
    side = chance.randint(5_000, 30_000)
    row = torch.zeros(2 * side)
    tensor = chance.choice([
        torch.zeros(1).expand(side, side), torch.zeros(()).expand(side, side, 2),
        row.as_strided((side, side), (1, 1)), row.as_strided((side, side), (0, 1)),
    ])  # fmt: skip
    file = io.BytesIO()
    form = chance.random() < 0.5
    torch.save({**sound(), "bomb": tensor}, file, _use_new_zipfile_serialization=form)
    return ".pt", file.getvalue()


def deflated(chance: random.Random) -> tuple[str, bytes]:
    """Torch's zip, compressed: a thousandth of what it unpacks to."""
    count = chance.randint(1, 12) * 10**6
    return ".pt", _zipped(_described(count), {"0": bytes(4 * count)}, zipfile.ZIP_DEFLATED)


def claims(chance: random.Random) -> tuple[str, bytes]:
    """More numbers than there are: in one storage, in a view of it, or before its beginning."""
    count = chance.choice([11, 10**6, 5 * 10**8, 2**40, 2**62, -1])
    held = chance.choice(
        [_described(count), _described(10, size=count), _described(10, offset=count)]
    )
    return ".pt", _zipped(held, {"0": bytes(40)})


def claims_of_old(chance: random.Random) -> tuple[str, bytes]:
    """The same in the format before the zips, where torch sets the memory aside at once."""
    count = chance.choice([11, 10**6, 5 * 10**8, 2**38])
    keys: list[str] = chance.choice([[], ["0"], ["0", "1"], ["1"]])
    parts = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}]
    content = b"".join(pickle.dumps(part, 2) for part in parts)
    content += _described(count) + pickle.dumps(keys, 2)
    return ".pth", content + struct.pack("<q", chance.choice([count, 10])) + bytes(40)


def description_bomb(chance: random.Random) -> tuple[str, bytes]:
    """A pickle whose few bytes become many objects, or a memory with a far place."""
    made = chance.choice([
        b"]" * 7_000_000, b"\x8f" * 7_000_000, b"(" * 7_000_000, b"}" * 7_000_000,
        b"]r\xff\xff\xff\x7f" * 9, b"X" + struct.pack("<I", 2**31),
        b"\x8e" + struct.pack("<Q", 2**62), b"]q\0" + b"(h\0h\0lq\0" * 200_000,
        b"(" + b"K\1" * 600_000 + b"l", b"\x8b" + struct.pack("<i", 2**30),
        b"I" + b"9" * 100_000 + b"\n",
    ])  # fmt: skip
    return ".pt", _zipped(b"\x80\x02" + made + b".", {})


def directory_bomb(chance: random.Random) -> tuple[str, bytes]:
    return ".pt", chance.choice([bomb_by_number, huge_directory])(chance)


def header_bomb(chance: random.Random) -> tuple[str, bytes]:
    """Safetensors whose header is everything there is, or says what can't be."""
    nothing = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    ten = {"dtype": "F32", "shape": [10], "data_offsets": [0, 40]}
    made: list[Any] = [
        {str(number): nothing for number in range(60_000)},
        {str(number): ten for number in range(2_000)},
        {"a": {**ten, "shape": [2**31, 2**31]}}, {"a": {**nothing, "shape": [-1]}},
        {"a": {**nothing, "data_offsets": [2**62, 2**63]}}, {"__metadata__": {"x": "y" * 10**6}},
    ]  # fmt: skip
    deep = [b"[" * 100_000, b'{"a":' * 50_000, b'{"a":1' + b"0" * 100_000 + b"}"]
    header = chance.choice([*(json.dumps(each).encode() for each in made), *deep])
    ending = chance.choice([".safetensors", ".state"])
    length = len(header) if chance.random() < 0.8 else chance.choice([2**62, 2**31, 10**8, 0])
    return ending, struct.pack("<Q", length) + header + bytes(40)


def not_finite(chance: random.Random) -> tuple[str, bytes]:
    spoilt = sound()
    spoilt["head.weight"][3, 3] = chance.choice([float("nan"), float("inf")])
    if chance.random() < 0.5:
        return ".safetensors", save(spoilt)
    file = io.BytesIO()
    torch.save(spoilt, file)
    return ".pt", file.getvalue()


def no_weights(chance: random.Random) -> tuple[str, bytes]:
    made = [b"", b"\x80\x02.", b"<html>404</html>", chance.randbytes(2_000), pickle.dumps([1, 2])]
    return chance.choice([".pt", ".bin", ".safetensors", ".state"]), chance.choice(made)


def _described(count: int, size: int | None = None, offset: int = 0) -> bytes:
    """A pickle of one tensor over one storage of so many numbers, or so it says."""
    size = count if size is None else size
    storage = (
        b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpu" + _number(count) + b"tQ"
    )
    tensor = storage + _number(offset) + _number(size) + b"\x85" + _number(1) + b"\x85" + _END
    return b"\x80\x02}X\4\0\0\0bomb" + _FLOATS + b"(" + tensor + b"Rs."


def _number(value: int) -> bytes:
    content = value.to_bytes(9, "little", signed=True)
    return b"\x8a\x09" + content


def _zipped(
    described: bytes, storages: dict[str, bytes], method: int = zipfile.ZIP_STORED
) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("archive/data.pkl", described)
        archive.writestr("archive/byteorder", "little")
        for key, content in storages.items():
            archive.writestr(f"archive/data/{key}", content)
    return file.getvalue()


TRICKS: tuple[Callable[[random.Random], tuple[str, bytes]], ...] = (
    program, expanded, deflated, claims, claims_of_old, description_bomb, directory_bomb,
    header_bomb, not_finite, no_weights, unsealed,
)  # fmt: skip
