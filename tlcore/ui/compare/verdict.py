"""Which run is better, in sentences that each stand on an interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import streamlit as st

from tlcore.analysis.comparison import Changes, alike, changes
from tlcore.analysis.decision import Decision
from tlcore.analysis.ensemble import verdict, vote
from tlcore.analysis.intervals import Interval
from tlcore.errors import DataError
from tlcore.formatting import (
    duration,
    gain,
    in_percent,
    literal,
    percent,
    quantity,
    short,
    with_interval,
)
from tlcore.formatting import percent as share_words
from tlcore.recipe.text import differing_fields
from tlcore.runs.result import RunStory, decide_among, decide_between
from tlcore.ui.compare.curves import accuracies, reached
from tlcore.ui.results.pictures import show_tiles
from tlcore.ui.shared.frontend import Tile
from tlcore.ui.shared.outcomes import Outcome
from tlcore.ui.shared.what_is import what_is


def show_ensemble(outcomes: Sequence[Outcome]) -> None:
    """The vote's accuracy and its gain, then whether that is worth it."""
    st.subheader("What if these runs voted together?", anchor=False)
    try:
        found = vote([outcome.predictions for outcome in outcomes])
    except DataError as error:
        st.info(
            f"They can't: {literal(error.what[0].lower() + error.what[1:])}. A vote needs runs "
            "that were tested on the same pictures.",
            icon=":material/how_to_vote:",
        )
        return
    with st.grid(3, min_column_width=210):
        value, _, interval = with_interval(found.accuracy).partition(" [")
        _metric("All together", value, f"95 %: {interval.rstrip(']').replace(', ', ' to ')}")
        _gain("Over the best alone", found.over_best)
        _gain("Over one on average", found.over_mean)
    st.markdown(literal(verdict(found)))
    st.caption(
        f"The best alone is run {found.best + 1}. It was found on these very pictures, "
        "which flatters it a little; the interval of the gain over it allows for that. "
        "A vote is the mean of the runs' probabilities; intervals of the gains are paired."
    )


def _gain(label: str, found: Interval) -> None:
    value, _, interval = gain(found).partition(" [")
    _metric(label, value, f"95 %: {interval.rstrip(']').replace(', ', ' to ')}")


def _metric(label: str, value: str, interval: str) -> None:
    st.metric(
        label,
        value,
        delta=interval,
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )


_KINDS = {
    "fixed": "only {other} calls rightly",
    "broken": "only {one} calls rightly",
    "both wrong": "both call wrongly",
}


def show_changes(outcomes: Sequence[Outcome], titles: Sequence[str]) -> None:
    """Choose two runs and a kind of change; see the pictures."""
    one, other, kind = _ask(titles)
    if one == other:
        st.info("Choose two different runs.")
        return
    first, second = outcomes[one], outcomes[other]
    found = changes(first.predictions, second.predictions)
    if found is None:
        names = f"**{literal(titles[one])}** and **{literal(titles[other])}**"
        st.warning(f"{names} {OTHER_PICTURES}", icon=":material/warning:")
        return
    rows = {"fixed": found.fixed, "broken": found.broken, "both wrong": found.both_wrong}[kind]
    words = _KINDS[kind].format(
        one=f"**{literal(titles[one])}**", other=f"**{literal(titles[other])}**"
    )
    st.markdown(f"{quantity(len(rows), 'picture')} that {words}, the surest first.")
    if len(rows):
        show_tiles(
            rows,
            lambda row: change_tile(first, second, found, row),
            lambda row: [(first, row), (second, int(found.in_second[row]))],
            titles=(titles[one], titles[other]),
            key=f"changes {kind}",
        )


def change_tile(first: Outcome, second: Outcome, found: Changes, row: int) -> Tile:
    """A picture with what it is, and what each of the two called it."""
    before, after = first.predictions, second.predictions
    other = int(found.in_second[row])
    true = first.classes[before.labels[row]]
    was, now = first.classes[before.predicted[row]], second.classes[after.predicted[other]]
    sure = percent(float(after.confidence[other]), 0).replace(" ", "\N{NO-BREAK SPACE}")
    return Tile(
        source=first.address(row) or second.address(other),
        caption=f"{short(true, 24)}: {short(was, 24)} → {short(now, 24)} {sure}",
        alt=f"{true}, taken for {was} by the one and for {now} by the other",
        tone="right" if after.correct[other] else "wrong",
    )


def _ask(titles: Sequence[str]) -> tuple[int, int, str]:
    places = list(range(len(titles)))
    first, second, third = st.columns(3, vertical_alignment="bottom")
    one = first.selectbox(
        "From", places, format_func=lambda place: titles[place], key=f"from {len(places)}"
    )
    other = second.selectbox(
        "To", places, index=1, format_func=lambda place: titles[place], key=f"to {len(places)}"
    )
    kind = third.segmented_control(
        "Pictures", list(_KINDS), default="fixed", required=True, key="kind"
    )
    return one, other, kind or "fixed"


MANY_TIMES = 2
MOST_TOLD = 4
_LABELS = "labels a class"
_FIELDS = {
    "data.labels_per_class": _LABELS,
    "data.limit_train": "pictures to learn from",
    "model.backbone": "backbone",
    "input.size": "picture size",
    "optimiser.name": "optimiser",
    "optimiser.rate": "learning rate",
    "rate_schedule.name": "learning rate over time",
}
OTHER_PICTURES = (
    "were not tested on the same pictures, so they can't be compared picture by picture, and their "
    "accuracies not at all."
)


def show_verdict(outcomes: Sequence[Outcome], titles: Sequence[str]) -> None:
    """A figure a run, and what follows."""
    with st.grid(min(4, len(outcomes)), min_column_width=170):
        for outcome, title in zip(outcomes, titles, strict=True):
            found = outcome.story.test.accuracy
            st.metric(
                literal(title),
                share_words(found.value),
                delta=f"95 %: {100 * found.low:.1f} to {100 * found.high:.1f}",
                delta_color="off",
                delta_arrow="off",
                border=True,
                height="stretch",
            )
    decided = decide_among([outcome.story for outcome in outcomes])
    if len(outcomes) > 1:
        what_is("mcnemar")
    for number in range(1, len(outcomes)):
        st.markdown(against_first(outcomes, number, decided[number]))
    if text := transfer_against_scratch(outcomes):
        st.info(text, icon=":material/compare_arrows:")


def against_first(outcomes: Sequence[Outcome], number: int, found: Decision | None) -> str:
    """A run against the first, in words."""
    stories, note = [outcome.story for outcome in outcomes], ""
    if found is None and any(story.recipe.data.corrections for story in stories):
        found, note = _on_unchanged(stories[0], stories[number], among=len(stories) - 1)
    who = f"**Run {number + 1}**"
    if found is None:
        return f"{who} and **run 1** {OTHER_PICTURES}"
    differs = what_differs(stories[0], stories[number])
    return f"{differs}{who} against **run 1**{note}: {found.text}"


def _on_unchanged(first: RunStory, other: RunStory, *, among: int) -> tuple[Decision | None, str]:
    """The same for the pictures whose label both have, which may be none."""
    both = alike(first.predictions, other.predictions)
    if both is None:
        return None, ""
    before, after = (
        replace(story, predictions=table, other_seeds=())
        for story, table in zip((first, other), both, strict=True)
    )
    note = f", on the {len(both[0]):,} test pictures whose label nobody has changed"
    return decide_between(before, after, among=among), note


def what_differs(first: RunStory, other: RunStory) -> str:
    """What else is not the same in two runs, before anybody compares their accuracies; empty where
    they differ in the schedule or the weights alone, or in nothing but their seed. As Markdown."""
    told = [_words_for(name, *values) for name, values in _other_fields(first, other).items()]
    before, after = (story.pictures.get("train", 0) for story in (first, other))
    if before and after and before != after:
        times = max(before, after) / min(before, after)
        more = f", {times:.0f} times as many" if times >= MANY_TIMES else ""
        told = [
            f"pictures to learn from ({min(before, after):,} against {max(before, after):,}{more})",
            *(each for each in told if not each.startswith(_LABELS)),
        ]
    if not told:
        return ""
    shown = ", ".join(told[:MOST_TOLD])
    rest = f" and {len(told) - MOST_TOLD} more (see Recipes)" if len(told) > MOST_TOLD else ""
    return f"**They also differ in** {shown}{rest}: the difference is of all this together.  \n"


def _other_fields(first: RunStory, other: RunStory) -> dict[str, tuple[str, ...]]:
    """Where two recipes differ beside what is frozen, how it began and the seed."""
    found = differing_fields([first.recipe, other.recipe])
    expected = ("schedule.", "model.weights", "seed", "data.corrections", "data.path")
    return {name: values for name, values in found.items() if not name.startswith(expected)}


def _words_for(name: str, first: str, other: str) -> str:
    what = _FIELDS.get(name, name.rpartition(".")[2].replace("_", " "))
    return f"{what} ({literal(short(first, 30))} against {literal(short(other, 30))})"


def transfer_against_scratch(outcomes: Sequence[Outcome]) -> str:
    """The best run of each kind against each other, in words; nothing unless both kinds are there
    and saw the same pictures. Each was picked for being the best, and the interval pays for all
    pairs that might have been."""
    numbered = list(enumerate(outcomes, 1))
    scratch = [each for each in numbered if each[1].story.from_scratch]
    transfer = [each for each in numbered if not each[1].story.from_scratch]
    if not scratch or not transfer:
        return ""
    (best, better), (base, other) = (max(kind, key=_accuracy) for kind in (transfer, scratch))
    pairs = len(scratch) * len(transfer)
    found = decide_between(other.story, better.story, among=pairs)
    if found is None or _other_fields(other.story, better.story):
        return ""
    costs = "; ".join(_costs(better.story, other.story))
    return (
        f"**Transfer (run {best}) against scratch (run {base})**: {found.text} "
        f"{costs[0].upper()}{costs[1:]}."
    )


def _costs(best: RunStory, base: RunStory) -> Iterator[str]:
    """What transfer needed for it, in parameters and in time to what both have reached."""
    yield (
        f"it trained {best.trainable:,} of {best.parameters:,} parameters, scratch "
        f"{base.trainable:,}"
    )
    bests = [
        max((value for value in accuracies(each)[1] if value is not None), default=None)
        for each in (best, base)
    ]
    goal = min((value for value in bests if value is not None), default=None)
    if goal is None or None in bests or accuracies(best)[0] != accuracies(base)[0]:
        return
    here, there = reached(best, goal), reached(base, goal)
    if here and there:
        yield (
            f"the {accuracies(base)[0]} accuracy that both reached ({in_percent(goal)}) it reached "
            f"after {duration(here.seconds)}, scratch after {duration(there.seconds)}"
        )


def _accuracy(numbered: tuple[int, Outcome]) -> float:
    return numbered[1].story.test.accuracy.value
