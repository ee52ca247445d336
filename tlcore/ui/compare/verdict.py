"""Which run is better, in sentences that each stand on an interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st

from tlcore.analysis.comparison import McNemar, difference, mcnemar
from tlcore.analysis.intervals import Interval
from tlcore.analysis.wording import chance, gain, percent, quantity
from tlcore.report.story import RunStory
from tlcore.ui.compare.speed import accuracies, reached
from tlcore.ui.outcomes import Outcome
from tlcore.ui.words import duration, literal
from tlcore.ui.words import percent as share_words

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
    for number in range(1, len(outcomes)):
        st.markdown(against_first(outcomes, number))
    if text := transfer_against_scratch(outcomes):
        st.info(text, icon=":material/compare_arrows:")


def against_first(outcomes: Sequence[Outcome], number: int) -> str:
    """A run against the first, in words."""
    first, other = outcomes[0].predictions, outcomes[number].predictions
    gained, test = difference(first, other), mcnemar(first, other)
    who = f"**Run {number + 1}**"
    if gained is None or test is None:
        return f"{who} and **run 1** {OTHER_PICTURES}"
    return f"{who} against **run 1**: {gain(gained)} of accuracy. {_mcnemar_words(gained, test)}"


def _mcnemar_words(gained: Interval, test: McNemar) -> str:
    if not test.fixed and not test.broken:
        return "They call every picture alike, rightly or wrongly."
    sure = gained.low > 0 or gained.high < 0
    verdict = "More than chance explains." if sure else "Chance alone may do that."
    return (
        f"It fixed {quantity(test.fixed, 'picture')} and broke {test.broken:,}; if chance alone "
        f"decided which, so uneven a split would have a probability of {chance(test.p)} (McNemar, "
        f"exact). {verdict}"
    )


def transfer_against_scratch(outcomes: Sequence[Outcome]) -> str:
    """The best run of each kind against each other, in words; nothing unless both kinds are there
    and saw the same pictures."""
    numbered = list(enumerate(outcomes, 1))
    scratch = [each for each in numbered if each[1].story.from_scratch]
    transfer = [each for each in numbered if not each[1].story.from_scratch]
    if not scratch or not transfer:
        return ""
    (best, better), (base, other) = (max(kind, key=_accuracy) for kind in (transfer, scratch))
    gained = difference(other.predictions, better.predictions)
    if gained is None:
        return ""
    words = [
        f"**Transfer (run {best}) against scratch (run {base})**: {gain(gained)} of accuracy",
        *_costs(better.story, other.story),
    ]
    return "; ".join(words) + "."


def _costs(best: RunStory, base: RunStory) -> Iterator[str]:
    """What transfer needed for it, in parameters and in time."""
    yield (
        f"it trained {best.trainable:,} of {best.parameters:,} parameters, scratch "
        f"{base.trainable:,}"
    )
    goal = max((value for value in accuracies(base)[1] if value is not None), default=None)
    if goal is None or accuracies(best)[0] != accuracies(base)[0]:
        return
    here, there = reached(best, goal), reached(base, goal)
    if there is None:
        return
    what = f"scratch's best {accuracies(base)[0]} accuracy ({percent(goal)})"
    if here is None:
        yield f"it never reached {what}"
    else:
        yield f"it reached {what} after {duration(here.seconds)}, scratch after " + duration(
            there.seconds
        )


def _accuracy(numbered: tuple[int, Outcome]) -> float:
    return numbered[1].story.test.accuracy.value
