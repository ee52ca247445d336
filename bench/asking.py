"""How soon a trained network answers and says why: `python bench/asking.py`.

Networks with random weights, since what they say is of no matter here. Each question goes through
the answering process, as a page's would; each picture is a new one, so nothing is kept.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tlcore.inference import client, process
from tlcore.nn.engine.saved_network import save_network
from tlcore.nn.networks.build import build
from tlcore.nn.preprocessing import Preparation
from tlcore.recipe import Input, Model, Recipe
from tlcore.schedule import FreezeSchedule

NETWORKS = {
    "pebble-shapes": 32,
    "mobilenetv2_100": 96,
    "resnet50": 224,
    "vit_tiny_patch16_224": 224,
}
QUESTIONS = 30
HALF = (0.5, 0.5, 0.5)


def make(home: Path, backbone: str, size: int) -> Path:
    """A network as a run would have left it."""
    whole = FreezeSchedule(preset="full")
    model = Model(backbone=backbone, weights="none")
    recipe = Recipe(model=model, input=Input(size=size), schedule=whole)
    path = home / "runs" / backbone / "checkpoints" / "best-1.safetensors"
    path.parent.mkdir(parents=True)
    classes = tuple(f"class {number}" for number in range(10))
    network = build(model, len(classes), size, seed=0)
    save_network(path, recipe, classes, Preparation(size, "bilinear", HALF, HALF), network)
    return path


def seconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measure(home: Path, path: Path, size: int) -> str:
    """A row of the table."""
    chance = np.random.default_rng(0)

    def picture() -> NDArray[np.uint8]:
        return chance.integers(0, 256, (1, size, size, 3), dtype=np.uint8)

    first = seconds(lambda: client.predict(home, path, picture()))
    warm = [1000 * seconds(lambda: client.predict(home, path, picture())) for _ in range(QUESTIONS)]
    ways = client.predict(home, path, picture()).ways
    why = [
        f"{seconds(partial(client.explain, home, path, picture(), way, 1)):.2f} {way}"
        for way in ways
    ]
    cells = [f"{first:.2f}", f"{median(warm):.0f}", f"{quantiles(warm, n=20)[-1]:.0f}"]
    return f"| {path.parent.parent.name}, {size} px | {' | '.join(cells)} | {', '.join(why)} |"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        paths = {name: make(home, name, size) for name, size in NETWORKS.items()}
        started = seconds(lambda: _wait_for(home))
        print(f"Ready to answer {started:.1f} s after the first question.\n")
        print(f"| network | first, s | warm, ms, median of {QUESTIONS} | p95 | why, s |")
        print("|---|---:|---:|---:|---|")
        for name, size in NETWORKS.items():
            print(measure(home, paths[name], size), flush=True)


def _wait_for(home: Path) -> None:
    process.wake(home)
    while not process.is_awake(home):
        time.sleep(0.05)


if __name__ == "__main__":
    main()
