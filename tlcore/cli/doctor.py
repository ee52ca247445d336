"""`doctor`: what this machine has, what it lacks, and what to do about that."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, printable

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.doctor import Finding

_MARKS = {"ok": "ok  ", "warn": "note", "missing": "LACK"}


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "say what this machine has, what it lacks, and what to do about that"
    add_verb(verbs, "doctor", doctor, about, "doctor", "doctor --json")


def doctor(given: Namespace) -> int:
    """Examine the machine; 1 if something is missing that the lab can't work without."""
    from tlcore.doctor import examine

    findings = examine()
    lacks = [finding for finding in findings if finding.state == "missing"]
    if given.json:
        print_json({"fit": not lacks, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
        print(_verdict(len(lacks)))
    return 1 if lacks else 0


def _print(finding: Finding) -> None:
    print(f"{_MARKS[finding.state]}  {finding.topic:<9}  {printable(finding.what)}")
    if finding.remedy:
        print(f"{'':17}what to do: {printable(finding.remedy)}")


def _verdict(lacks: int) -> str:
    if not lacks:
        return "\nThe lab can work here."
    things = "1 thing that it needs is" if lacks == 1 else f"{lacks} things that it needs are"
    return f"\nThe lab can't work here yet: {things} missing."
