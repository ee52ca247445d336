"""Thoughts on responsibility, each beside what was measured; and questions for a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tlcore.analysis.ethics import (
    QUESTIONS,
    EthicsNote,
    describe_groups,
    describe_worst,
    ethics_notes,
)
from tlcore.analysis.groups import GroupTable, score_groups, worst_class
from tlcore.analysis.label_errors import find_suspects, may_doubt
from tlcore.errors import RunError
from tlcore.formatting import quantity, rate
from tlcore.report.document.blocks import (
    Block,
    Checklist,
    Figure,
    Items,
    Paragraph,
    Question,
    Section,
    Table,
)
from tlcore.report.document.charts.quality import MOST, draw_forest
from tlcore.report.sections.method import card_of
from tlcore.report.sections.shared import beside
from tlcore.report.words import duration
from tlcore.runs.checklist import Answer, read_answers
from tlcore.runs.result import RunStory

_FEW_LABELS = 20


def limits(stories: Sequence[RunStory]) -> Section:
    """Each limit follows from a fact of the run; what holds for all runs is told once."""
    said = [tuple(_of(story)) for story in stories]
    common = [text for text in said[0] if all(text in texts for texts in said)]
    own = {story.run: [t for t in texts if t not in common]
           for story, texts in zip(stories, said, strict=True)}  # fmt: skip
    blocks = beside(stories, lambda story: [Items(tuple(own[story.run]))] if own[story.run] else [])
    return Section("Limits", (Items(tuple(common)), *(blocks if any(own.values()) else ())))


def _of(story: RunStory) -> Iterator[str]:
    yield from _of_measuring(story)
    yield from _of_the_data(story)
    yield from _of_the_report(story)


def _of_measuring(story: RunStory) -> Iterator[str]:
    yield (
        "One run, one seed. The intervals are over test pictures; another seed may move "
        "the numbers further."
    )
    if story.test.n < 1000:
        yield f"{quantity(story.test.n, 'test picture')} leave wide intervals."
    if story.recipe.data.limit_test:
        yield "Only a part of the test set was used, so the figures aren't those of the whole."
    if not story.pictures["validation"]:
        yield (
            "No pictures were set aside for checking while it trained, so the last epoch was taken."
        )
    if story.test.absent:
        yield f"Without a test picture, and so without a score: {', '.join(story.test.absent)}."
    if may_doubt(story.predictions) and (suspects := len(find_suspects(story.predictions))):
        share = quantity(suspects, "test label")
        looks = "looks" if suspects == 1 else "look"
        yield f"{share} {looks} wrong to this network; how many are, only people who look can tell."


def _of_the_data(story: RunStory) -> Iterator[str]:
    if story.recipe.data.name == "shapes":
        yield "The pictures are drawn by code: nothing follows for photographs."
    else:
        yield "The test pictures come from the same source as the training pictures; others differ."
    if story.pictures["train"] < _FEW_LABELS * len(story.predictions.classes):
        yield (
            f"It learned from {quantity(story.pictures['train'], 'picture')} only; other pictures "
            "of the same classes may give another network."
        )
    if not story.from_scratch:
        yield _origin(story.recipe.model.backbone)


def _origin(backbone: str) -> str:
    """Where the weights come from that it began with."""
    if backbone == "pebble-shapes":
        return "The pre-trained weights come from this lab's own drawn shapes."
    return (
        "The pre-trained weights come from pictures that were not looked at here; what they "
        "bring along is not known."
    )


def _of_the_report(story: RunStory) -> Iterator[str]:
    """Where a report's system can't be repeated letter by letter."""
    if story.preset and story.preset.report:
        yield from story.preset.differs


MOST_GROUPS = 50


def bias(stories: Sequence[RunStory]) -> Section:
    """Gaps between classes and between groups, with intervals."""
    return Section("Bias", beside(stories, _bias_blocks))


def group_tables(story: RunStory) -> tuple[GroupTable, ...]:
    """A table for each column that tells groups apart. One with a value for nearly every picture,
    such as what it was copied from, doesn't."""
    columns = story.predictions.groups.items()
    tables = (
        score_groups(story.predictions, name, values)
        for name, values in columns
        if 2 <= len(set(values.tolist()) - {""}) <= MOST_GROUPS
    )
    return tuple(table for table in tables if table)


def _bias_blocks(story: RunStory) -> Iterator[Block]:
    if worst := worst_class(story.test):
        yield Paragraph(describe_worst(worst), "finding")
    rates = [(each.name, each.recall_interval) for each in story.test.classes]
    known = [(name, found) for name, found in rates if found]
    drawn = draw_forest(known, story.test.accuracy.value, label="Recall of each class")
    which = "each class" if len(known) <= MOST else f"the {MOST} classes that fare worst"
    yield Figure(
        drawn,
        f"Recall of {which}, the lowest first, which is partly the "
        "unluckiest; dashed: accuracy on all pictures.",
    )
    tables = group_tables(story)
    for table in tables:
        yield from _group_blocks(table)
    if not tables:
        yield Paragraph("Nothing says which group a picture belongs to, so none are compared.")


def _group_blocks(table: GroupTable) -> Iterator[Block]:
    yield Paragraph(describe_groups(table), "finding")
    worst_first = sorted(table.groups, key=lambda group: group.accuracy.value)
    yield Table(
        (table.column, "pictures", "accuracy"),
        tuple((group.name, f"{group.n:,}", rate(group.accuracy)) for group in worst_first),
    )
    if table.unknown:
        yield Paragraph(f"Of {table.unknown:,} pictures the group isn't known; they are left out.")


WATTS = {
    "cpu": (4.0, 40.0),  # a core of a server or laptop, and one of a desktop at full clock
    "mps": (5.0, 100.0),  # Apple's own: a laptop's, and the largest of a studio machine
    "other": (50.0, 1000.0),  # a small card at work, and the largest of a data centre
}
"""From common knowledge, not measured: the least and the most that one takes at work."""


@dataclass(frozen=True)
class Energy:
    """Between two numbers, and why.

    Attributes:
        low: Watt-hours.
        high: Watt-hours.
        basis: What was assumed.
    """

    low: float
    high: float
    basis: str


def estimate_energy(environment: Mapping[str, Any], seconds: float) -> Energy | None:
    """From time and hardware; None if it isn't known what it ran on.

    >>> energy = estimate_energy({"device": "cpu", "threads": 2}, seconds=3600)
    >>> energy.low, energy.high
    (8.0, 80.0)
    """
    threads = environment.get("threads")
    if not isinstance(threads, int) or threads < 1:
        return None
    device = str(environment.get("device"))
    kind = device if device in WATTS else "other"
    low, high = WATTS[kind]
    count = threads if kind == "cpu" else 1
    cores = f"core{'' if threads == 1 else 's'}"
    what = {"cpu": cores, "mps": "Apple GPU"}.get(kind, "GPU")
    basis = (
        f"an estimate, not a measurement: {seconds:,.0f} s on {count} {what}, at {low:g} to "
        f"{high:,g} W each, without the rest of the machine"
    )
    hours = seconds / 3600
    return Energy(low * count * hours, high * count * hours, basis)


def ethics(stories: Sequence[RunStory]) -> Section:
    """Every thought once, with the evidence of every run."""
    return Section("Ethics", tuple(_blocks(stories)))


def cost(story: RunStory) -> str:
    """Time and energy in a sentence."""
    energy = estimate_energy(story.environment, story.seconds)
    text = f"{duration(story.seconds)} to train and test {story.parameters:,} parameters"
    if energy is None:
        return f"{text}; on which machine isn't known, so neither is the energy."
    return f"{text}; {energy.low:.2g} to {energy.high:.2g} Wh ({energy.basis})."


def _blocks(stories: Sequence[RunStory]) -> Iterator[Block]:
    notes = [_notes(story, stories) for story in stories]
    names = [f"run {number}" for number in range(1, len(stories) + 1)]
    head = ("", "to bear in mind", *(names if len(names) > 1 else ["evidence"]))
    yield Table(
        head,
        tuple(
            (same[0].theme, same[0].thought, *(note.evidence for note in same))
            for same in zip(*notes, strict=True)
        ),
    )
    yield from _checklist(stories)


def _checklist(stories: Sequence[RunStory]) -> Iterator[Block]:
    """The questions, with what was answered on the page Bias & ethics."""
    said: list[Mapping[str, Answer]] = []
    for story in stories:
        try:
            said.append(read_answers(story.folder) if story.folder else {})
        except RunError as error:
            said.append({})
            yield Paragraph(f"{error.what}. {error.remedy}", "caution")
    begun = any(each.text.strip() or each.settled for answers in said for each in answers.values())
    what = "What the class answered" if begun else "For the class to answer"
    yield Paragraph(f"{what}, in its own words:")
    every = dict.fromkeys((*QUESTIONS, *(asked for answers in said for asked in answers)))
    yield Checklist(tuple(_question(asked, said) for asked in every))


def _question(asked: str, said: Sequence[Mapping[str, Answer]]) -> Question:
    """An answer of one of several runs says which."""
    found = [(number, each[asked]) for number, each in enumerate(said, 1) if asked in each]
    return Question(
        asked,
        tuple(
            f"Run {number}: {answer.text}" if len(said) > 1 else answer.text
            for number, answer in found
            if answer.text.strip()
        ),
        settled=len(found) == len(said) and all(answer.settled for _, answer in found),
    )


def _notes(story: RunStory, stories: Sequence[RunStory]) -> tuple[EthicsNote, ...]:
    return ethics_notes(
        story.test,
        predictions=story.predictions,
        groups=group_tables(story),
        scratch=next((s.test for s in stories if _is_scratch_of(story, s)), None),
        tested_on=card_of(story).title,
        recipe=story.recipe.id,
        cost=cost(story),
    )


def _is_scratch_of(story: RunStory, other: RunStory) -> bool:
    """The same data, learned without what other pictures taught."""
    same = story.recipe.data == other.recipe.data
    return same and other.from_scratch and not story.from_scratch
