"""Has a run's network look at corrupted test pictures: what `python -m tlcore robust` does.

Pictures are corrupted as they are needed, at the size at which the run keeps them, and never
stored. After each corruption at each severity what was found is kept beside the run, so whoever is
interrupted goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from tlcore.access import Owner
from tlcore.analysis.intervals import Interval, Rows
from tlcore.analysis.robustness import Case, Hits, Robustness, accuracy_of
from tlcore.data import load
from tlcore.data.pictures import Pictures
from tlcore.errors import RunError
from tlcore.inference.client import network_of
from tlcore.nn.corruptions import corrupt
from tlcore.nn.device import choose_device, choose_precision
from tlcore.nn.engine.activations import Activations
from tlcore.nn.engine.batches import Resident
from tlcore.nn.engine.frozen import Frozen
from tlcore.nn.engine.loop import predict
from tlcore.nn.engine.saved_network import Keepsake, load_network
from tlcore.runs.jobs import MEASUREMENT
from tlcore.runs.limits import refuse_unseen
from tlcore.runs.lock import locked
from tlcore.runs.results import read_predictions
from tlcore.runs.robustness import keep_robustness, read_robustness
from tlcore.runs.store import RunStore


@dataclass(frozen=True)
class Measured:
    """One more case is known.

    Attributes:
        case: Which.
        accuracy: Of the network in it.
        done: How many of those that were asked for are known.
        total: How many were asked for.
    """

    case: Case
    accuracy: Interval
    done: int
    total: int


class Judge:
    """A trained network that is to call many pictures. Nothing learns any more, so all of it counts
    as frozen, as in the run's own test."""

    def __init__(self, keepsake: Keepsake, device: torch.device) -> None:
        network, prepare = keepsake.network, keepsake.prepare
        network.requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        wanted = keepsake.recipe.precision
        can = "float32" if wanted == "float16" and device.type == "cpu" else wanted
        self._precision = choose_precision(can, device)
        self._network, self._prepare, self._device = network, prepare, device
        self._frozen = Frozen(network, len(network.stages), prepare.size, self._precision)

    def says(self, pictures: Pictures) -> NDArray[np.float32]:
        """The probability of each class for each picture."""
        source = Activations(Resident(pictures, self._device), self._prepare)
        for _ in source.enter(self._frozen, keep=False):
            pass  # nothing is kept, so there is nothing to tell
        return predict(self._network, source, self._precision)

    def is_right(self, pictures: Pictures) -> Hits:
        """Of each picture, whether it is called rightly."""
        right: Hits = self.says(pictures).argmax(axis=1) == pictures.labels
        return right


def measure(
    store: RunStore, run: str, *, by: Owner, cases: Sequence[Case], most: int, seed: int = 0
) -> Generator[Measured, None, None]:
    """Measure what is not known yet, and tell of each case as it is known.

    Args:
        store: Where the run is.
        run: Which one.
        by: Who asks.
        cases: Corruptions and severities.
        most: How many of its test pictures, drawn at random if there are more.
        seed: Of what is left to chance in the corruptions.

    Raises:
        AnswerError: The run has left no network.
        RunError: Somebody else is at it, or its data are no longer what they were.
    """
    path, folder = network_of(store, run, by=by), store.folder(run, by=by).path
    with locked(MEASUREMENT.of(folder).lock) as mine:
        if not mine:
            remedy = "Wait for that process, or end it; what it has measured stays."
            raise RunError("This run is being measured already", where=run, remedy=remedy)
        keepsake = load_network(path)
        test, belonging = _tested(store, run, by, keepsake)
        rows = _drawn(len(test), most)
        pictures = test.take(rows)
        judge = Judge(keepsake, choose_device())
        found = _known(read_robustness(folder, path.name), judge, pictures, seed)
        found = replace(found, belonging=None if belonging is None else belonging[rows])
        for done, case in enumerate(cases, 1):
            if case not in found.corrupted:
                hits = judge.is_right(corrupted(pictures, case, seed))
                found = replace(found, corrupted={**found.corrupted, case: hits})
                keep_robustness(folder, path.name, found)
            accuracy = accuracy_of(found.corrupted[case], found.belonging)
            yield Measured(case, accuracy, done, len(cases))


def corrupted(pictures: Pictures, case: Case, seed: int = 0) -> Pictures:
    """The same pictures, made worse."""
    pixels = corrupt(torch.from_numpy(np.array(pictures.pixels)), *case, seed=seed)
    return replace(pictures, pixels=pixels.numpy())


def _tested(
    store: RunStore, run: str, by: Owner, keepsake: Keepsake
) -> tuple[Pictures, Rows | None]:
    """The pictures that the run was tested on, and which of them belong together."""
    recipe = keepsake.recipe
    refuse_unseen(recipe.data, by=store.get(run, by=by).owner)
    test, table = load(recipe.data, recipe.input).test, read_predictions(store, run, by=by)
    if not (np.array_equal(test.ids, table.ids) and np.array_equal(test.labels, table.labels)):
        remedy = "Run the recipe again on the data as they are now, and measure that run."
        raise RunError("The test pictures are no longer those of this run", where=run,
                       remedy=remedy)  # fmt: skip
    return test, table.belonging


def _drawn(total: int, most: int) -> Rows:
    """So many of them, the same ones for every run that has the same test pictures."""
    return np.sort(np.random.default_rng(0).permutation(total)[:most])


def _known(before: Robustness | None, judge: Judge, pictures: Pictures, seed: int) -> Robustness:
    """What was found before of these very pictures; or a beginning."""
    total = hashlib.sha256(f"{seed} {pictures.pixels.shape}".encode())
    for part in (pictures.labels, pictures.pixels):
        total.update(np.ascontiguousarray(part).data)
    name = total.hexdigest()
    if before is not None and before.pictures == name:
        return before
    return Robustness(name, judge.is_right(pictures), {})
