"""Runs where a lab already looks: with `TL_MIRROR=mlflow` (or `trackio`) each is told there, too.

The library is an extra that whoever wants this installs. It works in a thread of its own: a tracker
that is slow, absent or out of reach never keeps a run waiting, and never ends one.

    pip install mlflow
    TL_MIRROR=mlflow TL_PASS='MLFLOW_*' MLFLOW_TRACKING_URI=http://tracker:5000 make run
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from tlcore.events import EpochDone, Event, Finished, Started, Tested
from tlcore.recipe import Recipe

PROJECT = "thaw"
PATIENCE = 10.0
"""Seconds that a run's end waits for its last figures to be told."""

_WAITING = 10_000  # figures; further ones are dropped
_LONGEST = 500  # characters of a value


class Tracker(Protocol):
    """What a library has to be able to do."""

    def begin(self, name: str, facts: Mapping[str, str]) -> None: ...

    def log(self, figures: Mapping[str, float], step: int) -> None: ...

    def end(self, well: bool) -> None: ...


class _Mlflow:
    def __init__(self) -> None:
        self._library: Any = importlib.import_module("mlflow")

    def begin(self, name: str, facts: Mapping[str, str]) -> None:
        self._library.set_experiment(PROJECT)
        self._library.start_run(run_name=name)
        self._library.log_params(dict(facts))

    def log(self, figures: Mapping[str, float], step: int) -> None:
        self._library.log_metrics(dict(figures), step=step)

    def end(self, well: bool) -> None:
        self._library.end_run("FINISHED" if well else "KILLED")


class _Trackio:
    def __init__(self) -> None:
        self._library: Any = importlib.import_module("trackio")

    def begin(self, name: str, facts: Mapping[str, str]) -> None:
        self._library.init(project=PROJECT, name=name, config=dict(facts))

    def log(self, figures: Mapping[str, float], step: int) -> None:
        self._library.log(dict(figures), step=step)

    def end(self, well: bool) -> None:
        self._library.finish()


_KNOWN: dict[str, Callable[[], Tracker]] = {"mlflow": _Mlflow, "trackio": _Trackio}


@contextmanager
def mirrored(
    run: str, recipe: Recipe, show: Callable[[Event], None]
) -> Iterator[Callable[[Event], None]]:
    """Tell the tracker of every event, besides whoever is told already.

    Args:
        run: Its id, by which it is found there.
        recipe: What it does.
        show: Told of every event in any case.
    """
    make = _KNOWN.get(os.environ.get("TL_MIRROR", "").strip().lower())
    if make is None:
        yield show
        return
    mirror = _Mirror(make, run, recipe)

    def tell(event: Event) -> None:
        mirror.tell(event)
        show(event)

    try:
        yield tell
    finally:
        mirror.close()


class _Mirror:
    """A thread that tells, and a queue before it."""

    def __init__(self, make: Callable[[], Tracker], run: str, recipe: Recipe) -> None:
        self._waiting: queue.Queue[Callable[[Tracker], None] | None] = queue.Queue(_WAITING)
        self._well = False
        name = f"{recipe.name or recipe.data.name} {run[-6:]}"
        facts = {"run": run, "recipe": recipe.id, **_flat(recipe.model_dump(exclude_defaults=True))}
        self._put(lambda tracker: tracker.begin(name, facts))
        self._thread = threading.Thread(target=self._work, args=(make,), daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Note the figures of an event."""
        if isinstance(event, Finished):
            self._well = True
        if figures := figures_of(event):
            step = event.epoch if isinstance(event, EpochDone) else 0
            self._put(lambda tracker: tracker.log(figures, step))

    def close(self) -> None:
        """Tell the end, and wait a little."""
        well = self._well
        self._put(lambda tracker: tracker.end(well))
        self._put(None)
        self._thread.join(PATIENCE)

    def _put(self, words: Callable[[Tracker], None] | None) -> None:
        try:
            self._waiting.put_nowait(words)
        except queue.Full:
            return  # the tracker hangs; the lab has all of it

    def _work(self, make: Callable[[], Tracker]) -> None:
        try:
            tracker = make()
            while (words := self._waiting.get()) is not None:
                words(tracker)
        except Exception as error:  # noqa: BLE001  whatever a foreign library raises
            reason = (str(error).splitlines() or [type(error).__name__])[0][:_LONGEST]
            print(f"note: TL_MIRROR tells no more of this run: {reason}", file=sys.stderr)


def figures_of(event: Event) -> dict[str, float]:
    """What a tracker draws.

    >>> figures_of(Finished("done", epochs=3, kept_epoch=2, seconds=1.5))
    {'seconds': 1.5, 'kept_epoch': 2}
    """
    match event:
        case Started():
            return {"train_pictures": event.train_pictures, "test_pictures": event.test_pictures}
        case EpochDone():
            names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
                     "rate", "images_per_second")  # fmt: skip
            found = {name: getattr(event, name) for name in names}
            return {name: float(value) for name, value in found.items() if value is not None}
        case Tested():
            accuracy = event.report.accuracy
            low, high = accuracy.low, accuracy.high
            return {"test_accuracy": accuracy.value, "test_accuracy_low": low,
                    "test_accuracy_high": high, "test_loss": event.report.loss}  # fmt: skip
        case Finished():
            return {"seconds": event.seconds, "kept_epoch": event.kept_epoch}
    return {}


def _flat(fields: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """A recipe's fields by their paths."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = str(value)[:_LONGEST]
    return found
