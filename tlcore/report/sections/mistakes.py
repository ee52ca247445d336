"""The worst mistakes, and labels that may be wrong themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tlcore.analysis.label_errors import Suspect, find_suspects, may_doubt
from tlcore.analysis.mistakes import rank_mistakes
from tlcore.analysis.wording import quantity
from tlcore.asking.methods import method
from tlcore.errors import RunError
from tlcore.explained import Explained, read_explained
from tlcore.report.blocks import Block, Gallery, Paragraph, Picture, Section
from tlcore.report.sections.shared import beside, class_name, mistake, thumbnail
from tlcore.report.story import RunStory

WORST, SUSPECTS = 20, 10


def mistakes(stories: Sequence[RunStory]) -> Section:
    """Pictures, with what they are and what they were called."""
    return Section("Mistakes", beside(stories, _blocks))


def _blocks(story: RunStory) -> Iterator[Block]:
    rows = rank_mistakes(story.predictions, by="loss")
    if not len(rows):
        yield Paragraph(f"None, on {quantity(story.test.n, 'test picture')}.")
        return
    if story.thumbnails is None:
        yield Paragraph(
            "No small pictures were kept with this run, so its mistakes are told by name alone. "
            "Run the recipe again to have them.",
            "caution",
        )
    shown = tuple(mistake(story, int(row)) for row in rows[:WORST])
    yield Gallery(
        shown,
        f"The {len(shown)} worst of {quantity(len(rows), 'mistake')}, by loss: the true class, "
        "then what it was called with which confidence.",
    )
    yield from _why(story)
    suspects = find_suspects(story.predictions) if may_doubt(story.predictions) else ()
    if suspects:
        yield Gallery(
            tuple(_suspect(story, each) for each in suspects[:SUSPECTS]),
            f"Labels that may be wrong: the {len(suspects[:SUSPECTS])} likeliest, by confident "
            "learning. A network that errs looks the same as a label that does: only looking can "
            "tell.",
        )


def _why(story: RunStory) -> Iterator[Block]:
    """Maps of some mistakes, where the network was asked for them."""
    try:
        maps = read_explained(story.folder, story.network) if story.folder else ()
    except RunError as error:
        yield Paragraph(f"{error.what}. {error.remedy}", "caution")
        return
    if not maps:
        return
    found = method(maps[0].way)
    said = f" {found.says}" if found else ""
    against = ", violet against it" if found and found.signed else ""
    small = " The data set wasn't at hand, so it was asked about small copies."
    yield Gallery(
        tuple(_explained(story, each) for each in maps if each.row < len(story.predictions)),
        f"Why it said so, asked of the trained network by {found.title if found else maps[0].way}: "
        f"green spoke for what it said{against}.{said}{small if maps[0].small else ''}",
        pairs=True,
    )


def _explained(story: RunStory, each: Explained) -> Picture:
    return Picture(each.jpeg, mistake(story, each.row).lines)


def _suspect(story: RunStory, suspect: Suspect) -> Picture:
    given, likely = (class_name(story, place) for place in (suspect.given, suspect.likely))
    return Picture(thumbnail(story, suspect.row), (f"label: {given}", f"maybe {likely}"))
