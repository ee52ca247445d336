"""The task of the first page, to be seen: one picture of each shape that is to be learned."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TypeAlias

import streamlit as st
from streamlit import runtime

from tlcore.access import Owner
from tlcore.errors import ThawError
from tlcore.recipe import Shapes, presets
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.ui.shared.small_pictures import address_for, encoded

_APART = 60.0
_asked: dict[Path, float] = {}


def warm_up(home: Path) -> None:
    """Start the dispatcher in a thread, at most once a minute; only where a server is.

    With its torch loaded, the first point of a curve comes seconds earlier.
    """
    now = time.monotonic()
    if not runtime.exists() or now - _asked.get(home, -_APART) < _APART:
        return
    _asked[home] = now
    threading.Thread(target=_start, args=(home,), daemon=True).start()


def _start(home: Path) -> None:
    with suppress(ThawError, OSError):  # whoever then asks for a run is told
        ensure_dispatcher(home)


SYSTEMS: Mapping[str, str] = {"demo-transfer": "by transfer", "demo-scratch": "from scratch"}
"""The two presets, in the order in which they are trained."""

RECORDING = Path(__file__).with_name("recording.json")
"""Both runs as this lab once did them; made by `python bench/demo_recording.py`."""

Demo: TypeAlias = Mapping[str, Run]
"""The newest run of each of the two, as far as there is one."""


def latest_demo(store: RunStore, by: Owner) -> Demo:
    """From this tab or another one, from the command line, or from before a reload."""
    mine = [run for run in store.list(by=by) if run.owner == by and run.preset in SYSTEMS]
    newest = {run.preset: run for run in reversed(mine)}
    return {preset: newest[preset] for preset in SYSTEMS if preset in newest}


def start_demo(store: RunStore, by: Owner) -> None:
    """Ask for both."""
    for preset in SYSTEMS:
        store.submit(presets.find(preset).recipe, by=by, preset=preset)
    ensure_dispatcher(store.home)


def is_busy(demo: Demo) -> bool:
    """Whether one of them is still to come to its end."""
    return any(run.state.active or run.state == State.QUEUED for run in demo.values())


def is_done(demo: Demo) -> bool:
    """Whether both have been tested."""
    return len(demo) == len(SYSTEMS) and all(run.state == State.FINISHED for run in demo.values())


def may_replay(store: RunStore, by: Owner) -> bool:
    """Whether a recording gives nothing away that a lesson is still asking this person."""
    return not store.has_open_question(by=by)


_STYLE = """<style>
.strip { display: flex; flex-wrap: wrap; gap: 8px 10px; margin: 0; padding: 0; }
.strip figure { margin: 0; text-align: center; width: 76px; }
.strip img { border-radius: 6px; display: block; height: 64px; image-rendering: pixelated;
             margin: 0 auto; width: 64px; }
.strip figcaption { font-size: 13px; line-height: 1.35; overflow-wrap: anywhere; }
</style>"""


@dataclass(frozen=True)
class Figure:
    """A picture with a few words.

    Attributes:
        source: Where the browser finds it.
        alt: What is to be seen.
        lines: What stands below it.
    """

    source: str
    alt: str
    lines: tuple[str, ...]


def show_strip(figures: Iterable[Figure]) -> None:
    """Pictures side by side, as many in a row as fit."""
    st.html(_STYLE + f'<div class="strip">{"".join(map(_as_html, figures))}</div>')


def show_task() -> None:
    """The shapes by their names."""
    show_strip(
        Figure(address_for(content, kind), f"a drawn {name}", (name,))
        for name, content, kind in _one_of_each()
    )


@cache
def _one_of_each() -> tuple[tuple[str, bytes, str], ...]:
    """The first training picture of every class, as files."""
    from tlcore.data.drawn.world import class_names, draw

    world = Shapes(per_class=2, test_per_class=2)
    pictures = draw(world, "train")
    first = {int(label): row for row, label in reversed(list(enumerate(pictures.labels)))}
    return tuple(
        (name, *encoded(pictures.pixels[first[label]]))
        for label, name in enumerate(class_names(world))
    )


def _as_html(figure: Figure) -> str:
    words = "<br>".join(map(escape, figure.lines))
    source, alt = escape(figure.source), escape(figure.alt)
    return f'<figure><img src="{source}" alt="{alt}"><figcaption>{words}</figcaption></figure>'
