"""What the pages say, in the language of whoever looks: English as it stands in the code, and its
translations in one file a language.

A sentence is asked for in English. Where the file of the browser's language has it, it is said in
that language, else in English, so nothing is ever missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from tlcore import strict

FOLDER = Path(__file__).parent / "sentences"
LANGUAGES = ("en", "de")


def language() -> str:
    """Of the address (`?lang=de`), else of the browser; English if nobody has translated it."""
    asked = st.query_params.get("lang", "") or st.session_state.get("language", "")
    if asked in LANGUAGES:
        st.session_state["language"] = asked
        return str(asked)
    spoken = str(st.context.locale or "en")[:2].lower()
    return spoken if spoken in LANGUAGES else "en"


def say(sentence: str, /, **given: object) -> str:
    """A sentence in the language of whoever looks, with what is put in."""
    spoken = sentences(language()).get(sentence, sentence)
    return spoken.format(**given) if given else spoken


@cache
def sentences(language: str) -> Mapping[str, str]:
    """All that is translated, by the English."""
    path = FOLDER / f"{language}.yaml"
    if not path.exists():
        return {}
    found: Any = strict.load(path.read_text(encoding="utf-8"))
    return {str(key): str(value) for key, value in found.items()}
