"""Curves of runs, live: the browser asks for new points itself, and draws them without a rerun.

    live.py -> live.js            what is watched: asks, keeps, tells the page of another state
               live_words.js      how a run is getting on, in words and as a table
               live_lines.js      from what a run has said to lines
               live_pointing.js   mouse and keys
               live_chart.js      the drawing

Written here because no chart that Streamlit brings keeps its zoom when points are added, and each
of those would send all points again at every tick (figures in docs/measured/WATCHING.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from tlcore.formatting import EMBER, run_colour
from tlcore.runs.records import Run
from tlcore.ui.shared.frontend import widget
from tlcore.ui.shared.points_route import ROUTE

Measure: TypeAlias = Literal["accuracy", "loss", "both"]
Axis: TypeAlias = Literal["epoch", "seconds"]

_live = widget(
    "shared/live",
    "shared/live_words",
    "shared/live_lines",
    "shared/live_pointing",
    "shared/live_chart",
)


def show_live(
    runs: Sequence[Run],
    *,
    key: str,
    measure: Measure = "both",
    axis: Axis = "epoch",
    height: int = 300,
    names: Sequence[str] = (),
) -> bool:
    """Show how runs are getting on; tell whether this run of the page was caused by a new state.

    As long as there may be something new the chart asks for it, and rests when all have ended.
    Zooming in survives new points, and reruns of the page.

    Args:
        runs: As they stand now; each has the colour of its place.
        key: Of the chart on the page.
        measure: What is drawn; `both` are two charts side by side.
        axis: What lies to the right.
        height: Of each chart, in pixels.
        names: What the runs are called here, if not as everywhere. Any text.
    """
    called = names or [run.name for run in runs]
    data = {
        "key": key,
        "address": ROUTE.path,
        "measures": ["accuracy", "loss"] if measure == "both" else [measure],
        "axis": axis,
        "height": height,
        "ember": EMBER,
        "runs": [
            {
                "id": run.id,
                "name": name,
                "colour": run_colour(number),
                "state": "binned" if run.binned else run.state,
                "updated": run.updated,
            }
            for number, (run, name) in enumerate(zip(runs, called, strict=True))
        ],
    }
    return _live(data=data, key=key, on_changed_change=lambda: None).changed is not None
