"""Exported networks at work, as whoever takes them runs them: in onnxruntime, on the CPU."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from tlcore.ship.facts import Pace

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
