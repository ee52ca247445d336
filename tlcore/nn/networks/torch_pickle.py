"""What the pickle inside a torch file says of its tensors, without running it.

A pickle is a program, and torch's own careful reader still lets a file of 400 bytes fill the
memory. This one follows the few instructions that describe tensors by name, and knows of no
others; what it gives back are claims, to be held against what the file really contains.

>>> import fractions, io, pickle
>>> follow(io.BytesIO(pickle.dumps({"epoch": 3}, protocol=2)))
{'epoch': 3}
>>> follow(io.BytesIO(pickle.dumps(fractions.Fraction(1, 3))))
Traceback (most recent call last):
    ...
tlcore.nn.networks.torch_pickle.Refused: it holds more than plain tensors, and code from files is never run
"""  # noqa: E501

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, cast

MOST_STEPS = 250_000
"""About thirty for each tensor; a step takes at most some hundred bytes of memory."""

LONGEST_WORD = 2**20
"""Bytes of a name or a text."""

_FAR_MORE = "it describes far more than a network"
_OTHER = "it holds more than plain tensors, and code from files is never run"


class Refused(Exception):
    """The file is no weight file, or not one that can be read safely; says why."""


@dataclass(frozen=True)
class Storage:
    """A row of numbers that a file is said to contain.

    Attributes:
        kind: torch's name for such a row, such as `FloatStorage`.
        key: What the row is called in the file.
        count: How many numbers it has.
    """

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class Claim:
    """A tensor, as a file describes it: which numbers of a storage, in which order."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(frozen=True)
class _Name:
    """A thing that a pickle names. It is never looked up."""

    module: str
    name: str


class _Mark:
    """Where a list of arguments begins on the stack."""


class _InShort:
    """A file as `pickletools` reads it, that gives no more at once than a description needs."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        if size > LONGEST_WORD:
            raise Refused(_FAR_MORE)
        return self._file.read(size)

    def readline(self) -> bytes:
        return self._file.readline(LONGEST_WORD)


def follow(file: IO[bytes]) -> Any:
    """What one pickle describes: plain values, dictionaries, lists, tuples, and claims."""
    machine, short = _Machine(), cast(IO[bytes], _InShort(file))
    try:
        for step, (instruction, argument, _) in enumerate(pickletools.genops(short)):
            if step > MOST_STEPS:
                raise Refused(_FAR_MORE)
            machine.do(instruction.name, argument)
        return machine.stack.pop()
    except Refused:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise Refused(f"its description is damaged ({str(error)[:100]})") from None


class _Machine:
    """A stack, a memory, and an instruction at a time."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def do(self, instruction: str, argument: Any) -> None:
        """Follow one instruction."""
        if instruction in _PUSHED:
            self.stack.append(argument)
        elif instruction in _MADE:
            self.stack.append(_MADE[instruction]())
        elif instruction in _TUPLES:
            self._gather(_TUPLES[instruction])
        elif instruction in _KEPT:
            self.memory[argument if _KEPT[instruction] else len(self.memory)] = self.stack[-1]
        elif instruction in _FETCHED:
            self.stack.append(self.memory[argument])
        elif instruction in _DONE:
            _DONE[instruction](self)
        elif instruction == "GLOBAL":
            self.stack.append(_Name(*argument.split(" ")))
        elif instruction not in _IGNORED:
            raise Refused(_OTHER)

    def name(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Name(module, name))

    def call(self) -> None:
        """There are but a few things to call, and none of them does anything."""
        arguments, called = self.stack.pop(), self.stack.pop()
        if (called, arguments) == (_Name("collections", "OrderedDict"), ()):
            self.stack.append({})
        elif called in _TENSORS:
            storage, offset, size, stride, *_ = arguments
            self.stack.append(_claim(storage, offset, size, stride))
        elif called in _SAME:
            self.stack.append(arguments[0])
        else:
            raise Refused(_OTHER)

    def refer(self) -> None:
        """A storage, by what torch calls a persistent id."""
        word, kind, key, _, count, *view = self.stack.pop()
        if word != "storage" or not isinstance(kind, _Name) or any(view):
            raise Refused(_OTHER)
        self.stack.append(Storage(kind.name, str(key), int(count)))

    def put_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._dictionary()[key] = value

    def put_all(self) -> None:
        given = self._since_mark()
        self._dictionary().update(zip(given[::2], given[1::2], strict=True))

    def append_one(self) -> None:
        value = self.stack.pop()
        self._list().append(value)

    def append_all(self) -> None:
        given = self._since_mark()
        self._list().extend(given)

    def tuple_since_mark(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def drop(self) -> None:
        """What a thing should be told after it was made: of tensors there is nothing to tell."""
        self.stack.pop()

    def _gather(self, count: int) -> None:
        self.stack[len(self.stack) - count :] = [tuple(self.stack[len(self.stack) - count :])]

    def _since_mark(self) -> list[Any]:
        given: list[Any] = []
        while not isinstance(value := self.stack.pop(), _Mark):
            given.append(value)
        return given[::-1]

    def _dictionary(self) -> dict[Any, Any]:
        if not isinstance(self.stack[-1], dict):
            raise Refused(_OTHER)
        return self.stack[-1]

    def _list(self) -> list[Any]:
        if not isinstance(self.stack[-1], list):
            raise Refused(_OTHER)
        return self.stack[-1]


def _claim(storage: Any, offset: Any, size: Any, stride: Any) -> Claim:
    numbers = (offset, *size, *stride)
    if not isinstance(storage, Storage) or any(type(n) is not int or n < 0 for n in numbers):
        raise Refused(_OTHER)
    return Claim(storage, offset, tuple(size), tuple(stride))


_PUSHED = {
    "BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BINSTRING", "SHORT_BINSTRING",
    "STRING", "BINBYTES", "SHORT_BINBYTES",
}  # fmt: skip
_MADE: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": _Mark,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_KEPT = {"PUT": True, "BINPUT": True, "LONG_BINPUT": True, "MEMOIZE": False}
_FETCHED = {"GET", "BINGET", "LONG_BINGET"}
_IGNORED = {"PROTO", "FRAME", "STOP"}
_DONE: dict[str, Callable[[_Machine], None]] = {
    "TUPLE": _Machine.tuple_since_mark,
    "STACK_GLOBAL": _Machine.name,
    "REDUCE": _Machine.call,
    "BINPERSID": _Machine.refer,
    "SETITEM": _Machine.put_one,
    "SETITEMS": _Machine.put_all,
    "APPEND": _Machine.append_one,
    "APPENDS": _Machine.append_all,
    "BUILD": _Machine.drop,
}
_TENSORS = {
    _Name("torch._utils", "_rebuild_tensor_v2"),
    _Name("torch._utils", "_rebuild_tensor"),
}
_SAME = {_Name("torch._utils", "_rebuild_parameter"), _Name("torch", "Size")}
