"""What a race showed, as a table in Markdown: seconds, accuracy, and how far ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from bench.race.race import OURSELVES, Lap, middle
from bench.race.works import Work

HEADER = (
    "| work | who | seconds: median (min–max), n | test accuracy | Thaw is faster by |\n"
    "|---|---|---|---|---|"
)


def lines(work: Work, laps: Mapping[str, Sequence[Lap]]) -> list[str]:
    """One line for each who took part; the last says whether the goal was reached."""
    ours = middle(laps[OURSELVES.name])
    found = [_line(work, name, each, ours) for name, each in laps.items()]
    others = [middle(each) for name, each in laps.items() if name != OURSELVES.name]
    best = min((seconds for seconds in others if seconds is not None), default=None)
    if best is not None and ours is not None:
        ahead, seconds = best / ours, f"{ours:.1f} s, " if work.photos else ""
        word = "reached" if (ours <= work.goal if work.photos else ahead >= work.goal) else "missed"
        goal = f"within {work.goal:g} s" if work.photos else f"{work.goal:g}x"
        found.append(f"| {work.title} | *goal {goal}* | | | **{seconds}{ahead:.1f}x, {word}** |")
    return found


def _line(work: Work, name: str, laps: Sequence[Lap], ours: float | None) -> str:
    if failure := next((lap.failure for lap in laps if lap.failure), ""):
        return f"| {work.title} | {name} | not run: {failure.replace('|', '/')} | | |"
    seconds = [lap.seconds for lap in laps]
    spread = f"{median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f}), {len(laps)}"
    accuracy = f"{100 * median(lap.accuracy for lap in laps):.1f} %"
    ahead = f"{median(seconds) / ours:.1f}x" if ours and name != OURSELVES.name else _parts(laps)
    return f"| {work.title} | {name} | {spread} | {accuracy} | {ahead} |"


def _parts(laps: Sequence[Lap]) -> str:
    """The median seconds of each part of the work."""
    names = laps[0].parts
    middles = {name: median(lap.parts.get(name, 0.0) for lap in laps) for name in names}
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in middles.items())
