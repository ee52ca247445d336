"""Reading the CIFAR pickles without running what a pickle may ask to be run.

A pickle is a program. This reader lets it build numbers, texts, lists, tables and numpy arrays,
and refuses everything else.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.errors import DataError


def read_pickle(path: Path) -> dict[str, Any]:
    """The table in the file, its names as text."""
    try:
        with path.open("rb") as file:
            table = _Reader(file, encoding="bytes").load()
    except Exception as error:  # noqa: BLE001  a damaged pickle can raise almost anything
        raise DataError(
            f"The file is damaged or isn't CIFAR's: {str(error)[:200] or type(error).__name__}",
            where=str(path),
            remedy="Unpack the original archive again.",
        ) from None
    if not isinstance(table, dict):
        raise DataError("The file holds no table", where=str(path))
    return {name.decode() if isinstance(name, bytes) else str(name): v for name, v in table.items()}


def _encode(text: str, codec: str) -> bytes:
    """What Python 3 writes into old pickles for bytes; the codec is always this one."""
    if codec != "latin1":
        raise pickle.UnpicklingError(f"codec {codec!r} is not allowed")
    return text.encode("latin1")


def _reconstruct(kind: type, shape: tuple[int, ...], letter: bytes) -> np.ndarray[Any, Any]:
    """An empty array that the pickle then fills."""
    if kind is not np.ndarray or tuple(shape) != (0,):
        raise pickle.UnpicklingError("an array is declared in an unusual way")
    return np.ndarray((0,), "b")


_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no data set needs")
        return _ALLOWED[module, name]
