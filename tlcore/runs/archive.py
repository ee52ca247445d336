"""A run as one file, for another machine: what is in it.

It is a zip without compression, the same bytes for the same run:

    manifest.json          what follows, each with its size and SHA-256
    run.json               name, state and times
    recipe.yaml            what was asked for
    environment.json       the machine and the libraries
    events.jsonl           what happened, a line each
    metrics.jsonl          the points of all curves, a line each
    best.safetensors       the network that was kept
    predictions.parquet    what it said of the test pictures
    validation.parquet     what it said of the validation share
    pictures.zip           the test pictures, small
    result.json            the outcome

Whoever reads one has it from somebody else, so nothing in it is trusted and nothing can run:
every text is read within limits into values of known types, or the whole is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from tlcore.data.archive import Bounds
from tlcore.errors import RunError
from tlcore.strict import Line, Part

FORMAT = 1
MEGABYTE = 2**20
REMEDY = "Export the run again, and copy the file as it is."

LARGEST: Mapping[str, int] = {
    "run.json": MEGABYTE // 16,
    "recipe.yaml": MEGABYTE // 4,
    "environment.json": MEGABYTE // 4,
    "events.jsonl": 16 * MEGABYTE,
    "metrics.jsonl": 32 * MEGABYTE,
    "best.safetensors": 2048 * MEGABYTE,
    "predictions.parquet": 256 * MEGABYTE,
    "validation.parquet": 256 * MEGABYTE,
    "pictures.zip": 256 * MEGABYTE,
    "result.json": 8 * MEGABYTE,
}
"""Every file that may be in a parcel besides the manifest, and its most bytes."""

MOST_POINTS = 200_000
"""Points of all curves that go into a parcel."""

MOST_LINES: Mapping[str, int] = {"events.jsonl": 50_000, "metrics.jsonl": 300_000}
"""Lines that are read of a parcel's file: earlier labs wrote some more points than they meant."""

NEEDED = frozenset({"run.json", "recipe.yaml", "events.jsonl", "metrics.jsonl"})
MANIFEST = "manifest.json"
LARGEST_MANIFEST = MEGABYTE // 16
LONGEST_LINE = MEGABYTE
LONGEST_REASON = 10_000
BOUNDS = Bounds(
    bytes=sum(LARGEST.values()) + LARGEST_MANIFEST,
    bytes_a_file=max(LARGEST.values()),
    methods=(zipfile.ZIP_STORED,),
    remedy=REMEDY,
)


class Entry(Part):
    """One file of a parcel, as its manifest has it."""

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(Part):
    """What a parcel holds, and where it comes from.

    Attributes:
        format: Of the parcel.
        run: The id that the run has where it was made.
        thaw: The version of the lab there.
        files: All other files.
    """

    format: Literal[1]
    run: str = Field(pattern=r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{16}$")
    thaw: Line = Field(max_length=40)
    files: dict[str, Entry]


class RunFacts(Part):
    """What is known of a run besides its files."""

    name: Line = Field(max_length=300)
    preset: Line = Field(max_length=300)
    state: Literal["finished", "stopped", "failed", "paused", "lost"]
    reason: str = Field(max_length=LONGEST_REASON)
    device: Line = Field(max_length=100)
    started: float | None = Field(ge=0, le=1e11)
    ended: float | None = Field(ge=0, le=1e11)
    epoch: int = Field(ge=0, le=10_000)
    epochs: int = Field(ge=0, le=10_000)


class Counts(Part):
    """How many pictures each side had."""

    train: int = Field(ge=0)
    validation: int = Field(ge=0)
    test: int = Field(ge=0)


class ResultFacts(Part):
    """An outcome. Its `report` is not taken from here but made again from the predictions."""

    run: str = Field(max_length=100)
    name: Line = Field(max_length=300)
    preset: Line = Field(max_length=300)
    recipe: str = Field(max_length=100)
    device: Line = Field(max_length=100)
    precision: Line = Field(max_length=100)
    pictures: Counts
    parameters: int = Field(ge=0)
    trainable: int = Field(ge=0)
    epochs: int = Field(ge=0, le=10_000)
    kept_epoch: int = Field(ge=-1, le=10_000)
    reason: str = Field(max_length=LONGEST_REASON)
    seconds: float = Field(ge=0)
    report: dict[str, Any]


def refused(why: str) -> RunError:
    """The one error for a parcel that isn't taken."""
    return RunError(f"The file is refused: {why}", remedy=REMEDY)
