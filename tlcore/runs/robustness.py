"""What a run's network calls rightly of corrupted test pictures, kept beside the run.

It is measured after the run has ended, for hours if need be, so it is no file that an attempt
publishes: it is written anew, whole, after each corruption, and says which network it is about. A
run that was trained on since has another network, and what is known of the old one goes.

>>> from tempfile import mkdtemp
>>> folder, clean = Path(mkdtemp()), np.array([True, False, True])
>>> found = Robustness("of three", clean, {Case("fog", 1): ~clean})
>>> keep_robustness(folder, "best-3.safetensors", found)
>>> kept = read_robustness(folder, "best-3.safetensors")
>>> kept.corrupted[Case("fog", 1)].tolist()
[False, True, False]
>>> read_robustness(folder, "best-4.safetensors") is None
True
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.analysis.robustness import CORRUPTIONS, SEVERITIES, Case, Hits, Robustness
from tlcore.runs.notes import Note

_FILE = "robustness.json"


def read_robustness(folder: Path, network: str) -> Robustness | None:
    """What is known of this network; None if nothing is.

    Args:
        folder: Of the run, here and below.
        network: The name of its file, which no other network of the run ever has.
    """
    kept = _KEPT.read(folder, _FILE)
    return kept[1] if kept is not None and kept[0] == network else None


def keep_robustness(folder: Path, network: str, found: Robustness) -> None:
    """Put this in the place of what was there."""
    corrupted: dict[str, dict[str, str]] = {}
    for case, hits in found.corrupted.items():
        corrupted.setdefault(case.corruption, {})[str(case.severity)] = _packed(hits)
    fields = {
        "network": network,
        "pictures": found.pictures,
        "n": len(found.clean),
        "clean": _packed(found.clean),
        "corrupted": corrupted,
        "belonging": None if found.belonging is None else found.belonging.tolist(),
    }
    _KEPT.change(folder, _FILE, lambda _: fields)


def _from_fields(fields: dict[str, Any]) -> Robustness:
    n = int(fields["n"])
    corrupted = {
        Case(name, int(severity)): _unpacked(text, n)
        for name, each in fields["corrupted"].items()
        for severity, text in each.items()
    }
    if n < 1 or any(c not in CORRUPTIONS or s not in SEVERITIES for c, s in corrupted):
        raise ValueError
    groups = fields.get("belonging")  # files of earlier versions have none
    belonging = None if groups is None else np.array(groups, dtype=np.int64)
    if belonging is not None and (belonging.shape != (n,) or belonging.min() < 0):
        raise ValueError
    clean = _unpacked(fields["clean"], n)
    return Robustness(str(fields["pictures"]), clean, corrupted, belonging)


def _packed(hits: Hits) -> str:
    """A bit for each picture."""
    return base64.b64encode(np.packbits(hits).tobytes()).decode()


def _unpacked(text: str, n: int) -> Hits:
    packed = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    if len(packed) != -(-n // 8):
        raise ValueError
    return np.unpackbits(packed, count=n).astype(bool)


def _parsed(fields: dict[str, Any]) -> tuple[str, Robustness]:
    return str(fields["network"]), _from_fields(fields)


_KEPT: Note[tuple[str, Robustness] | None] = Note(
    "The measurements of this run's robustness", lambda: None, _parsed, largest=64 * 1024**2,
    remedy="Take the file away and measure again; the run itself is whole.",
)  # fmt: skip
