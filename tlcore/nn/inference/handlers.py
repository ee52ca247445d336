"""Who answers: one question at a time, each with an answer or with words about why not."""

from __future__ import annotations

import sys
import time
import traceback
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tlcore.errors import AnswerError, ThawError
from tlcore.inference.protocol import Message
from tlcore.nn.device import choose_precision, computing_in, is_out_of_memory
from tlcore.nn.engine.saved_network import Keepsake, load_network
from tlcore.nn.explain.forward_trace import features_by_block
from tlcore.nn.explain.methods import explain, shuffled, ways_for
from tlcore.nn.inference.server import Abandoned, Pause, refusal
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network
from tlcore.recipe import Recipe
from tlcore.schedule.plan import Plan

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


MOST_PICTURES = 2048
LARGEST_SIDE = 1024
_AT_ONCE = 16
_ASK_ONLY = ("occlusion", "lime")  # explain answers by answers, in whose precision they may be


class Desk:
    """Answers questions about the networks of one home."""

    def __init__(self, home: Path) -> None:
        self._networks = Networks(home)
        self._answers = {
            "predict": _predict,
            "explain": _explain,
            "blocks": _blocks,
            "features": _features,
        }

    def answer(self, question: Message, pause: Pause = lambda: None) -> Message:
        """An answer, whatever was asked; nothing gets past it but the end of the process."""
        try:
            answer = self._answers.get(question.facts.get("ask", ""))
            if answer is None:
                raise AnswerError("This is no question that is known here")
            named, beginning = question.facts.get("network", ""), question.facts.get("beginning")
            network = self._networks.open(str(named), beginning=beginning is True)
            return answer(network, _pixels(question), question.facts, pause)
        except Abandoned:
            return refusal("Nobody waits for this answer any more")
        except ThawError as error:
            return refusal(error.what, where=error.where, remedy=error.remedy)
        except Exception as error:  # noqa: BLE001 the next question deserves an answer, too
            traceback.print_exc()
            sys.stderr.flush()
            return _in_words(error)


def _predict(asked: Asked, pixels: NDArray[np.uint8], facts: Any, pause: Pause) -> Message:
    """Prepared and computed as in the run's own test."""
    keepsake, began = asked.keepsake, time.perf_counter()
    with torch.inference_mode(), computing_in(asked.precision, CPU):
        logits = [
            keepsake.network(keepsake.prepare(some)).float()
            for some in torch.from_numpy(pixels).split(_AT_ONCE)
        ]
    milliseconds = (time.perf_counter() - began) * 1000
    answer = {"classes": keepsake.classes, "ways": asked.ways, "milliseconds": milliseconds}
    return Message(answer, {"probabilities": torch.cat(logits).softmax(dim=1).numpy()})


def _features(asked: Asked, pixels: NDArray[np.uint8], facts: Any, pause: Pause) -> Message:
    """What goes into the head. Other questions are answered in between, outside of this mode."""
    keepsake, found = asked.keepsake, []
    for some in torch.from_numpy(pixels).split(_AT_ONCE):
        pause()
        with torch.inference_mode(), computing_in(asked.precision, CPU):
            found.append(keepsake.network.features(keepsake.prepare(some), 0).float())
    return Message({}, {"features": torch.cat(found).numpy()})


def _explain(asked: Asked, pixels: NDArray[np.uint8], facts: Any, pause: Pause) -> Message:
    way, target = facts.get("way"), facts.get("target")
    if way not in asked.ways:
        raise AnswerError("This method doesn't fit this network", remedy="Choose another one.")
    if not isinstance(target, int) or not 0 <= target < len(asked.keepsake.classes):
        raise AnswerError("The network has no such class")
    network = asked.keepsake.network
    about = shuffled(network) if facts.get("shuffled") else network
    precision = asked.precision if way in _ASK_ONLY else torch.float32
    with computing_in(precision, CPU):
        found = explain(about, _prepared(asked, pixels), way, target, pause=pause)
    return Message({"facts": found.facts}, {"map": found.map})


def _blocks(asked: Asked, pixels: NDArray[np.uint8], facts: Any, pause: Pause) -> Message:
    found = features_by_block(asked.keepsake.network, _prepared(asked, pixels))
    thawed = _ever_thawed(asked.keepsake.recipe, asked.keepsake.network)
    blocks = [
        {"name": each.block, "channels": each.channels, "trained": each.block in thawed}
        for each in found
    ]
    return Message({"blocks": blocks}, {each.block: each.maps for each in found})


def _ever_thawed(recipe: Recipe, network: Network) -> set[str]:
    """The blocks that the recipe trains in any of its phases."""
    plan = Plan(recipe.schedule, network.outline, recipe.epochs)
    trained = frozenset[str]().union(*(thaw.trainable for thaw in plan.thaws))
    return {
        layer.block
        for layer in network.outline.layers
        if any(name in trained for name, _ in layer.parameters)
    }


def _prepared(asked: Asked, pixels: NDArray[np.uint8]) -> Tensor:
    return asked.keepsake.prepare(torch.from_numpy(pixels[:1].copy()))


def _pixels(question: Message) -> NDArray[np.uint8]:
    """The pictures in question, if that is what they are."""
    pixels = question.arrays.get("pixels", np.zeros(0, np.uint8))
    fits = pixels.ndim == 4 and pixels.shape[3] == 3 and pixels.dtype == np.uint8
    if not fits or not 1 <= len(pixels) <= MOST_PICTURES:
        raise AnswerError(f"Between 1 and {MOST_PICTURES} pictures can be asked about at once")
    if not all(1 <= side <= LARGEST_SIDE for side in pixels.shape[1:3]):
        raise AnswerError(f"A picture may have at most {LARGEST_SIDE} pixels a side")
    return np.array(pixels)  # what came over the wire can't be written to, and torch warns of that


def _in_words(error: Exception) -> Message:
    short = isinstance(error, MemoryError)
    if short or (isinstance(error, RuntimeError) and is_out_of_memory(error)):
        remedy = "Wait until other runs have finished, or choose a smaller network."
        return refusal("There is not enough memory for this question", remedy=remedy)
    reason = traceback.format_exception_only(error)[-1].strip().splitlines()[0][:200]
    return refusal(f"The network failed on this picture ({reason})", where="answer.log")
