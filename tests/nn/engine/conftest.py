"""Small recipes on drawn pictures, and weights that stand in for pre-trained ones."""

import pytest

from tlcore.events import Tested
from tlcore.nn.engine.saved_network import load_network
from tlcore.recipe.text import from_fields

SMALL = {
    "data": {"name": "shapes", "shapes": {"per_class": 6, "test_per_class": 3, "size": 16}},
    "input": {"size": 32},
    "model": {"backbone": "pebble-shapes", "weights": "none"},
    "schedule": {"preset": "full"},
    "epochs": 2,
    "batch": 16,
    "precision": "float32",
}


@pytest.fixture
def small():
    """Builds a tiny recipe from scratch, with any fields changed: `small(epochs=3)`."""

    def make(**changes):
        return from_fields({**SMALL, **changes})

    return make


@pytest.fixture
def pretrained(small, stand_in_weights):
    """The same on stand-in weights, for any schedule: `pretrained("gradual", epochs=5)`."""

    def make(preset="head-only", backbone="pebble-shapes", **changes):
        dials = changes.pop("dials", {})
        model = {"backbone": backbone, "weights": str(stand_in_weights(backbone))}
        return small(schedule={"preset": preset, **dials}, model=model, **changes)

    return make


@pytest.fixture
def kept_weights(tmp_path):
    """The weights that a run leaves behind, read from what it saves: `kept_weights(events)`."""

    def find(events):
        path = tmp_path / "kept.safetensors"
        next(event for event in events if isinstance(event, Tested)).save(path)
        return load_network(path).network.state_dict()

    return find
