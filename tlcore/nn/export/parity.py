"""Whether an exported network answers as the lab's own does, on real pictures."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from tlcore.analysis.intervals import wilson
from tlcore.analysis.predictions import Predictions
from tlcore.data.pictures import Pictures
from tlcore.errors import RunError, ThawError
from tlcore.export.facts import Pace, Parity
from tlcore.nn.engine.frozen import batch_for
from tlcore.nn.engine.saved_network import Keepsake

BATCH = 32
ROUNDS = 9


def open_network(path: Path) -> onnxruntime.InferenceSession:
    """Ready to answer, with as many threads as torch has here."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def answers(
    network: onnxruntime.InferenceSession, pixels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """The probability of each class for each picture."""
    parts = (pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH))
    said = [_run(network, part) for part in parts]
    return np.concatenate(said)


def race(
    first: onnxruntime.InferenceSession,
    second: onnxruntime.InferenceSession,
    pixels: NDArray[np.uint8],
) -> Pace:
    """How fast the two are at the same pictures, in turns, so that a busy moment hits both."""
    batch = pixels[:BATCH]
    for network in (first, second):
        _run(network, batch)
    pairs = [(_seconds(first, batch), _seconds(second, batch)) for _ in range(ROUNDS)]
    return Pace(
        before=len(batch) / median(before for before, _ in pairs),
        after=len(batch) / median(after for _, after in pairs),
        ratio=median(before / after for before, after in pairs),
        rounds=ROUNDS,
        batch=len(batch),
        threads=torch.get_num_threads(),
    )


def _run(network: onnxruntime.InferenceSession, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    given = {network.get_inputs()[0].name: np.ascontiguousarray(pixels)}
    found: NDArray[np.float32] = network.run(None, given)[0]
    return found


def _seconds(network: onnxruntime.InferenceSession, pixels: NDArray[np.uint8]) -> float:
    began = time.perf_counter()
    _run(network, pixels)
    return time.perf_counter() - began


MOST = 2000
"""Test pictures that are compared, spread evenly: a large network takes its time."""

CPU = torch.device("cpu")


def some_of(pictures: Pictures, most: int = MOST) -> Pictures:
    """Evenly spread pictures, in their order; all of them where there are few."""
    count = min(most, len(pictures))
    return pictures.take(np.linspace(0, len(pictures) - 1, count).astype(np.int64))


@torch.inference_mode()
def lab_answers(kept: Keepsake, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the lab's own network says, in float32."""
    batch = batch_for(kept.prepare.size, CPU)
    parts = (pixels[start : start + batch] for start in range(0, len(pixels), batch))
    said = [kept.network(kept.prepare(torch.from_numpy(np.array(p)))).softmax(1) for p in parts]
    return torch.cat(said).numpy()


def compare(
    network: onnxruntime.InferenceSession,
    kept: Keepsake,
    pictures: Pictures,
    saved: Predictions,
    precision: str,
) -> Parity:
    """Hold an exported network against the lab's own, and against what the run said when tested.

    Raises:
        RunError: These are not the pictures that the run was tested on.
    """
    before = _rows_in(saved, pictures)
    ours, theirs = lab_answers(kept, pictures.pixels), answers(network, pictures.pixels)
    called = theirs.argmax(axis=1)
    return Parity(
        n=len(pictures),
        largest=float(np.abs(ours - theirs).max()),
        different=int((ours.argmax(axis=1) != called).sum()),
        accuracy=wilson(int((called == pictures.labels).sum()), len(pictures)),
        saved=float((called == saved.predicted[before]).mean()),
        precision=precision,
    )


def refuse_unless_alike(parity: Parity) -> None:
    """Raises:
    ThawError: The exported network answers differently, by more than rounding.
    """
    if not parity.holds:
        raise ThawError(
            f"The exported network doesn't answer as the lab's own, so it is not given away. "
            f"{parity.words}",
            remedy="Report this with the run's recipe; other backbones may work.",
        )


def _rows_in(saved: Predictions, pictures: Pictures) -> NDArray[np.int64]:
    """Where each picture stands in the run's own table."""
    places = {name: row for row, name in enumerate(saved.ids.tolist())}
    rows = [places.get(name, -1) for name in pictures.ids.tolist()]
    if -1 in rows or (saved.labels[rows] != pictures.labels).any():
        raise RunError(
            "The test pictures are not those that the run was tested on, so nothing can be checked",
            remedy="Bring back the data as they were, or train again with those that are here.",
        )
    return np.array(rows, dtype=np.int64)
