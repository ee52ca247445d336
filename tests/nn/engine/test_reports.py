"""Every system of the five reports runs: a few real steps, at the size that it was reported at."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.nn.engine.test_train import of
from tlcore.events import Finished, PhaseBegan, StepDone
from tlcore.nn.engine import train
from tlcore.nn.networks import build
from tlcore.recipe import EarlyStopping
from tlcore.recipe.presets import presets
from tlcore.schedule import FreezeSchedule

REPORTED = [preset for preset in presets() if preset.report]


@pytest.fixture(scope="module")
def few_pictures(tmp_path_factory):
    """CIFAR-10 and CIFAR-100 in the hub's layout, with as few pictures as there can be."""
    root = tmp_path_factory.mktemp("data")
    for name, columns in {"cifar10": {"label": 10}, "cifar100": _FINE_AND_COARSE}.items():
        (root / name).mkdir()
        for side, each in {"train": 3, "test": 1}.items():
            labels = np.tile(np.arange(max(columns.values())), each)
            pictures = [{"bytes": _picture(n), "path": ""} for n in range(len(labels))]
            named = {column: labels % count for column, count in columns.items()}
            file = root / name / f"{side}-00000-of-00001.parquet"
            pq.write_table(pa.table({"img": pictures, **named}), file)
    return root


_FINE_AND_COARSE = {"fine_label": 100, "coarse_label": 20}


def _picture(number):
    pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def shortened(recipe):
    """One epoch a phase, two steps each, on a handful of pictures; all else as reported."""
    schedule = recipe.schedule
    few = {"limit_train": 4, "limit_test": 2, "validation": 0.0}
    two = schedule.preset in ("two-phase", "lp-ft")
    return recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update=few),
            "early_stopping": EarlyStopping(),
            "epochs": 2 if two else 1,
            "batch": 2,
            "schedule": schedule.model_copy(update={"head_epochs": 1}),
        }
    )


def test_there_are_at_least_thirteen_of_all_five_reports():
    assert len(REPORTED) >= 13
    assert {preset.report for preset in REPORTED} == set("ABCDE")


@pytest.mark.parametrize("preset", REPORTED, ids=lambda preset: preset.name)
def test_a_reported_system_trains(preset, few_pictures, monkeypatch):
    monkeypatch.setenv("TL_DATA", str(few_pictures))
    # random weights in place of ImageNet's: what trains and how is the same
    monkeypatch.setattr(build, "source_for", lambda model: None)
    events = list(train(shortened(preset.recipe)))
    assert isinstance(events[-1], Finished)
    assert len(of(StepDone, events)) >= 2
    assert all(np.isfinite(step.loss) for step in of(StepDone, events))
    if preset.recipe.schedule == FreezeSchedule(preset="full"):
        assert of(PhaseBegan, events)[-1].trainable == of(PhaseBegan, events)[-1].total
