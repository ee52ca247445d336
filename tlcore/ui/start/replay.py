"""The demo before anybody has trained it: both curves of a recorded run, drawn as they grew."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import streamlit as st

from tlcore.formatting import run_colour
from tlcore.ui.shared.frontend import widget
from tlcore.ui.shared.sentences import say
from tlcore.ui.start.task import RECORDING, SYSTEMS

_replay = widget("start/replay")


def show_replay() -> None:
    """The recording, and where and when it was made."""
    found = recording()
    _replay(
        data={
            "label": say("Accuracy of both networks on pictures kept aside, epoch by epoch"),
            "across": say("rounds through the pictures"),
            "again": say("Play it again"),
            "runs": [
                {
                    "name": say(SYSTEMS[run["preset"]]),
                    "colour": run_colour(number),
                    "values": [right for _, right in run["points"]],
                }
                for number, run in enumerate(found["runs"])
            ],
        },
        key="replay of the demo",
    )
    st.caption(
        say(
            "Recorded: this lab trained both on {hardware}, on {date}. "
            "**Train both** does it here.",
            hardware=found["hardware"], date=found["date"],
        )
    )  # fmt: skip


@cache
def recording() -> dict[str, Any]:
    """Both runs as they were recorded."""
    found: dict[str, Any] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return found
