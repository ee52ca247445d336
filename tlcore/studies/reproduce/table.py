"""The page: every reported figure beside what was measured, every claim with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from tlcore.analysis.intervals import FEWEST_SEEDS
from tlcore.analysis.seeds import Runs, next_run
from tlcore.formatting import in_percent, quantity, rate
from tlcore.studies.reproduce.book import Book, Measurement, mean
from tlcore.studies.reproduce.claims import (
    MARGIN,
    SMALLEST_GAIN,
    SMALLEST_SAVING,
    Claim,
    Judgement,
    Verdict,
    curve,
    judge,
    put_to_the_test,
)
from tlcore.studies.reproduce.jobs import Job, command, is_full, letter, preset_of, scale, why_not
from tlcore.studies.reproduce.rows import ROWS, Row

TITLES = ("", "system", "reported", "measured here", "hardware", "seconds", "what differs, and why",
          "verdict", "what to take from it")  # fmt: skip

OPENING = """# What was reported, and what was measured

Made by `{command}`, never by hand. Reported figures are their authors', from their machines;
everything else was measured by this lab on the machine named in the row, from weights and data
named in the recipe.

**The rules.** They were set when one seed of most rows was known, and before the others were run.
Two figures are the same if they lie less than {margin} apart. A figure is **reproduced** if the
whole recipe gives the same, at 95 %, allowing for its seeds, for its test pictures and for those
of the report. It is **refuted** if it lies further off, and outside the interval in which one
more run of the recipe would land in 95 of 100 cases. Between the two, and with fewer than {seeds}
seeds, it is **undecided**. A stand-in or a part of a recipe **decides nothing** of the report's
figure, whatever it gives: such rows, and those that can't be run here at all, have the exact
command for a machine that can.

A claim of a gain is reproduced if its interval lies above the smallest gain that counts, and
refuted if it lies below: {gain} of accuracy, {saving} of time or epochs, or what the claim itself
says. Each claim is judged by itself, at 95 %.

Intervals are 95 %: from {seeds} seeds on over seeds and test pictures (t), else over the test
pictures of these networks alone.
Seconds are those of one run, preparation included, on a machine that others were using too.
"""


def page(book: Book, jobs: Sequence[Job], *, quick: bool) -> str:
    """The whole page as Markdown."""
    by_row = {row.id: [job for job in jobs if job.row.id == row.id] for row in ROWS}
    measured = {name: book.of(of_row) for name, of_row in by_row.items()}
    shown = [row for row in ROWS if not row.points]
    made_by = "python -m tlcore reproduce" + (" --quick" if quick else "")
    parts = [_opening(made_by)]
    if quick:
        parts.append("**A quick table**: few pictures, few epochs, mostly one seed.\n")
    parts += ["## Every system of the five reports\n", _table(TITLES, [
        _cells(row, by_row[row.id], book, quick=quick) for row in shown if not row.own
    ])]  # fmt: skip
    parts += ["## Claims\n", _claims(put_to_the_test(measured))]
    parts += ["## The lab's own rows: stand-ins by name, suspects, and the demo\n", _table(TITLES, [
        _cells(row, by_row[row.id], book, quick=quick) for row in shown if row.own
    ])]  # fmt: skip
    parts += ["## Labels a class\n", _labels([row for row in ROWS if row.points], measured)]
    parts += ["## What the reports leave open, and what stands in\n", _open_ends()]
    parts.append(_provenance([each for found in measured.values() for each in found]))
    return "\n".join(parts)


def judgement_of(row: Row, jobs: Sequence[Job], book: Book) -> Judgement | None:
    """Of a report's figure; None where the report gives none."""
    reported = preset_of(row).reported.get("test_accuracy")
    if reported is None:
        return None
    full = bool(jobs) and is_full(jobs[0])
    return judge(reported, [each.interval for each in book.of(jobs)], full=full)


def _opening(made_by: str) -> str:
    return OPENING.format(
        command=made_by,
        margin=quantity(round(100 * MARGIN), "point"),
        seeds=FEWEST_SEEDS,
        gain=quantity(round(100 * SMALLEST_GAIN), "point"),
        saving=in_percent(SMALLEST_SAVING),
    )


def _cells(row: Row, jobs: Sequence[Job], book: Book, *, quick: bool) -> tuple[str, ...]:
    measured = book.of(jobs)
    judged = None if row.own else judgement_of(row, jobs, book)
    return (
        letter(row),
        row.title or f"`{row.preset}`: {preset_of(row).title}",
        _reported(row),
        _found(measured),
        "; ".join(sorted({each.hardware for each in measured})) or "–",
        f"{fmean(each.seconds for each in measured):.0f}" if measured else "–",
        _differs(row, jobs, measured, quick=quick),
        _verdict(row, judged, measured),
        judged.lesson if judged else "–",
    )


def _found(measured: Sequence[Measurement]) -> str:
    """The recipe's accuracy, and where one more run of it would land."""
    every = mean(measured)
    if every is None:
        return "–"
    told = f"{rate(every)}, {quantity(len(measured), 'seed')}"
    coming = next_run(Runs.of([each.interval for each in measured]))
    return f"{told}; one more run: {rate(coming)}" if coming else told


def _reported(row: Row) -> str:
    if row.own:
        return "–"
    reported = preset_of(row).reported.get("test_accuracy")
    return in_percent(reported, digits=2) if reported is not None else "no accuracy"


def _differs(row: Row, jobs: Sequence[Job], measured: Sequence[Measurement], *, quick: bool) -> str:
    if not jobs:
        return why_not(row, quick=quick)
    if not measured:
        return f"nobody has waited for it yet: `python -m tlcore reproduce --only {row.id}`"
    changes = scale(jobs[0])
    return f"{'; '.join(changes)}: for two cores" if changes else "nothing: the whole recipe"


def _verdict(row: Row, judged: Judgement | None, measured: Sequence[Measurement]) -> str:
    if row.own:
        return "–" if measured else str(Verdict.NOT_RUN)
    in_full = f"`{command(row)}`"
    if judged is None:
        return f"no figure to hold it against; in full: {in_full}" if measured else (
            f"{Verdict.NOT_RUN}: {in_full}"
        )  # fmt: skip
    if judged.verdict in (Verdict.NOT_RUN, Verdict.NOT_DECIDED):
        return f"{judged.verdict}: {in_full}"
    return f"**{judged.verdict}**"


def _claims(claims: Sequence[Claim]) -> str:
    rows = [
        (claim.reports, claim.sentence, claim.evidence or "–", _of_claim(claim), claim.lesson)
        for claim in claims
    ]
    return _table(("", "claim", "what was measured", "verdict", TITLES[-1]), rows)


def _of_claim(claim: Claim) -> str:
    """Of what was tested; a stand-in decides nothing of the report's own recipe."""
    told = f"**{claim.verdict}**"
    if not claim.stand_in or claim.verdict == Verdict.NOT_RUN:
        return told
    return f"{told} in a stand-in ({claim.stand_in}); the report's own recipe was not run here"


def _labels(rows: Sequence[Row], measured: Mapping[str, Sequence[Measurement]]) -> str:
    lines = [
        (row.title, f"{labels:,}", rate(found), str(sum(m.labels == labels for m in runs)),
         f"{fmean(m.seconds for m in runs if m.labels == labels):.0f}")
        for row in rows
        for runs in [measured[row.id]]
        for labels, found in curve(runs)
    ]  # fmt: skip
    titles = ("system", "labels a class", "measured here", "seeds", "seconds")
    return f"![Transfer against scratch](results.svg)\n\n{_table(titles, lines)}"


def _open_ends() -> str:
    """What the presets themselves say of how they differ from the reports."""
    lines = []
    for row in ROWS:
        if not row.own:
            told = " ".join(preset_of(row).differs)
            lines.append(f"- `{row.preset}` ({letter(row)}): {told}")
    return "\n".join(lines) + "\n"


def _provenance(measured: Sequence[Measurement]) -> str:
    if not measured:
        return "Nothing has been measured yet.\n"
    commits = ", ".join(sorted({each.commit for each in measured}))
    dates = sorted(each.date for each in measured)
    machines = "; ".join(sorted({each.hardware for each in measured}))
    return (
        f"## Where and when\n\n{quantity(len(measured), 'run')} on {machines}, from {dates[0]} to "
        f"{dates[-1]}, at commit {commits}. Run by run: [results.json](results.json).\n"
    )


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    text = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join(f"| {line} |" for line in text) + "\n"
