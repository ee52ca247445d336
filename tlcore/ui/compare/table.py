"""A row a run: everything that can be put side by side."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from statistics import fmean
from typing import Any

import pandas as pd
import streamlit as st

from tlcore.analysis.decision import Decision
from tlcore.analysis.group_files import harmless
from tlcore.analysis.intervals import Interval
from tlcore.recipe.text import differing_fields
from tlcore.runs.result import RunStory, decide_among
from tlcore.schedule.selection import spoken
from tlcore.ui.shared.outcomes import Outcome


def show_recipes(stories: Sequence[RunStory], titles: Sequence[str]) -> None:
    """Only the fields that aren't the same in all of them."""
    fields = differing_fields([story.recipe for story in stories])
    if not fields:
        st.info("These runs have the same recipe: what differs is chance, or the machine.")
        return
    table = pd.DataFrame.from_dict(dict(fields), orient="index", columns=list(titles))
    table.index.name = "field"
    st.dataframe(table, alt="Fields of the recipes that differ, a column for each run")
    if list(fields) == ["seed"]:
        st.caption("Nothing but the seed differs: the difference is what a seed makes.")


_PERCENT = ("accuracy", "reported", "macro F1", "parameters trained, share")


def show_table(outcomes: Sequence[Outcome], titles: Sequence[str]) -> None:
    """The table, what its columns mean, and the same as CSV."""
    decided = decide_among([outcome.story for outcome in outcomes])
    rows = [
        row_of(outcome, title, decision)
        for outcome, title, decision in zip(outcomes, titles, decided, strict=True)
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="–",
        column_config={
            "run": st.column_config.TextColumn(pinned=True, width="medium"),
            **dict.fromkeys(_PERCENT, st.column_config.NumberColumn(format="%.1f %%")),
            **dict.fromkeys(
                ("parameters trained", "parameters", "test pictures"),
                st.column_config.NumberColumn(format="localized"),
            ),
            "seconds": st.column_config.NumberColumn(format="%.1f"),
            "pictures a second": st.column_config.NumberColumn(format="%.0f"),
            "against the first": st.column_config.NumberColumn(format="%+.1f"),
            "loss": st.column_config.NumberColumn(format="%.3f"),
        },
        alt="A row for each run: its accuracy, cost and schedule",
    )
    st.caption(_explanation(outcomes))
    st.download_button(
        "Table (CSV)", data=lambda: csv_of(rows).encode("utf-8-sig", "backslashreplace"),
        file_name="thaw-comparison.csv", mime="text/csv", on_click="ignore",
        icon=":material/table:", key="csv",
    )  # fmt: skip


def row_of(outcome: Outcome, title: str, decision: Decision | None = None) -> dict[str, Any]:
    """What is known of one run; shares in percent, so that a click on a head sorts by numbers.
    `decision` is that against the first, where there is one."""
    story, accuracy = outcome.story, outcome.story.test.accuracy
    reported = story.reported.get("test_accuracy")
    own = decision.gained if decision else None
    return {
        "run": title,
        "accuracy": 100 * accuracy.value,
        "accuracy, 95 %": _bounds(accuracy),
        "against the first": None if own is None else 100 * own.value,
        "against the first, 95 %": "–" if own is None else _bounds(own),
        "reported": None if reported is None else 100 * reported,
        "as reported": {True: "yes", False: "changed"}[story.as_reported] if reported else "–",
        "macro F1": 100 * outcome.f1.value,
        "macro F1, 95 %": _bounds(outcome.f1),
        "loss": outcome.loss.value,
        "test pictures": story.test.n,
        "schedule": schedule_words(story),
        "parameters trained": story.trainable,
        "parameters": story.parameters,
        "parameters trained, share": 100 * story.trainable / max(1, story.parameters),
        "epochs": story.epochs,
        "seconds": story.seconds,
        "pictures a second": pace(story),
        "device": story.device,
        "id": story.run,
    }


def schedule_words(story: RunStory) -> str:
    """What trained when, as it came about.

    >>> from types import SimpleNamespace as Story
    >>> from tlcore.runs.result import PhaseStory
    >>> schedule_words(Story(phases=(PhaseStory(0, "head", 10), PhaseStory(3, "all", 99))))
    'the head alone; from epoch 4 everything'
    """
    thawed = ["the head alone" if p.thawed == "head" else spoken(p.thawed) for p in story.phases]
    later = (
        f"from epoch {phase.epoch + 1} {words}"
        for phase, words in zip(story.phases[1:], thawed[1:], strict=True)
    )
    return "; ".join([*thawed[:1], *later])


def pace(story: RunStory) -> float | None:
    """Pictures a second, on average over the epochs."""
    measured = [epoch.get("images_per_second") for epoch in story.curves]
    known = [value for value in measured if value]
    return fmean(known) if known else None


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a file for spreadsheets. Text that they would take for a formula is quoted.

    >>> print(csv_of([{"run": "=cmd()", "accuracy": -0.5}]), end="")
    run,accuracy
    '=cmd(),-0.5
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow(_harmless(value) for value in row.values())
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value


def _bounds(found: Interval) -> str:
    """With a proper minus, which no spreadsheet takes for the beginning of a formula."""
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}".replace("-", "−")


def _explanation(outcomes: Sequence[Outcome]) -> str:
    text = (
        "Against the first: the difference in accuracy, in points; only where both were "
        "tested on the same pictures. It is of these networks, and of their recipes where both "
        "have three seeds or more."
    )
    if any(outcome.story.reported for outcome in outcomes):
        text += " Reported: by the report's authors, on their machines; not measured here."
    return text
