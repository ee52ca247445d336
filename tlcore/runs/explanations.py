"""Why a network erred on some test pictures: maps, kept beside the run for its report.

They are about one network. A file of a run is never given to another content, so the name of the
network's file says which; the maps of another are no longer the run's.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlcore.errors import RunError
from tlcore.files import written_whole

_FILE = "explained.zip"
_FACTS = "facts.json"
_LARGEST = 2**22
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Explained:
    """A test picture beside a map of why it was called what it was.

    Attributes:
        row: Of the predictions.
        way: The method's name, as `tlcore.inference.methods` has it.
        target: The class that is asked about.
        small: Whether the network was asked about the small copy that the run kept.
        jpeg: Picture and map side by side.
    """

    row: int
    way: str
    target: int
    small: bool
    jpeg: bytes


def keep_explained(folder: Path, network: str, explained: Sequence[Explained]) -> None:
    """Put these maps in the place of those that were there.

    Args:
        folder: Of the run.
        network: The name of the file of the network that was asked.
        explained: What came of it.
    """
    maps = [
        {"row": each.row, "way": each.way, "target": each.target, "small": each.small}
        for each in explained
    ]
    with written_whole(folder / _FILE) as draft, zipfile.ZipFile(draft, "w") as archive:
        facts = json.dumps({"version": 1, "network": network, "maps": maps})
        archive.writestr(zipfile.ZipInfo(_FACTS, _MOMENT), facts)
        for number, each in enumerate(explained):
            archive.writestr(zipfile.ZipInfo(_name(number), _MOMENT), each.jpeg)


def read_explained(folder: Path, network: str) -> tuple[Explained, ...]:
    """The maps that were kept of this network; none if there are none.

    Raises:
        RunError: The file is damaged.
    """
    path = folder / _FILE
    try:
        with zipfile.ZipFile(path) as archive:
            facts = json.loads(_read(archive, _FACTS))
            if facts["network"] != network:
                return ()
            return tuple(
                _explained(each, _read(archive, _name(number)))
                for number, each in enumerate(facts["maps"])
            )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, NotImplementedError):
        remedy = "Make them anew: python -m tlcore report RUN --explain"
        raise RunError(
            "The maps of this run can't be read", where=str(path), remedy=remedy
        ) from None


def has_explained(folder: Path) -> bool:
    """Whether any were kept."""
    return (folder / _FILE).exists()


def drop_explained(folder: Path) -> None:
    """Delete them for good."""
    (folder / _FILE).unlink(missing_ok=True)


def _explained(fields: dict[str, Any], jpeg: bytes) -> Explained:
    return Explained(
        row=int(fields["row"]),
        way=str(fields["way"]),
        target=int(fields["target"]),
        small=bool(fields["small"]),
        jpeg=jpeg,
    )


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError("too large to be what it says")
    return archive.read(name)


def _name(number: int) -> str:
    return f"{number}.jpg"
