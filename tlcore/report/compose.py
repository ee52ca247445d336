"""Runs written up: as one HTML file, or as Markdown with a folder of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tlcore.errors import RunError
from tlcore.files import written_whole
from tlcore.report.document.blocks import Document
from tlcore.report.document.html import as_html
from tlcore.report.document.markdown import Markdown
from tlcore.report.sections.calibration import calibration
from tlcore.report.sections.comparison import comparison, reproduce
from tlcore.report.sections.ethics import bias, ethics, limits
from tlcore.report.sections.glance import glance
from tlcore.report.sections.method import data, method
from tlcore.report.sections.results import mistakes, results, training
from tlcore.runs.result import RunStory

SECTIONS = (
    glance,
    data,
    method,
    training,
    results,
    comparison,
    mistakes,
    calibration,
    bias,
    limits,
    ethics,
    reproduce,
)

MOST_RUNS = 6
SUBTITLE = "Written by Thaw, from what was measured. Every interval is at 95 %."


def write_html(reports: Sequence[RunStory], path: Path) -> Path:
    """One file that holds everything, and fetches and runs nothing."""
    with written_whole(path) as draft:
        draft.write_bytes(_encoded(html_of(reports)))
    return path


def write_markdown(reports: Sequence[RunStory], path: Path) -> Path:
    """The text, and its pictures in a folder beside it, named after it."""
    pages = Markdown(folder=f"{path.stem}-pictures")
    text = pages.text_of(compose(reports))
    for name, content in pages.files.items():
        with written_whole(path.parent / pages.folder / name) as draft:
            draft.write_bytes(content)
    with written_whole(path) as draft:
        draft.write_bytes(_encoded(text))
    return path


def html_of(reports: Sequence[RunStory]) -> str:
    """The HTML file's text, for a page that offers it as a download."""
    return as_html(compose(reports))


def compose(reports: Sequence[RunStory]) -> Document:
    """All parts of a report, before they are HTML or Markdown."""
    if not 1 <= len(reports) <= MOST_RUNS:
        raise RunError(f"A report is of 1 to {MOST_RUNS} runs, not of {len(reports)}")
    if len({story.run for story in reports}) < len(reports):
        raise RunError("A run is named twice", remedy="Compare it with another one.")
    parts = (section(reports) for section in SECTIONS)
    return Document(_title(reports), SUBTITLE, tuple(part for part in parts if part))


def _title(reports: Sequence[RunStory]) -> str:
    return reports[0].name if len(reports) == 1 else f"{_count(len(reports))} runs compared"


def _count(number: int) -> str:
    return {2: "Two", 3: "Three", 4: "Four"}.get(number, str(number))


def _encoded(text: str) -> bytes:
    """Half a surrogate pair, as a file name that is no UTF-8 may hold, is written out."""
    return text.encode("utf-8", "backslashreplace")
