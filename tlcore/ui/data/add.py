"""Three ways to hand in pictures: class by class with a camera or files, a zip, a whole folder."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO, cast

import streamlit as st

from tlcore.data.decode import formats_taken, named
from tlcore.data.uploads.files import Handed, Upload, keep_upload
from tlcore.data.uploads.limits import MEGABYTE, usual_limits
from tlcore.formatting import size
from tlcore.ui.data.choice import choose_path
from tlcore.ui.data.collecting import collect, collected_files, forget_collected
from tlcore.ui.shared.page import told
from tlcore.ui.shared.session import me

CLASS_BY_CLASS, ZIP, FOLDER = "Class by class", "A zip", "A folder"
_ROUND, _KEPT = "uploads so far", "upload just kept"
_LONGEST = 100  # characters of a name
_LARGEST_FILE = 50  # megabytes; what the server takes at most


def add_pictures() -> None:
    """Choose a way, hand in pictures, and keep them."""
    way = st.segmented_control(
        "How", [CLASS_BY_CLASS, ZIP, FOLDER], default=CLASS_BY_CLASS, required=True, key="way",
        label_visibility="collapsed",
    )  # fmt: skip
    if way == CLASS_BY_CLASS:
        collect()
        files = collected_files()
    else:
        files = _given(way)
    if files:
        with told():
            _keep(files)
    _say_limits()


def show_kept() -> None:
    """Say what became of the pictures that were just kept, once."""
    if kept := st.session_state.pop(_KEPT, None):
        told = " What was left out is told with them, below." if kept.notes else ""
        st.success(f"Kept {kept.pictures:,} pictures of {len(kept.classes)} classes.{told}")


def _given(way: str) -> list[Handed]:
    """What lies in the box for a zip or for a folder."""
    most = min(_LARGEST_FILE, usual_limits().bytes // MEGABYTE)
    key = f"box {way} {st.session_state.get(_ROUND, 0)}"
    if way == ZIP:
        file = st.file_uploader(
            "A zip with one folder of pictures for each class", type="zip", key=key,
            max_upload_size=most,
        )  # fmt: skip
        return [Handed(file.name, file)] if file else []
    files = st.file_uploader(
        "A folder that holds one folder of pictures for each class",
        accept_multiple_files="directory", key=key, max_upload_size=most,
    )  # fmt: skip
    return [Handed(file.name, file) for file in files]


def _keep(files: Sequence[Handed]) -> None:
    """Name the pictures, and keep them at a click; then the draft learns from them."""
    with st.form("keep", border=False):
        name = st.text_input("What to call them", usual_name(files), max_chars=_LONGEST)
        what = "this zip" if len(files) == 1 else f"these {len(files):,} files"
        asked = st.form_submit_button(f"Keep {what}", type="primary")
    if asked:
        upload = _kept(files, name)
        choose_path(upload.path)
        forget_collected()
        st.session_state[_KEPT] = upload
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
        st.rerun()


def _kept(files: Sequence[Handed], name: str) -> Upload:
    words = f"Checking {len(files):,} files ({size(sum(map(_size, files)))})"
    with st.spinner(f"{words} …", show_time=True):
        if len(files) == 1:
            return keep_upload(files, by=me(), name=name)
        bar = st.progress(0.0)
        return keep_upload(_watched(files, bar.progress), by=me(), name=name)


def usual_name(files: Sequence[Handed]) -> str:
    """What pictures are called unless somebody says otherwise: their classes, folder or zip.

    >>> usual_name([Handed("1.jpg", b"", label="cat"), Handed("1.jpg", b"", label="dog")])
    'cat, dog'
    >>> usual_name([Handed("pets/cat/1.jpg", b"")]), usual_name([Handed("pets.zip", b"")])
    ('pets', 'pets')
    """
    if labels := list(dict.fromkeys(file.label for file in files if file.label)):
        return ", ".join(labels)[:_LONGEST]
    return files[0].name.replace("\\", "/").partition("/")[0].removesuffix(".zip")[:_LONGEST]


class _Watched:
    """A file that tells when it is read."""

    def __init__(self, content: bytes | BinaryIO, tell: Callable[[], None]) -> None:
        self._file = io.BytesIO(content) if isinstance(content, bytes) else content
        self._tell = tell

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def read(self) -> bytes:
        self._tell()
        return self._file.read()


def _watched(files: Sequence[Handed], show: Callable[[float], object]) -> list[Handed]:
    """The same files; how far they have been read is shown, a hundred times at most."""
    number = itertools.count(1)
    step = max(1, len(files) // 100)

    def tell() -> None:
        if (done := next(number)) % step == 0:
            show(min(1.0, done / len(files)))

    return [replace(file, content=cast(BinaryIO, _Watched(file.content, tell))) for file in files]


def _say_limits() -> None:
    limits = usual_limits()
    st.caption(
        f"Taken here: up to {limits.pictures:,} pictures, {limits.bytes // MEGABYTE:,} MB, "
        f"{limits.classes:,} classes; {named(formats_taken())}. Everything is checked, "
        "and what is left out is told. Show people only if they agree to it."
    )


def _size(file: Handed) -> int:
    content = file.content
    return len(content) if isinstance(content, bytes) else content.seek(0, 2)
