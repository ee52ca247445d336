"""An exported network in eight bits, and what that costs and gains.

Weights are whole numbers then, one scale for each channel; so is what flows between layers, with
ranges found on training pictures (static) or anew on each picture (dynamic: dense layers alone).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from tlcore.analysis.comparison import difference, mcnemar
from tlcore.analysis.intervals import Interval, wilson
from tlcore.analysis.predictions import Predictions
from tlcore.data.pictures import Pictures
from tlcore.export.facts import Eight, Way
from tlcore.nn.export.graph import PICTURES, quietly
from tlcore.nn.export.parity import answers, race

CALIBRATED = 256
"""Training pictures that set the ranges of a static quantisation."""

_AT_ONCE = 16
_DENSE = ("MatMul", "Gemm")
"""What a dynamic quantisation is for. With ranges of its own for every picture, a convolution took
four to nine times as long, and MobileNetV2 called 13 % rightly instead of 57 %
(docs/guide/export.md)."""


def quantise(source: Path, target: Path, way: Way, train: Pictures) -> int:
    """Write a network in eight bits; give how many training pictures set its ranges."""
    ready = target.with_suffix(".ready.onnx")
    with quietly():
        try:
            quant_pre_process(source, ready, skip_symbolic_shape=True)
            _forget_shapes(ready)
            if way == "dynamic":
                quantize_dynamic(
                    ready,
                    target,
                    op_types_to_quantize=list(_DENSE),
                    per_channel=True,
                    weight_type=QuantType.QInt8,
                    nodes_to_exclude=_outside(ready),
                )
                return 0
            return _quantise_static(ready, target, train)
        finally:
            ready.unlink(missing_ok=True)


def measure(
    float32: onnxruntime.InferenceSession,
    eight: onnxruntime.InferenceSession,
    files: tuple[Path, Path],
    pictures: Pictures,
    classes: tuple[str, ...],
    *,
    way: Way,
    calibrated: int,
) -> Eight:
    """Hold the two against each other on the same test pictures.

    Args:
        float32: The network before.
        eight: The same in eight bits.
        files: Of both.
        pictures: Test pictures.
        classes: Their classes.
        way: How it was brought to eight bits.
        calibrated: With how many training pictures.
    """
    before, after = (
        Predictions(pictures.ids, pictures.labels, answers(network, pictures.pixels), classes)
        for network in (float32, eight)
    )
    lost, test = difference(before, after), mcnemar(before, after)
    assert lost is not None
    assert test is not None
    return Eight(
        way=way,
        calibrated=calibrated,
        accuracy=_accuracy(after),
        before=_accuracy(before),
        lost=lost,
        test=test,
        bytes=files[1].stat().st_size,
        bytes_before=files[0].stat().st_size,
        pace=race(float32, eight, pictures.pixels),
    )


class _Shown(CalibrationDataReader):  # type: ignore[misc]
    """Training pictures, some at a time, as onnxruntime asks for them."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._parts = iter(np.array_split(pixels, -(-len(pixels) // _AT_ONCE)))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next few; None after the last."""
        part = next(self._parts, None)
        return None if part is None else {PICTURES: np.ascontiguousarray(part)}


def _quantise_static(source: Path, target: Path, train: Pictures) -> int:
    count = min(CALIBRATED, len(train))
    rows = np.linspace(0, len(train) - 1, count).astype(np.int64)
    quantize_static(
        source,
        target,
        _Shown(train.pixels[rows]),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=_outside(source),
    )
    return count


def _forget_shapes(path: Path) -> None:
    """They are inferred again: a weight that the quantiser turns round keeps its old one else."""
    model = onnx.load(path)
    del model.graph.value_info[:]
    onnx.save(model, path)


def _outside(path: Path) -> list[str]:
    """What is not the network itself: a picture's preparation, and the probabilities at its end."""
    nodes = onnx.load(path, load_external_data=False).graph.node
    first = next(place for place, node in enumerate(nodes) if node.op_type == "Conv")
    return [
        node.name for place, node in enumerate(nodes) if place < first or node.op_type == "Softmax"
    ]


def _accuracy(table: Predictions) -> Interval:
    return wilson(int(table.correct.sum()), len(table))
