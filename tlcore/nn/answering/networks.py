"""Networks that runs left behind, loaded when they are first asked for; the latest few stay."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import torch

from tlcore.errors import AnswerError
from tlcore.nn.backbones import build
from tlcore.nn.device import choose_precision
from tlcore.nn.engine.keepsake import Keepsake, load_network
from tlcore.nn.explain.ways import ways_for

MOST = 4
CPU = torch.device("cpu")

_Key: TypeAlias = tuple[str, int, int, int, bool]


@dataclass(frozen=True)
class Asked:
    """A network, ready to be asked.

    Attributes:
        keepsake: The network with all that predicting needs.
        precision: Of its arithmetic here, as near to the run's as a CPU can.
        ways: The methods by which it can be asked why.
    """

    keepsake: Keepsake
    precision: torch.dtype
    ways: tuple[str, ...]


class Networks:
    """The networks of one home."""

    def __init__(self, home: Path, *, most: int = MOST) -> None:
        self._runs = (home / "runs").resolve()
        self._most = most
        self._kept: OrderedDict[_Key, Asked] = OrderedDict()

    def open(self, named: str, *, beginning: bool = False) -> Asked:
        """The network in a file of a run's, from memory if it was asked lately.

        Args:
            named: The file.
            beginning: Give the network that the run began with: pre-trained, if its recipe says so.

        Raises:
            AnswerError: No such file, or none that a run published.
            CheckpointError: It is damaged.
            WeightsError: The weights that it began with are not to be had.
        """
        key = (*self._key_of(Path(named)), beginning)
        if key not in self._kept:
            while len(self._kept) >= self._most:
                self._kept.popitem(last=False)
            self._kept[key] = _load(Path(named), beginning)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _key_of(self, path: Path) -> tuple[str, int, int, int]:
        """Tells this content from any other under this name; also refuses what is no run's."""
        found = path.resolve()
        inside = found.is_relative_to(self._runs) and found.parent.name == "checkpoints"
        if not (inside and found.name.startswith("best-")):
            raise AnswerError("Only networks that runs have left can be asked")
        try:
            status = found.stat()
        except OSError:
            remedy = "Choose another run: this one was deleted, or is being trained on."
            raise AnswerError("The network is gone", remedy=remedy) from None
        return str(found), status.st_ino, status.st_mtime_ns, status.st_size


def _load(path: Path, beginning: bool) -> Asked:
    keepsake = load_network(path)
    if beginning:
        recipe, classes = keepsake.recipe, len(keepsake.classes)
        network = build(recipe.model, classes, recipe.input.size, seed=recipe.seed)
        keepsake = replace(keepsake, network=network.eval())
    keepsake.network.requires_grad_(False).to(memory_format=torch.channels_last)
    wanted = keepsake.recipe.precision
    precision = choose_precision("float32" if wanted == "float16" else wanted, CPU)
    return Asked(keepsake, precision, ways_for(keepsake.network, keepsake.prepare.size))
