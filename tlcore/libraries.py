"""Which libraries the lab asks for in requirements.txt, and which are installed.

>>> Library("torch", ">=2.15,<2.16", "2.13.0").fits
False
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tlcore import paths

REQUIREMENTS = paths.PROJECT / "requirements.txt"


@dataclass(frozen=True)
class Library:
    """A line of requirements.txt held against this machine.

    Attributes:
        name: As package indexes name it.
        wanted: The versions asked for, such as `>=2.15,<2.16`.
        installed: The version that is here; None where there is none.
    """

    name: str
    wanted: str
    installed: str | None

    @property
    def fits(self) -> bool:
        return self.installed is not None and all(
            (_numbers(self.installed) >= _numbers(bound)) == (sign == ">=")
            for sign, bound in re.findall(r"(>=|<)([\d.]+)", self.wanted)
        )


def libraries(requirements: Path = REQUIREMENTS) -> tuple[Library, ...]:
    """Every library that a requirements file names."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    named = [re.match(r"([A-Za-z][\w.-]*)([^#;]*)", line) for line in lines]
    return tuple(
        Library(match[1], match[2].strip(), _installed(match[1])) for match in named if match
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """2.15.0+cpu as (2, 15): what comes after a plus, and zeros at the end, don't count."""
    numbers = [int(number) for number in re.findall(r"\d+", version.split("+")[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
