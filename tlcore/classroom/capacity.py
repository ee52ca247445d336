"""What is told before a lesson: when everybody in the class will have a result.

>>> told_when(Range(40.0, 80.0, 160.0), students=30, slots=2).value
1200.0
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add

from tlcore import machine, paths
from tlcore.access import GIGABYTE
from tlcore.advice.forecast import Range, Sample, forecast
from tlcore.classroom import lesson as lessons
from tlcore.classroom.lesson import Lesson
from tlcore.data.counts import count_pictures
from tlcore.machine import slots
from tlcore.runs.store import RunStore

NOTHING = Range(0.0, 0.0, 0.0)
BYTES_OF_A_RUN = 15e6
"""On disk: the network of a lesson, the states to go on from, and the small pictures."""

CARRIED_DATA, CARRIED_BACKBONES = ("shapes", "digits"), "pebble-"


def seconds_of_a_student(
    lesson: Lesson, samples: Iterable[Sample] = (), *, load: float | None = None
) -> Range | None:
    """What all runs of a lesson take one after another; None if one can't be forecast."""
    known = tuple(samples)
    found = [
        forecast(planned.recipe, count_pictures(planned.recipe.data), samples=known, load=load)
        for planned in lesson.runs.values()
    ]
    if any(each is None for each in found):
        return None
    return reduce(add, (each.seconds for each in found if each), NOTHING)


def told_when(one: Range, *, students: int, slots: int) -> Range:
    """Seconds until the last of so many students has all results, if all begin at once: the queue
    takes turns, so nobody waits for much longer than the others."""
    share = students / max(1, slots)
    return Range(one.low * share, one.value * share, one.high * share)


def waiting_before(store: RunStore) -> int:
    """Runs of anybody that wait or work, and go first."""
    return store.queued() + len(store.active())


def in_words(lesson: Lesson, found: Range, students: int) -> str:
    """The sentence that a teacher reads.

    >>> from tlcore.classroom.lesson import find
    >>> in_words(find("transfer"), Range(100.0, 230.0, 500.0), 30).partition(": ")[2]
    'everybody has a result after about 4 minutes (2 to 8).'
    """
    low, value, high = (max(1, round(each / 60)) for each in (found.low, found.value, found.high))
    minutes = "minute" if value == 1 else "minutes"
    return (
        f"{students} students x this lesson on this machine: everybody has a result after about "
        f"{value} {minutes} ({low} to {max(high, value)})."
    )


# Before the lesson: `python -m tlcore doctor --class 30`


@dataclass(frozen=True)
class Readiness:
    """Something that a class needs of this machine.

    Attributes:
        what: How it stands.
        remedy: What to do before the lesson, unless all is well.
    """

    what: str
    remedy: str = ""


def ready_for(students: int) -> Iterator[Readiness]:
    """What a class of so many needs of this machine, and whether it is there."""
    yield _disk(students)
    yield _memory()
    yield from _carried()
    yield from _minutes(students)


def _disk(students: int) -> Readiness:
    home = paths.home()
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    most = max(len(lessons.find(name).runs) for name in lessons.names())
    free, wanted = shutil.disk_usage(place).free, students * most * BYTES_OF_A_RUN
    fills = f"a lesson of {students} fills up to {wanted / GIGABYTE:.1f} GB"
    what = f"{fills}; {free / GIGABYTE:.1f} GB are free"
    remedy = "" if free > 2 * wanted else "Delete runs that nobody needs, and empty the bin."
    return Readiness(what, remedy)


def _memory() -> Readiness:
    """Runs work one after another, so a class needs no more memory than its largest run."""
    free = machine.available_memory()
    planned = [each for name in lessons.names() for each in lessons.find(name).runs.values()]
    found = [forecast(each.recipe, count_pictures(each.recipe.data)) for each in planned]
    wanted = max(each.bytes.high for each in found if each) * sum(slots().values())
    what = f"runs of the lessons need up to {wanted / GIGABYTE:.1f} GB of memory at a time"
    remedy = "" if free > wanted else "Close other programs before the lesson."
    return Readiness(what, remedy)


def _carried() -> Iterator[Readiness]:
    """Whether every lesson runs on what the lab carries."""
    for name in lessons.names():
        recipes = [planned.recipe for planned in lessons.find(name).runs.values()]
        if all(
            each.data.name in CARRIED_DATA and each.model.backbone.startswith(CARRIED_BACKBONES)
            for each in recipes
        ):
            continue
        remedy = "Open it once on this machine before the lesson, so that everything is there."
        what = f"the lesson {name} needs data or weights from outside"
        yield Readiness(what, remedy)


def _minutes(students: int) -> Iterator[Readiness]:
    for name in lessons.names():
        lesson = lessons.find(name)
        one = seconds_of_a_student(lesson)
        if lesson.runs and one is not None:
            told = told_when(one, students=students, slots=sum(slots().values()))
            yield Readiness(f"{lesson.title}: {in_words(lesson, told, students)}")
