"""The command line in this process, with runs that take no time and need no torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.runs import fake_run
from tlcore.analysis.intervals import Interval
from tlcore.cli import main
from tlcore.nn import worker
from tlcore.runs import dispatcher


@dataclass(frozen=True)
class Answer:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out, parse_constant=_refuse)


Command = Callable[..., Answer]


@pytest.fixture
def dispatchers(monkeypatch) -> list[Path]:
    """The homes that somebody wanted a dispatcher for; none is started."""
    asked: list[Path] = []
    monkeypatch.setattr(dispatcher, "ensure_dispatcher", asked.append)
    return asked


@pytest.fixture
def command(capsys, monkeypatch, dispatchers) -> Command:
    """Call it as a person would, without `python -m tlcore`."""
    monkeypatch.setattr(worker, "load_engine", lambda threads: fake_run.train)
    fake = SimpleNamespace(save_backbone=_save_backbone)
    monkeypatch.setitem(sys.modules, "tlcore.nn.pretrain", fake)

    def call(*arguments: str) -> Answer:
        try:
            code = main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        streams = capsys.readouterr()
        return Answer(code, streams.out, streams.err)

    return call


def _save_backbone(network: Path, path: Path, accuracy: Interval) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(network.read_bytes())


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
