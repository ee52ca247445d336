"""The demo of the first page: two runs that differ in one thing, and what came of them.

The page never trains. It asks for two runs and reads what their workers write down, so closing
the tab or reloading it loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from tlcore import presets
from tlcore.runs.dispatcher import ensure_dispatcher
from tlcore.runs.owners import Owner
from tlcore.runs.records import Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore

SYSTEMS: Mapping[str, str] = {"demo-transfer": "by transfer", "demo-scratch": "from scratch"}
"""The two presets, in the order in which they are trained."""

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
