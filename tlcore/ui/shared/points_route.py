"""How runs are getting on, for charts that ask once a second: `/api/runs/points`.

    ?run=ID,ID      which runs
    &since=P,P      for each, the `next` of the answer before; left out, everything is given
    &brief=1        only how each run stands

An answer holds only what is new. It is read from the store each time: nothing live is cached.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tlcore import machine
from tlcore.access import Owner
from tlcore.errors import RunError, StoreError
from tlcore.runs.identity import is_alive
from tlcore.runs.records import Metric, Run
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.schedule.selection import spoken
from tlcore.ui.shared.session import owner_of
from tlcore.ui.shared.session import store as opened
from tlcore.ui.shared.waiting import in_words, seconds_until

CURVES = (
    "loss",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "images_per_second",
)
MOST_RUNS = 60
MOST_POINTS = 4000

_SOON, _LATER = 0.6, 3.0
_MAY_COME_BACK = (State.PAUSED, State.LOST)


def answer(request: Request) -> JSONResponse:
    """What is new of each run that was asked for."""
    by = owner_of(request)
    if by is None:
        return _refused("This browser keeps no cookie of the lab's, so it has no runs here.", 403)
    runs = [run for run in request.query_params.get("run", "").split(",") if run][:MOST_RUNS]
    places = request.query_params.get("since", "").split(",")
    known = dict(zip(runs, places, strict=False))
    brief = "brief" in request.query_params
    try:
        store = opened()
        news = [
            _standing(store, run, by) if brief else _news(store, run, known.get(run, ""), by)
            for run in runs
        ]
        return JSONResponse({"runs": news})
    except StoreError as error:
        return _refused(str(error), 503)


ROUTE = Route("/api/runs/points", answer)


def _refused(why: str, status: int) -> JSONResponse:
    return JSONResponse({"error": why}, status)


def _news(store: RunStore, run: str, place: str, by: Owner) -> dict[str, Any]:
    """One run, since a place in what it has said."""
    facts = _standing(store, run, by)
    if "gone" in facts:
        return facts
    points_since, events_since = _read_place(place)
    points = store.metrics(run, by=by, since=points_since, names=CURVES, most=MOST_POINTS)
    events = store.events(run, by=by, since=events_since)
    told = _told(events)
    if "planned" in told:
        told["steps"] = -(-told.pop("pictures") // store.recipe(run, by=by).batch)
    last_point = max((point.seq for point in points), default=points_since)
    last_event = max((event["seq"] for event in events), default=events_since)
    return {**facts, **told, "curves": _curves(points), "next": f"{last_point}-{last_event}"}


def _read_place(place: str) -> tuple[int, int]:
    """Numbers of the last point and the last event; the beginning for anything else.

    >>> _read_place("120-14"), _read_place(""), _read_place("1-2-3")
    ((120, 14), (0, 0), (0, 0))
    """
    point, _, event = place.partition("-")
    whole = [part.isdecimal() and len(part) < 16 for part in (point, event)]
    return (int(point), int(event)) if all(whole) else (0, 0)


def _standing(store: RunStore, run: str, by: Owner) -> dict[str, Any]:
    """How a run stands, or that it isn't to be found (any more)."""
    try:
        return _facts(store, store.get(run, by=by), by)
    except StoreError:
        raise
    except RunError as error:
        return {"id": run, "gone": error.what}


def _facts(store: RunStore, run: Run, by: Owner) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": run.id,
        "state": run.state,
        "binned": run.binned is not None,
        "epoch": run.epoch,
        "epochs": run.epochs,
        "device": run.device,
        "updated": run.updated,
        "again": _look_again(run),
    }
    if run.state == State.QUEUED:
        facts["place"] = place = store.position(run.id, by=by)
        if place:
            facts["waits"] = in_words(place, seconds_until(store, place))
    if run.state.active and (worker := store.worker(run.id)) and is_alive(worker):
        facts["memory"] = machine.memory_of(worker.pid)
    return facts


def _look_again(run: Run) -> float | None:
    """Seconds until there may be something new; None if it needs somebody to ask for it."""
    if run.state.active or run.state == State.QUEUED:
        return _SOON
    return _LATER if run.state in _MAY_COME_BACK else None


def _curves(points: Iterable[Metric]) -> dict[str, list[list[float | None]]]:
    """The points of each curve: epoch, step, value, seconds."""
    curves: dict[str, list[list[float | None]]] = {}
    for point in points:
        curve = curves.setdefault(point.name, [])
        curve.append([point.epoch, point.step, _short(point.value), _short(point.seconds)])
    return curves


def _short(value: float) -> float | None:
    """Five digits are more than a screen can show; what is no number is left out of a curve.

    >>> _short(0.123456789), _short(float("nan"))
    (0.12346, None)
    """
    return float(f"{value:.5g}") if math.isfinite(value) else None


def _told(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the run said beside its curves."""
    told: dict[str, Any] = {"begun": [], "notes": []}
    for event in events:
        match event["event"]:
            case "Started":
                told["planned"] = _planned(event["phases"])
                told["pictures"] = event["train_pictures"]
            case "PhaseBegan":
                told["begun"].append(event["phase"])
            case "Note":
                told["notes"].append(event["text"])
    return told


def _planned(phases: Iterable[Mapping[str, Any]]) -> list[tuple[int, str, bool]]:
    """The first epoch of each phase, what changes with it, and whether more trains from then on.

    >>> head = {"thawed": "head", "epochs": 3, "trainable": 10}
    >>> _planned([head, {"thawed": "last 1 blocks", "epochs": 2, "trainable": 99}, head])[1:]
    [(3, 'thaws: the last block', True), (5, 'freezes, but for: head', False)]
    """
    planned: list[tuple[int, str, bool]] = []
    start = trained = 0
    for phase in phases:
        more = phase["trainable"] >= trained
        what = f"{'thaws' if more else 'freezes, but for'}: {spoken(phase['thawed'])}"
        planned.append((start, what, more))
        start, trained = start + phase["epochs"], phase["trainable"]
    return planned
