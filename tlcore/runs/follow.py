"""Listening to a run and keeping what it says: the one way in which a run reaches the disk."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, cast

from tlcore.errors import RunError
from tlcore.events import Checkpoint, EpochDone, Event, Finished, Started, StepDone, Tested
from tlcore.runs.folder import RunFolder

STEPS_A_SECOND = 4
SECONDS_BETWEEN_SAVES = 120.0


def follow(
    folder: RunFolder,
    events: Iterator[Event],
    *,
    show: Callable[[Event], None],
    stop: Callable[[], bool],
) -> dict[str, Any] | None:
    """Follow a run to its end and give its result; None if it was asked to stop on the way.

    Args:
        folder: Where everything is kept. Nobody else may work on it meanwhile.
        events: The generator that runs, not yet begun; it is closed in any case.
        show: Told of every event, before it is kept.
        stop: Asked after every event; the state is saved before the run is left.
    """
    keeper = _Keeper(folder)
    with folder.held(), closing(cast(Generator[Event, None, None], events)):
        try:
            for event in events:
                show(event)
                keeper.keep(event)
                if stop() and keeper.may_leave(event):
                    return None
        except Exception as error:
            folder.append_failure(error)
            raise
    return folder.read_result()


class _Keeper:
    """What has been kept so far, and what to keep of the next event."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._started: Started | None = None
        self._tested: Tested | None = None
        self._step_kept = -1.0
        self._saved = 0.0

    def keep(self, event: Event) -> None:
        match event:
            case StepDone():
                self._keep_step(event)
                return
            case Started():
                self._started = event
            case Checkpoint():
                event.save(self._folder.last)
            case Tested():
                self._tested = event
                event.save(self._folder.best)
                event.predictions.write(self._folder.predictions)
            case Finished():
                self._folder.write_result(self._result(event))
        self._folder.append_event(event)

    def may_leave(self, event: Event) -> bool:
        """Leave where nothing is lost: not before the checkpoint that follows an epoch, and not
        between the test and the end."""
        if isinstance(event, StepDone):
            event.save(self._folder.last)
        return self._tested is None and not isinstance(event, EpochDone)

    def _keep_step(self, event: StepDone) -> None:
        """A few steps a second are enough to draw; now and then one is saved, so that an epoch
        that takes an hour is not lost with the power."""
        if event.seconds - self._step_kept >= 1 / STEPS_A_SECOND:
            self._folder.append_event(event)
            self._step_kept = event.seconds
        self._saved = self._saved or event.seconds
        if event.seconds - self._saved >= SECONDS_BETWEEN_SAVES:
            event.save(self._folder.last)
            self._saved = event.seconds

    def _result(self, end: Finished) -> dict[str, Any]:
        started, tested = self._started, self._tested
        if started is None or tested is None:
            raise RunError("The run ended without having been tested", where=self._folder.id)
        recipe = self._folder.recipe()
        return {
            "run": self._folder.id,
            "name": recipe.name,
            "preset": self._folder.preset(),
            "recipe": recipe.id,
            "device": started.device,
            "precision": started.precision,
            "pictures": {
                "train": started.train_pictures,
                "validation": started.validation_pictures,
                "test": started.test_pictures,
            },
            "parameters": started.phases[0].total,
            "trainable": max(phase.trainable for phase in started.phases),
            "epochs": end.epochs,
            "kept_epoch": end.kept_epoch,
            "reason": end.reason,
            "seconds": end.seconds,
            "report": tested.report.as_fields(),
        }
