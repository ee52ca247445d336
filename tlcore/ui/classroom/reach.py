"""Where lessons and classes are found: the register, addresses to pass on, and QR codes."""

from __future__ import annotations

import io
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from tlcore import access
from tlcore.classroom.register import Register
from tlcore.ui.shared.session import store


def register() -> Register:
    """Lessons and classes of this lab."""
    return Register(store())


def address(page: str, **query: str) -> str:
    """A page of this lab as another browser reaches it."""
    parts = urlsplit(str(st.context.url or ""))
    folder = parts.path.rsplit("/", 1)[0]
    base = f"{parts.scheme}://{parts.netloc}{folder}" if parts.netloc else ""
    return f"{base}/{page}?{urlencode(query)}"


def is_only_here() -> bool:
    """Whether the address bar holds one that no other machine can open."""
    host = urlsplit(str(st.context.url or "")).hostname or ""
    return host == "localhost" or access.is_loopback(host)


def show_qr(text: str, what: str) -> None:
    """A QR code, made here: black on white in either theme, so that every phone reads it."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=5, border=3, light="white")
    st.image(drawn.getvalue().decode(), width=220, caption=what)
