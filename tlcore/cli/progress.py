"""A run as it goes by: a moving bar on a terminal, a line an epoch everywhere else.

Always on stderr, so that what a program reads from stdout is the result alone.
"""

from __future__ import annotations

import sys
from typing import TextIO

from tlcore.cli.output import printable
from tlcore.events import EpochDone, Event, Finished, Note, PhaseBegan, Started, StepDone, Tested

WIDTH = 24
REDRAW = 0.1


class Progress:
    """Told of every event; remembers only what the next line needs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._moves = self._stream.isatty()
        self._epochs = 0
        self._drawn = -REDRAW

    def __call__(self, event: Event) -> None:
        match event:
            case Started():
                self._epochs = event.epochs
                self._say(_starting(event))
            case Note():
                self._say(f"note: {event.text}")
            case PhaseBegan():
                self._say(_phase(event))
            case StepDone():
                self._draw(event)
            case EpochDone():
                self._say(_epoch(event, self._epochs))
            case Tested():
                self._say(f"test: accuracy {event.report.accuracy.value:.1%}")
            case Finished():
                self._say(f"{event.reason}; {event.seconds:.1f} s")

    def _say(self, line: str) -> None:
        """A line that stays; the bar, if there is one, makes room for it."""
        clear = "\r\x1b[2K" if self._moves else ""
        print(clear + printable(line), file=self._stream, flush=True)

    def _draw(self, step: StepDone) -> None:
        """The bar, a few times a second."""
        if not self._moves or step.seconds - self._drawn < REDRAW:
            return
        self._drawn = step.seconds
        done = (step.step + 1) / step.steps
        bar = ("█" * round(done * WIDTH)).ljust(WIDTH, "░")
        place = f"epoch {step.epoch + 1}/{self._epochs}"
        self._stream.write(f"\r\x1b[2K{place} {bar} {done:4.0%}  loss {step.loss:.3f}")
        self._stream.flush()


def _starting(event: Started) -> str:
    again = f", going on at epoch {event.resumed_at + 1}" if event.resumed_at else ""
    return (
        f"{len(event.classes)} classes, {event.train_pictures:,} pictures to learn from, "
        f"{event.validation_pictures:,} to choose by, {event.test_pictures:,} to test on; "
        f"{event.device}, {event.precision}{again}"
    )


def _phase(event: PhaseBegan) -> str:
    cached = "; what is frozen is computed once" if event.cached else ""
    return (
        f"epoch {event.epoch + 1}: thawed {event.thawed}, "
        f"{event.trainable:,} of {event.total:,} parameters train{cached}"
    )


def _epoch(event: EpochDone, epochs: int) -> str:
    line = f"epoch {event.epoch + 1}/{epochs}  train {event.train_accuracy:.1%}"
    line += f" (loss {event.train_loss:.3f})"
    if event.validation_accuracy is not None:
        line += f"  validation {event.validation_accuracy:.1%} (loss {event.validation_loss:.3f})"
    speed = f"  {event.images_per_second:,.0f} pictures/s"
    return line + speed + ("  best so far" if event.best else "")
