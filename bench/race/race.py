"""Running everybody at the same work, one after another, round by round.

Everybody gets a process of their own and an empty cache each time, and measures from the first
picture read to the last one tested; loading libraries isn't counted for anybody.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.race.works import Work
from tlcore import paths

LONGEST = 1800


@dataclass(frozen=True)
class Runner:
    """Somebody who takes part.

    Attributes:
        name: In tables.
        command: What runs them, but for the arguments that say which work it is.
    """

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Lap:
    """How somebody did a piece of work once.

    Attributes:
        seconds: From the first picture read to the last one tested.
        accuracy: On the test pictures.
        failure: What went wrong, if anything did.
        parts: The seconds of each part of the work, where somebody tells them.
    """

    seconds: float = 0.0
    accuracy: float = 0.0
    failure: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)


OURSELVES = Runner("Thaw", (sys.executable, "-m", "bench.race.with_thaw"))
TUTORIAL = Runner(
    "tutorial loop", (sys.executable, str(paths.PROJECT / "bench" / "peers" / "with_tutorial.py"))
)


def peers(python: str) -> tuple[Runner, ...]:
    """The libraries that `bench/peers/requirements.txt` names, in the Python that has them."""
    folder = paths.PROJECT / "bench" / "peers"
    return tuple(
        Runner(name, (python, str(folder / f"{file}.py")))
        for name, file in (
            ("fastai", "with_fastai"),
            ("HF Trainer", "with_trainer"),
            ("Keras", "with_keras"),
        )
    )


def race(
    runners: Sequence[Runner], work: Work, backbone: str, size: int, pictures: Path, rounds: int
) -> Iterator[tuple[str, Lap]]:
    """Everybody's laps, in turn, each round beginning with somebody else."""
    for number in range(rounds):
        turn = number % len(runners)
        for runner in (*runners[turn:], *runners[:turn]):
            yield runner.name, _lap(runner, work, backbone, size, pictures)


def middle(laps: Sequence[Lap]) -> float | None:
    """The median of the seconds; None if anything failed.

    >>> middle([Lap(3.0), Lap(1.0), Lap(2.0)])
    2.0
    """
    if not laps or any(lap.failure for lap in laps):
        return None
    return median(lap.seconds for lap in laps)


def _lap(runner: Runner, work: Work, backbone: str, size: int, pictures: Path) -> Lap:
    asked = json.dumps(
        {
            "work": work.name,
            "backbone": backbone,
            "size": size,
            "pictures": str(pictures),
            "classes": sum(1 for _ in (pictures / "train").iterdir()),
        }
    )
    with TemporaryDirectory() as home:
        try:
            done = subprocess.run(
                [*runner.command, asked],
                env=_environment(home),
                cwd=paths.PROJECT,
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Lap(failure=f"took longer than {LONGEST} s")
    if done.returncode:
        return Lap(failure=done.stderr.strip().splitlines()[-1][:200] if done.stderr else "failed")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return Lap(found["seconds"], found["accuracy"], parts=found.get("parts", {}))


def _environment(home: str) -> dict[str, str]:
    """An empty home, so that nothing is cached from an earlier lap; our own modules in reach."""
    here = {"TL_HOME": home, "PYTHONPATH": str(paths.PROJECT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    weights = {"TL_WEIGHTS": os.environ.get("TL_WEIGHTS", "")}
    return {**os.environ, **here, **{name: value for name, value in weights.items() if value}}
