"""Records the demo of the first page: `python bench/demo_recording.py`.

Both runs are trained here, one after the other, and their curves are kept with where and when that
was. The first page replays them until somebody trains the two for themselves.
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # as a script

import torch

from tlcore.events import EpochDone, Tested
from tlcore.nn.engine import train
from tlcore.recipe import presets
from tlcore.runs.folder import describe_environment
from tlcore.ui.start.task import RECORDING, SYSTEMS


def recorded(preset: str) -> dict[str, Any]:
    """One run: its accuracy after each epoch, and what the test says."""
    points: list[list[float]] = []
    tested: dict[str, float] = {}
    began = time.perf_counter()
    for event in train(presets.find(preset).recipe):
        match event:
            case EpochDone():
                right = event.validation_accuracy or 0.0
                points.append([round(time.perf_counter() - began, 2), round(right, 4)])
            case Tested():
                found = event.report.accuracy
                tested = {side: round(getattr(found, side), 4) for side in ("value", "low", "high")}
    seconds = round(time.perf_counter() - began, 1)
    return {"preset": preset, "points": points, "test": tested, "seconds": seconds}


def main() -> None:
    """Train both, and keep what they did."""
    here = describe_environment("cpu", torch.get_num_threads())
    facts = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%-d %B %Y"),
        "hardware": f"{here['processor']}, {here['threads']} of {here['cores']} cores",
        "runs": [recorded(preset) for preset in SYSTEMS],
    }
    RECORDING.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"{RECORDING}: {facts['hardware']}, {facts['date']}")


if __name__ == "__main__":
    main()
