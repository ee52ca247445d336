"""`doctor`: what this machine has, what it lacks, and what to do about that."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from tlcore.access import SERVE
from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, printable

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.doctor import Finding

_MARKS = {"ok": "ok  ", "warn": "note", "missing": "LACK"}


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "say what this machine has, what it lacks, and what to do about that"
    verb = add_verb(verbs, "doctor", doctor, about, "doctor", "doctor --json", "doctor --class 30")
    verb.add_argument(
        "--class", type=int, default=0, dest="students", metavar="STUDENTS",
        help="look as well at what a lesson with so many students takes",
    )  # fmt: skip


def doctor(given: Namespace) -> int:
    """Examine the machine; 1 if something is missing that the lab can't work without."""
    from tlcore.doctor import examine

    findings = (*examine(), *_of_a_class(given.students))
    lacks = [finding for finding in findings if finding.state == "missing"]
    if given.json:
        print_json({"fit": not lacks, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
        print(_verdict(len(lacks)))
    return 1 if lacks else 0


def _of_a_class(students: int) -> tuple[Finding, ...]:
    """Disk, memory, data, minutes, and the address at which students reach the lab."""
    from tlcore.classroom.capacity import ready_for
    from tlcore.cli.serving import EVERY_ADDRESS, PORT, addresses
    from tlcore.doctor import Finding

    if students < 1:
        return ()
    outside, _ = addresses(EVERY_ADDRESS, PORT, "")
    reached = Finding("class", "ok", f"`{SERVE}` opens the lab to a class at {outside}")
    found = (
        Finding("class", "warn" if each.remedy else "ok", each.what, each.remedy)
        for each in ready_for(students)
    )
    return (*found, reached)


def _print(finding: Finding) -> None:
    print(f"{_MARKS[finding.state]}  {finding.topic:<9}  {printable(finding.what)}")
    if finding.remedy:
        print(f"{'':17}what to do: {printable(finding.remedy)}")


def _verdict(lacks: int) -> str:
    if not lacks:
        return "\nThe lab can work here."
    things = "1 thing that it needs is" if lacks == 1 else f"{lacks} things that it needs are"
    return f"\nThe lab can't work here yet: {things} missing."
