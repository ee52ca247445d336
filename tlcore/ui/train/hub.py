"""Whether the hub would answer now, found out without making anybody wait for long."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request

import streamlit as st

_PATIENCE = 1.0
_USUAL = "https://huggingface.co"


@st.cache_data(ttl=60, max_entries=4, show_spinner="Asking whether the hub answers …")
def hub_answers() -> bool:
    """Ask once a minute at most; whoever doesn't answer within a second counts as out of reach."""
    answers: list[bool] = []
    asking = threading.Thread(target=_ask, args=(answers,), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return bool(answers)


def _ask(answers: list[bool]) -> None:
    """In a thread, because looking up a name may take as long as it likes."""
    request = urllib.request.Request(os.environ.get("HF_ENDPOINT") or _USUAL, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=_PATIENCE).close()
    except urllib.error.HTTPError:
        pass  # it said no to this question, so it is there
    except (OSError, ValueError):
        return
    answers.append(True)
