"""Thoughts on responsibility, each beside what was measured; and questions for a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tlcore.analysis.ethics import QUESTIONS, EthicsNote, ethics_notes
from tlcore.checklist import Answer, read_answers
from tlcore.errors import RunError
from tlcore.report.blocks import Block, Checklist, Paragraph, Question, Section, Table
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
