"""The model card: what a network is, how good, for whom not, and how to make it again.

All of it is measured or on record. It shares its parts with the report, and like there every name
is text, whatever marks are in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tlcore.analysis.calibration import error_interval, how_sure
from tlcore.analysis.intervals import picked
from tlcore.catalog import lookup
from tlcore.export.facts import Eight, Parity, megabytes
from tlcore.export.script import LABELS, MODEL, MODEL_EIGHT, SCRIPT
from tlcore.formatting import quantity, rate
from tlcore.report.document.blocks import (
    Beside,
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Gallery,
    Paragraph,
    Section,
    Table,
)
from tlcore.report.document.markdown import Markdown
from tlcore.report.sections.calibration import calibration
from tlcore.report.sections.comparison import reproduce
from tlcore.report.sections.ethics import bias, ethics, limits
from tlcore.report.sections.glance import glance
from tlcore.report.sections.method import card_of, data
from tlcore.report.words import method_facts
from tlcore.runs.result import RunStory

FILE = "MODEL_CARD.md"
MOST_CLASSES = 10
SUBTITLE = "A model card, written by Thaw from what was measured. Every interval is at 95 %."


def card_text(story: RunStory, parity: Parity, eight: Eight | None = None) -> str:
    """The whole card, as Markdown."""
    sections = (
        _files(story, eight),
        _exported(parity),
        *([_in_eight_bits(eight)] if eight else []),
        glance([story]),
        Section("What it learned", tuple(_learned(story))),
        data([story]),
        _classes(story),
        _calibration(story),
        limits([story]),
        ethics([story]),
        _licences(story),
        reproduce([story]),
    )
    document = Document(story.name, SUBTITLE, tuple(map(_without_pictures, sections)))
    return Markdown(folder="").text_of(document)


def _files(story: RunStory, eight: Eight | None) -> Section:
    pairs = [
        (MODEL, "the network in float32, ONNX: bytes of pictures in (pictures x height x width x "
                "3), a probability for each class out; any number of pictures at once"),
        (LABELS, "the classes, in the order of the probabilities"),
        (SCRIPT, "ten lines that use it, with onnxruntime, numpy and Pillow alone"),
        ("recipe.yaml", "all that the run depended on"),
    ]  # fmt: skip
    if eight:
        pairs.insert(1, (MODEL_EIGHT, f"the same in eight bits, {megabytes(eight.bytes)}"))
    use = "pip install -r requirements.txt\npython predict.py picture.jpg"
    return Section("What is here", (Facts(tuple(pairs)), Code(use, "sh")))


def _exported(parity: Parity) -> Section:
    """How good the very file is; what is told below of the run may be of another precision."""
    measured = (
        f"Measured of {MODEL} itself: it is right in {rate(parity.accuracy)} of "
        f"{quantity(parity.n, 'test picture')}."
    )
    if parity.precision != "float32":
        measured += (
            f" Every number further down is of the run, which computed in {parity.precision} on "
            "all its test pictures, and may differ a little."
        )
    return Section("The exported file", (Paragraph(measured, "finding"), Paragraph(parity.words)))


def _in_eight_bits(eight: Eight) -> Section:
    how = (
        f"Ranges were set by {eight.calibrated:,} training pictures, never by test pictures."
        if eight.way == "static"
        else "Each picture sets its own ranges; only dense layers are in eight bits."
    )
    tone = Paragraph(eight.verdict, "caution" if eight.too_much else "finding")
    return Section("In eight bits", (tone, Paragraph(eight.cost), Paragraph(how)))


def _learned(story: RunStory) -> Iterator[Block]:
    taught = story.recipe.distillation.teacher
    facts = list(method_facts(story.recipe))
    if taught:
        who = (
            "a network that another run trained" if story.recipe.distillation.of_answers else taught
        )
        facts.append(("teacher", who))
    yield Facts((*facts, ("parameters", f"{story.parameters:,}")))


def _classes(story: RunStory) -> Section:
    """The classes that fare worst, and groups where they are known."""
    known = sorted(
        (each for each in story.test.classes if each.recall_interval),
        key=lambda each: each.recall or 0.0,
    )
    rows = tuple(
        (each.name, f"{each.support:,}", rate(picked(each.recall_interval, len(known))))
        for each in known[:MOST_CLASSES]
        if each.recall_interval
    )
    more = len(known) - len(rows)
    which = "The intervals allow for the classes' having been picked."
    if more:
        which = f"The {MOST_CLASSES} classes that fare worst; {more} fare better. {which}"
    table = Table(("class", "test pictures", "found (recall)"), rows, which)
    return Section("Whom it fails", (table, *bias([story]).blocks))


def _calibration(story: RunStory) -> Section:
    error = error_interval(story.predictions)
    how = how_sure(story.predictions, error)
    return Section(
        "Whether its confidence can be believed",
        (
            Paragraph(
                f"It is {how}: on average confidence is {100 * error.value:.1f} points "
                f"[{100 * error.low:.1f}, {100 * error.high:.1f}] off accuracy (expected "
                "calibration error)."
            ),
            *calibration([story]).blocks,
        ),
    )


def _licences(story: RunStory) -> Section:
    model = story.recipe.model
    known = lookup(model.backbone)
    if model.weights == "none":
        weights = "none were taken over: it began with random weights"
    elif model.weights != "pretrained":
        weights = "from a file; whoever brought it knows its licence"
    elif known:
        weights = f"{known.title}: {known.source}; licence: {known.licence}"
    else:
        weights = "as timm's page of this backbone says; the lab knows no licence of them"
    source = card_of(story)
    facts = (
        ("weights it began with", weights),
        ("data", f"{source.title}: {source.source}; licence: {source.licence}"),
        ("intended use", "teaching and experiments; nothing was tested for any other use"),
    )
    return Section(
        "Licences and use",
        (
            Facts(facts),
            Paragraph("Whoever passes this network on is bound by the licences of both."),
        ),
    )


def _without_pictures(section: Section) -> Section:
    """A card is one file of text."""
    return replace(section, blocks=tuple(_texts(section.blocks)))


def _texts(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        if isinstance(block, Beside):
            columns = (replace(each, blocks=tuple(_texts(each.blocks))) for each in block.columns)
            yield Beside(tuple(columns))
        elif not isinstance(block, (Figure, Gallery)):
            yield block
