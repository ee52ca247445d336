"""What goes over the wire: a few facts as JSON, then arrays as they lie in memory.

No side ever runs what the other one sends: there is no pickle, and both refuse what is too large.
"""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_FACTS = 4 * 2**20
MOST_BYTES = 32 * 2**20
"""Of arrays in one message: ten pictures of the largest size, or thousands of small ones."""

_LENGTHS = struct.Struct(">II")
_KINDS = ("uint8", "float32")
_CHUNK = 2**20


class BadMessage(Exception):
    """The other side sent something that is no message."""


@dataclass(frozen=True)
class Message:
    """A question or an answer.

    Attributes:
        facts: Plain values.
        arrays: Pixels, probabilities, maps: bytes or 32-bit floats, by name.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def send(channel: socket.socket, message: Message) -> None:
    """Send one message whole.

    >>> here, there = socket.socketpair()
    >>> send(here, Message({"ask": "predict"}, {"pixels": np.zeros((1, 2, 2, 3), np.uint8)}))
    >>> found = receive(there)
    >>> found.facts, found.arrays["pixels"].shape
    ({'ask': 'predict'}, (1, 2, 2, 3))
    >>> here.close(), there.close()
    (None, None)
    """
    shapes = [[name, str(a.dtype), list(a.shape)] for name, a in message.arrays.items()]
    facts = json.dumps({"facts": dict(message.facts), "arrays": shapes}).encode()
    arrays = b"".join(np.ascontiguousarray(a).tobytes() for a in message.arrays.values())
    if len(facts) > MOST_FACTS or len(arrays) > MOST_BYTES:
        raise BadMessage(f"too large: {len(facts) + len(arrays):,} bytes")
    channel.sendall(_LENGTHS.pack(len(facts), len(arrays)) + facts + arrays)


def receive(channel: socket.socket) -> Message:
    """Wait for one message and check it.

    Raises:
        EOFError: The other side hung up.
        BadMessage: It sent something else.
        TimeoutError: It took too long.
    """
    facts_bytes, array_bytes = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size))
    if facts_bytes > MOST_FACTS or array_bytes > MOST_BYTES:
        raise BadMessage(f"too large: {facts_bytes + array_bytes:,} bytes")
    text, content = _exactly(channel, facts_bytes), _exactly(channel, array_bytes)
    try:
        fields = json.loads(text)
        return Message(dict(fields["facts"]), _parted(fields["arrays"], content))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadMessage(f"no message ({type(error).__name__})") from None


def _parted(shapes: list[Any], content: bytes) -> dict[str, NDArray[Any]]:
    arrays, start = {}, 0
    for name, kind, shape in shapes:
        if kind not in _KINDS or not all(isinstance(side, int) and side >= 0 for side in shape):
            raise ValueError("no array")
        count = math.prod(shape)
        arrays[str(name)] = np.frombuffer(content, kind, count, start).reshape(shape)
        start += arrays[str(name)].nbytes
    if start != len(content):
        raise ValueError("bytes are left over")
    return arrays


def _exactly(channel: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = channel.recv(min(_CHUNK, count - len(parts)))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
