"""The header of a safetensors file, held against limits before memory is set aside for it.

A safetensors file begins with the length of its header, and the header says what tensors follow:
two places for a lie that costs a lot of memory.
"""

from __future__ import annotations

from pathlib import Path

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
