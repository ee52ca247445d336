"""What somebody has handed in: listed, chosen, put into the bin and taken out again."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tlcore.access import is_public
from tlcore.data.uploads.files import Upload, bin_upload, list_uploads, restore_upload, share_upload
from tlcore.formatting import literal, moment, size
from tlcore.ui.data.add import add_pictures
from tlcore.ui.data.choice import choose_path, noted
from tlcore.ui.data.inspect import read_again
from tlcore.ui.shared.draft import draft
from tlcore.ui.shared.session import expiry, me

_DELETED = "upload just deleted"
_NAMED = 8
_SHOWN = 4


def manage_uploads() -> None:
    """Everything about one's own pictures, from adding them to the bin."""
    _offer_undo()
    if words := expiry():
        st.caption(words)
    uploads = _seen()
    _show_uploads(uploads[:_SHOWN])
    if more := uploads[_SHOWN:]:
        with st.expander(f"{len(more)} older ones"):
            _show_uploads(more)
    with st.expander("Add pictures", expanded=not uploads, icon=":material/add_photo_alternate:"):
        add_pictures()
    if not is_public():
        with st.expander("Use a folder or a zip of this machine", icon=":material/folder:"):
            _ask_for_path()
    if binned := _seen(binned=True):
        with st.expander(f"In the bin ({len(binned)})", icon=":material/delete:"):
            for upload in binned:
                _show_binned(upload)


def _seen(*, binned: bool = False) -> list[Upload]:
    """Each upload once, though several people may have it and whoever sits here sees them all."""
    found = list_uploads(by=me(), binned=binned)
    return list({upload.id: upload for upload in reversed(found)}.values())[::-1]


def title_of(upload: Upload) -> str:
    """What its owner calls it."""
    return upload.name or "without a name"


def _show_uploads(uploads: Sequence[Upload]) -> None:
    for upload in uploads:
        _show_upload(upload, is_chosen=draft().data.path == upload.path)


def _show_upload(upload: Upload, *, is_chosen: bool) -> None:
    with st.container(border=True, key=f"upload {upload.id}"):
        words, buttons = st.columns([4, 1], vertical_alignment="center")
        words.markdown(f"**{literal(title_of(upload))}**")
        words.caption(_facts(upload))
        words.caption(literal(_classes(upload)))
        if upload.notes:
            words.caption("  \n".join(f":material/info: {literal(note)}" for note in upload.notes))
        words.toggle(
            "Share with whoever has the link", value=upload.shared, key=f"share {upload.id}",
            on_change=_share, args=(upload.id,),
            help="Whoever has a link or a recipe that names these pictures may look at them and "
            "train on them. While this is off, nobody but you may.",
        )  # fmt: skip
        buttons.button(
            "Chosen" if is_chosen else "Choose",
            key=f"choose upload {upload.id}",
            type="primary" if is_chosen else "secondary",
            on_click=noted(choose_path),
            args=(upload.path,),
            width="stretch",
        )
        buttons.button(
            "Delete", key=f"delete upload {upload.id}", on_click=_delete, args=(upload.id,),
            width="stretch", help="It goes into the bin, from which it can be taken out again.",
        )  # fmt: skip


def _facts(upload: Upload) -> str:
    when = literal(moment(upload.created, st.context.timezone))
    return (
        f"{upload.pictures:,} pictures · {len(upload.classes)} classes · {size(upload.bytes)} · "
        f"{when}"
    )


def _classes(upload: Upload) -> str:
    """The first classes with their counts.

    >>> _classes(Upload("a", "b", "c", {"cat": 2, "dog": 3}, 1, 0.0))
    'cat (2), dog (3)'
    """
    shown = [f"{name} ({count:,})" for name, count in list(upload.classes.items())[:_NAMED]]
    more = f" and {len(upload.classes) - _NAMED} more" if len(upload.classes) > _NAMED else ""
    return ", ".join(shown) + more


@noted
def _share(upload: str) -> None:
    share_upload(upload, by=me(), shared=bool(st.session_state[f"share {upload}"]))


@noted
def _delete(upload: str) -> None:
    bin_upload(upload, by=me())
    st.session_state[_DELETED] = upload


@noted
def _restore(upload: str) -> None:
    restore_upload(upload, by=me())
    st.session_state.pop(_DELETED, None)


def _offer_undo() -> None:
    deleted = st.session_state.get(_DELETED)
    binned = {upload.id: upload for upload in _seen(binned=True)}
    if deleted not in binned:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(f"**{literal(title_of(binned[deleted]))}** is in the bin.")
        st.button("Undo", on_click=_restore, args=(deleted,), icon=":material/undo:")


def _show_binned(upload: Upload) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(literal(f"{title_of(upload)}: {_classes(upload)}"))
        st.button("Restore", key=f"restore {upload.id}", on_click=_restore, args=(upload.id,))


def _ask_for_path() -> None:
    """A path of the machine that the lab runs on."""
    path = st.text_input(
        "Path", key="own path", placeholder="photos/pets, or photos/pets.zip",
        help="A folder that holds one folder of pictures for each class, or a zip of one.",
    )  # fmt: skip
    with st.container(horizontal=True):
        st.button("Choose this path", on_click=noted(choose_path), args=(path.strip(),),
                  disabled=not path.strip())  # fmt: skip
        st.button("Read the folder again", on_click=read_again, icon=":material/refresh:")
