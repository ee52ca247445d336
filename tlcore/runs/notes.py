"""A small document beside a run, which people go on writing after the run has ended.

It is read whole, and changed under a lock: who changes it is given what is there now, whatever
another tab or process has written since, and gives what is to be there next. The lock is on the
run's folder itself, so it needs no file and ends with the process that holds it.

>>> from tempfile import mkdtemp
>>> folder = Path(mkdtemp())
>>> TITLES = Note("The titles", list, lambda fields: list(fields["titles"]), 1000)
>>> TITLES.change(folder, "titles.json", lambda titles: {"titles": [*titles, "Pets"]})
>>> TITLES.read(folder, "titles.json")
['Pets']
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from tlcore.errors import RunError
from tlcore.files import written_whole

Value = TypeVar("Value")

PATIENCE = 20.0
"""Seconds that a writer waits for others: each needs some hundredths, and a class may be many."""

_BETWEEN_TRIES = 0.005
_DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Note(Generic[Value]):
    """A kind of document.

    Attributes:
        title: What people call it, in the plural: "The answers".
        empty: Makes what there is before anybody wrote.
        parse: Makes a value of the fields of the file, or raises what a wrong one raises.
        largest: Bytes of the file.
        remedy: What to do if it is damaged.
    """

    title: str
    empty: Callable[[], Value]
    parse: Callable[[Any], Value]
    largest: int
    remedy: str = "Mend the file or take it away; the run itself is whole."

    def read(self, folder: Path, file: str) -> Value:
        """What is kept beside the run in this folder.

        Raises:
            RunError: The file was damaged.
        """
        path = folder / file
        try:
            if path.stat().st_size > self.largest:
                raise ValueError("too large to be what it says")
            return self.parse(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return self.empty()
        except (*_DAMAGED, ValidationError):
            what = f"{self.title} can't be read"
            raise RunError(what, where=str(path), remedy=self.remedy) from None

    def change(self, folder: Path, file: str, change: Callable[[Value], Mapping[str, Any]]) -> None:
        """Write what the change makes of what is there now; nobody writes in between.

        Raises:
            RunError: The run is gone, the disk refuses, or what is there is damaged.
        """
        try:
            with _alone_in(folder):
                self._write(folder / file, change(self.read(folder, file)))
        except (FileNotFoundError, NotADirectoryError):
            remedy = "Copy what you wrote: the run may have been deleted in another tab."
            raise RunError("The run is gone, so nothing can be kept beside it",
                           remedy=remedy) from None  # fmt: skip
        except OSError as error:
            what = f"{self.title} can't be kept: {error.strerror}"
            remedy = "Copy what you wrote, and free some space."
            raise RunError(what, where=str(folder / file), remedy=remedy) from None

    def _write(self, path: Path, fields: Mapping[str, Any]) -> None:
        text = json.dumps({"version": 1, **fields}, ensure_ascii=False, indent=1)
        with written_whole(path) as draft:
            draft.write_text(text.encode("utf-8", "replace").decode(), encoding="utf-8")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise RunError(
                    f"Others have been writing beside this run for {PATIENCE:g} seconds",
                    where=folder.name,
                    remedy="Copy what you wrote, and try again.",
                ) from None
            time.sleep(_BETWEEN_TRIES)
