"""A trained network as one ONNX graph: bytes of pictures in, probabilities out.

All that follows reading a picture is within the graph, so that nobody who uses it can get it wrong.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from tlcore.errors import ThawError
from tlcore.nn.engine.saved_network import Keepsake
from tlcore.nn.preprocessing import Preparation


@contextmanager
def quietly() -> Iterator[None]:
    """No warnings and no advice: what matters is whether the answers agree, and that is checked."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


PICTURES, SHARES = "pictures", "probabilities"
_NOTHING, _ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_GREY, _LIGHTER = 96, 64


class Deployed(nn.Module):
    """What a picture goes through, from its bytes to the probability of each class.

    Args:
        kept: The network, and how its pictures are prepared.
        stored: Width and height of the pictures that come in.
    """

    mean: Tensor
    std: Tensor
    rows: Tensor
    columns: Tensor

    def __init__(self, kept: Keepsake, stored: int) -> None:
        super().__init__()
        self.network = kept.network.float().eval()
        self.resizes = stored != kept.prepare.size
        self.overshoots = kept.prepare.interpolation == "bicubic"
        for name in ("mean", "std"):
            values = torch.tensor(getattr(kept.prepare, name))[:, None, None]
            self.register_buffer(name, values)
        if self.resizes:
            rows = resizing(kept.prepare, stored)
            self.register_buffer("rows", rows)
            self.register_buffer("columns", rows.T.contiguous())

    def forward(self, pictures: Tensor) -> Tensor:
        """Bytes, n x height x width x 3, to probabilities, n x classes."""
        seen = pictures.permute(0, 3, 1, 2).float() / 255
        if self.resizes:
            seen = self._kept_within(torch.matmul(seen, self.columns))
            seen = self._kept_within(torch.matmul(self.rows, seen))
        features = self.network.backbone((seen - self.mean) / self.std)
        logits: Tensor = self.network.head(features)
        return logits.softmax(dim=1)

    def _kept_within(self, seen: Tensor) -> Tensor:
        """No darker than black and no lighter than white, as after each way of the lab's own."""
        return seen.clamp(0, 1) if self.overshoots else seen


def resizing(prepare: Preparation, stored: int) -> Tensor:
    """Resizing as a matrix, size x stored: what each new row takes from the old ones.

    Every way of resizing is linear until it leaves black and white, and does to rows what it does
    to columns. So the lab's own is asked what it makes of grey pictures in which a single row is
    lighter; runtimes differ in how they resize, but not in how they multiply.
    """
    plain = replace(prepare, mean=_NOTHING, std=_ONE)
    grey = torch.full((1, stored, stored, 3), _GREY, dtype=torch.uint8)
    even, columns = plain(grey)[0, 0, :, 0], []
    for row in range(stored):
        picture = grey.clone()
        picture[:, row] = _GREY + _LIGHTER
        columns.append((plain(picture)[0, 0, :, 0] - even) * 255 / _LIGHTER)
    return torch.stack(columns, dim=1)


def write_graph(kept: Keepsake, stored: int, path: Path) -> None:
    """Write the network as an ONNX file that takes any number of pictures at once.

    Raises:
        ThawError: The network does something that can't be written down.
    """
    network = Deployed(kept, stored).eval()
    noise = np.random.default_rng(0).integers(0, 256, (2, stored, stored, 3), dtype=np.uint8)
    with quietly():
        try:
            program = torch.onnx.export(
                network,
                (torch.from_numpy(noise),),
                input_names=[PICTURES],
                output_names=[SHARES],
                dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
                external_data=False,
                verbose=False,
            )
        except (torch.onnx.OnnxExporterError, RuntimeError) as error:
            raise _unwritable(kept, error) from error
    assert program is not None
    model = program.model_proto
    _forget_where_it_was_made(model)
    onnx.helper.set_model_props(model, {"recipe": kept.recipe.id, "made by": "Thaw"})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _forget_where_it_was_made(model: onnx.ModelProto) -> None:
    """The exporter notes for each node which line of whose file it came from."""
    for graph in (model.graph, *model.functions):
        del graph.metadata_props[:]
        for node in graph.node:
            node.doc_string = ""
            del node.metadata_props[:]


def _unwritable(kept: Keepsake, error: Exception) -> ThawError:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")
    return ThawError(
        f"The network can't be written as ONNX: {reason[:200]}",
        where=kept.recipe.model.backbone,
        remedy="Choose a run with another backbone; those of the catalogue are known to work.",
    )
