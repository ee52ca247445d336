"""Reports of runs as downloads, written when somebody clicks."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from tlcore.report import RunStory, html_of, write_markdown

NAME = "thaw-report"


def offer_reports(stories: Sequence[RunStory], *, key: str) -> None:
    """Two buttons, side by side."""
    with st.container(horizontal=True):
        st.download_button(
            "Report (HTML)",
            data=lambda: as_html(stories),
            file_name=f"{NAME}.html",
            mime="text/html",
            key=f"html {key}",
            on_click="ignore",
            icon=":material/description:",
            help="One file with everything in it, to be read in any browser, printed or mailed.",
        )
        st.download_button(
            "Report (Markdown)",
            data=lambda: as_markdown(stories),
            file_name=f"{NAME}.zip",
            mime="application/zip",
            key=f"markdown {key}",
            on_click="ignore",
            icon=":material/folder_zip:",
            help="A text to go on writing, zipped with its pictures.",
        )


def as_html(stories: Sequence[RunStory]) -> bytes:
    """The file's content. Half a surrogate pair, as in file names that are no UTF-8, is written
    out."""
    return html_of(stories).encode("utf-8", "backslashreplace")


def as_markdown(stories: Sequence[RunStory]) -> bytes:
    """A zip of the text and the folder of its pictures."""
    content = BytesIO()
    with TemporaryDirectory() as folder, zipfile.ZipFile(content, "w") as archive:
        written = write_markdown(stories, Path(folder) / f"{NAME}.md").parent
        for file in sorted(path for path in written.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(written))
    return content.getvalue()
