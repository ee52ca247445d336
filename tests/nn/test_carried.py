"""The carried weights: each is what its card says, and knows what its card says it knows."""

import re

import pytest

from bench.probe import Probe
from tlcore import catalog, paths
from tlcore.nn.networks.weight_reader import read_metadata
from tlcore.recipe import Data, Model, Shapes
from tlcore.recipe.presets import find

FOLDER = paths.PROJECT / "checkpoints"
CARRIED = sorted(path.stem for path in FOLDER.glob("*.safetensors"))
UNSEEN_SHAPES = Data(labels_per_class=20, validation=0.2, shapes=Shapes(per_class=50))


def trained_and_untrained(backbone, data, size):
    weights = ("pretrained", "none")
    return [Probe(Model(backbone=backbone, weights=w), size).accuracy(data).value for w in weights]


@pytest.mark.parametrize("name", CARRIED)
def test_each_carried_file_is_listed_as_here_and_fits_into_six_megabytes(name):
    path = FOLDER / f"{name}.safetensors"
    assert catalog.here(name) == path
    assert path.stat().st_size <= 6_000_000


@pytest.mark.parametrize("name", CARRIED)
def test_each_header_says_what_the_file_is_and_the_preset_still_makes_it(name):
    facts = read_metadata(FOLDER / f"{name}.safetensors")
    assert facts["architecture"] == name
    assert facts["recipe"] == find(f"pretrain-{name}").recipe.id
    assert {"mean", "std", "test_accuracy", "test_accuracy_interval"} <= set(facts)


@pytest.mark.parametrize("name", CARRIED)
def test_each_has_a_card_with_the_accuracy_of_its_header(name):
    card = (FOLDER / "README.md").read_text()
    accuracy = float(read_metadata(FOLDER / f"{name}.safetensors")["test_accuracy"])
    [line] = [line for line in card.splitlines() if line.startswith(f"| `{name}.safetensors`")]
    assert re.search(rf"\b{100 * accuracy:.1f} %", line)


def test_pebble_for_shapes_tells_apart_shapes_that_it_has_never_seen():
    trained, untrained = trained_and_untrained("pebble-shapes", UNSEEN_SHAPES, 32)
    assert trained > 0.9
    assert trained > untrained + 0.5


def test_pebble_for_photos_tells_apart_flowers_that_it_has_never_seen(shared):
    flowers = Data(
        name="folder",
        path=str(shared / "data" / "flowers5_128.zip"),
        labels_per_class=80,
        limit_test=400,
    )
    trained, untrained = trained_and_untrained("pebble-photo", flowers, 32)
    assert trained > 0.55
    assert trained > untrained + 0.1
