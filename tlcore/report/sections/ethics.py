"""Thoughts on responsibility, each beside what was measured; and questions for a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.ethics import QUESTIONS, EthicsNote, ethics_notes
from tlcore.report.blocks import Block, Checklist, Paragraph, Section, Table
from tlcore.report.energy import estimate_energy
from tlcore.report.sections.bias import group_tables
from tlcore.report.sections.data import card_of
from tlcore.report.story import RunStory
from tlcore.report.words import duration


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
    yield Paragraph("For the class to answer, in its own words:")
    yield Checklist(QUESTIONS)


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
