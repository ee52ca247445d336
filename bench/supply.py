"""What the lab is made of, from whom: lock, list and check it.

    python bench/supply.py lock        requirements.txt, resolved: requirements.lock (needs uv)
    python bench/supply.py wanted      the lock as this machine needs it, for pip --require-hashes
    python bench/supply.py torch       the versions of torch and torchvision alone, for an index of
                                       builds without GPU libraries, whose sums no lock can know
    python bench/supply.py licences    every library and its licence; fails if one isn't known
    python bench/supply.py sbom        all of it as CycloneDX JSON, for whoever audits

A build of torch without CUDA needs no GPU libraries, so `wanted` leaves them out beside one. pip
takes that build for the locked version, which it is, and asks no sum of what is there already.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
FIRST_LINE = (
    "# What make run installs, with the sum of every file: made by python bench/supply.py lock"
)
_GPU = re.compile(r"(nvidia|cuda)-|triton$")
_TORCH = re.compile(r"torch(vision)?$")
_PIN = re.compile(r"([\w.-]+)==([^\s;\\]+)(?: ; ([^\\]+?))? \\")
_RESOLVE = (
    "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header",
    "--no-annotate", "--python-version", "3.11", "requirements.txt",
)  # fmt: skip

FREE = (
    "MIT", "BSD", "Apache", "PSF", "ISC", "MPL-2.0", "HPND", "Python Software Foundation",
    "Unlicense", "CC0", "Zlib", "0BSD", "Mozilla Public License 2.0",
)  # fmt: skip
"""What a library's own words about its licence must hold one of."""

HANDED_ON_BY_NOBODY = re.compile(r"(nvidia|cuda)-")
"""Libraries whose licence lets people use them and not hand them on: not in an image for others."""


@dataclass(frozen=True)
class Pin:
    """A library that is locked.

    Attributes:
        name: As package indexes name it.
        version: The one and only.
        marker: Where it is wanted; empty for everywhere.
        sums: SHA-256 of every file that may be taken for it.
    """

    name: str
    version: str
    marker: str
    sums: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether this very version is here."""
        try:
            return version(self.name).split("+")[0] == self.version
        except PackageNotFoundError:
            return False


def pins(text: str) -> tuple[Pin, ...]:
    """What a lock file locks."""
    found = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if match := _PIN.match(block):
            sums = tuple(re.findall(r"sha256:([0-9a-f]{64})", block))
            found.append(Pin(match[1], match[2], match[3] or "", sums))
    return tuple(found)


def wanted(text: str, *, gpu: bool) -> str:
    """The lock, with or without what only a GPU needs."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    return "\n".join(block for block in blocks if gpu or not _GPU.match(block.split("==")[0]))


def of_torch(text: str) -> str:
    """The lines of the lock that name torch and torchvision, without their sums."""
    return "\n".join(f"{pin.name}=={pin.version}" for pin in pins(text) if _TORCH.match(pin.name))


def licence_of(name: str) -> str:
    """What an installed library says of its licence, in a line."""
    said = metadata(name)
    classified = [
        each.rpartition(" :: ")[2]
        for each in said.get_all("Classifier") or ()
        if each.startswith("License :: ") and each != "License :: OSI Approved"
    ]
    written = "".join(said.get_all("License") or ()).strip().splitlines()
    expression = "".join(said.get_all("License-Expression") or ())
    return expression or "; ".join(classified) or (written or [""])[0][:80]


def is_free(name: str, licence: str) -> bool:
    """Whether a library may be used and handed on, or is known as one that may be used alone."""
    return HANDED_ON_BY_NOBODY.match(name) is not None or any(each in licence for each in FREE)


def sbom(locked: tuple[Pin, ...]) -> dict[str, Any]:
    """A bill of materials as CycloneDX 1.6 has it."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "thaw-lab"}},
        "components": [_component(pin) for pin in locked],
    }


def _component(pin: Pin) -> dict[str, Any]:
    licence = licence_of(pin.name) if pin.installed else ""
    purl = f"pkg:pypi/{pin.name}@{pin.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"{purl}?{pin.marker}" if pin.marker else purl,
        "name": pin.name,
        "version": pin.version,
        "purl": purl,
        "properties": [{"name": "thaw:sha256", "value": each} for each in pin.sums],
    }
    return component | ({"licenses": [{"license": {"name": licence}}]} if licence else {})


def _lock() -> int:
    resolved = subprocess.run(_RESOLVE, cwd=PROJECT, check=True, capture_output=True, text=True)
    LOCK.write_text(f"{FIRST_LINE}\n{resolved.stdout}", encoding="utf-8")
    return 0


def _licences(locked: tuple[Pin, ...]) -> int:
    unknown = 0
    for name, licence in _listed(locked):
        free = is_free(name, licence)
        unknown += not free
        print(f"{name:28}{licence:60.60}{'' if free else '  NOT KNOWN'}")
    return int(unknown > 0)


def _listed(locked: tuple[Pin, ...]) -> Iterator[tuple[str, str]]:
    for pin in locked:
        if pin.installed:
            yield pin.name, licence_of(pin.name)


def main(what: str) -> int:
    """Do what is asked."""
    text = LOCK.read_text(encoding="utf-8") if what != "lock" else ""
    match what:
        case "lock":
            return _lock()
        case "wanted":
            print(wanted(text, gpu=not _is_cpu_build()))
        case "torch":
            print(of_torch(text))
        case "licences":
            return _licences(pins(text))
        case "sbom":
            print(json.dumps(sbom(pins(text)), indent=1))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def _is_cpu_build() -> bool:
    try:
        return version("torch").endswith("+cpu")
    except PackageNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [""]))
