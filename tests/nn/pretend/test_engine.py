"""What recipes ask for, on a card: nothing is forgotten on the CPU, nothing reaches across, and the
numbers are the CPU's."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.nn.engine.test_resume import assert_same_ending, interrupt
from tests.nn.engine.test_train import of
from tlcore.data import load
from tlcore.events import EpochDone, Note, PhaseBegan, Started, StepDone, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.saved_network import load_network
from tlcore.nn.explain.methods import explain, ways_for
from tlcore.nn.labels import check_labels
from tlcore.nn.robustness import Judge
from tlcore.schedule.phases import PRESETS

CLOSE = 2e-3
"""Of a loss: the card's batches are others, and its blocks are folded and not fused."""

CUSTOM = {"phases": [{"thaw": "all", "epochs": 1}, {"thaw": "head", "epochs": 1}]}
AUGMENTED = {"flip": True, "crop": 0.1, "rotation": 10, "zoom": 0.1, "colour": 0.2, "cutout": 0.2}
DIALS: dict[str, dict[str, Any]] = {
    "all augmentation": {"augmentation": AUGMENTED},
    "kept views": {"augmentation": {**AUGMENTED, "views": 2}},
    "mixup": {"augmentation": {"mixup": 0.4}},
    "cutmix": {"augmentation": {"cutmix": 1.0}, "label_smoothing": 0.1},
    "weights": {"balance": "weights"},
    "sampling": {"balance": "sampling"},
    "robust": {"balance": "robust"},
    "nearest": {"input": {"size": 24, "interpolation": "nearest"}},
    "bicubic": {"input": {"size": 24, "interpolation": "bicubic"}},
    "a teacher's features": {"distillation": {"teacher": "pebble-photo", "size": 32}},
    "an exact head": {"optimiser": {"name": "exact"}},
    "sgd": {"optimiser": {"name": "sgd", "rate": 0.01, "clip": 1.0, "l1": 1e-4}},
    "adam": {"optimiser": {"name": "adam", "rate": 0.001}},
    "plateau": {"rate_schedule": {"name": "plateau"}},
}


NEED_FROZEN = ("kept views", "an exact head")


def losses(events):
    """Of every epoch, in learning and in looking."""
    return [
        loss for e in of(EpochDone, events) for loss in (e.train_loss, e.validation_loss) if loss
    ]


def alike(recipe, card, **kind):
    """Run on the CPU and on a card; what the card tells and what happened there."""
    usual = list(train(recipe))
    with card(**kind) as gpu:
        events = list(train(recipe))
    assert of(Started, events)[0].device == "cuda:1"
    assert losses(events) == pytest.approx(losses(usual), abs=CLOSE)
    one, other = (of(Tested, told)[0].predictions.probabilities for told in (usual, events))
    assert np.abs(one - other).max() < CLOSE
    assert gpu.seen["conv2d"] > 0
    assert set(gpu.arrived) <= {"cuda:1", "cpu"}
    return events, gpu


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains_to_the_same_numbers(preset, card, pretrained):
    dials = CUSTOM if preset == "custom" else {}
    rate = {"name": "sgd", "rate": 0.001}
    events, _ = alike(pretrained(preset, dials=dials, optimiser=rate), card)
    if preset == "head-only":
        assert of(PhaseBegan, events)[0].cached, "what blocks make of pictures is kept on the card"


@pytest.mark.parametrize("dial", DIALS)
def test_every_dial_means_the_same(dial, card, pretrained):
    rate = {"optimiser": {"name": "sgd", "rate": 0.001}}
    preset = "head-only" if dial in NEED_FROZEN else "last-blocks"
    alike(pretrained(preset, **{**rate, **DIALS[dial]}), card)


def test_pictures_that_the_card_has_no_room_for_stay_where_they_are(card, pretrained):
    events, gpu = alike(pretrained("head-only"), card, free=1000)
    assert not of(PhaseBegan, events)[0].cached
    assert gpu.arrived["cuda:1"] > 20


@pytest.mark.parametrize(
    ("capability", "preset"),
    [((8, 0), "gradual"), ((7, 5), "last-blocks")],
    ids=["bfloat16", "float16"],
)
def test_low_precision_trains_and_resumes_bit_by_bit(
    capability, preset, card, pretrained, kept_weights, tmp_path
):
    less = {"epochs": 2, "batch": 24, "input": {"size": 16}, "augmentation": {"flip": True}}
    plain = pretrained(preset, **less, precision="auto")
    head = plain.model.head.model_copy(update={"dropout": 0.5})
    recipe = plain.model_copy(update={"model": plain.model.model_copy(update={"head": head})})
    path = tmp_path / "last.safetensors"
    with card(capability=capability):
        interrupt(recipe, path, lambda e: isinstance(e, StepDone) and (e.epoch, e.step) == (1, 0))
        whole = list(train(recipe))
    with card(capability=capability):  # its dice are where new ones are
        rest = list(train(recipe, resume=path))
    assert of(Started, whole)[0].precision == ("bfloat16" if capability >= (8, 0) else "float16")
    assert_same_ending((whole, kept_weights(whole)), (rest, kept_weights(rest)))


@pytest.mark.parametrize("most", [8, 3])
def test_when_a_card_s_memory_runs_out_the_same_step_is_taken_in_parts(most, card, pretrained):
    frozen = {"batchnorm": "frozen"}
    recipe = pretrained("full", dials=frozen, optimiser={"name": "sgd", "rate": 0.001})
    usual = losses(train(recipe))
    with card() as gpu:
        gpu.most = most
        events = list(train(recipe))
    assert losses(events) == pytest.approx(usual, abs=CLOSE)
    assert any("Memory ran out" in note.text for note in of(Note, events))
    assert gpu.emptied[1] > 0
    assert not gpu.emptied[0], "memory is given back on the card that ran out of it"


@pytest.mark.parametrize("preset", ["head-only", "last-blocks"])
def test_keeping_what_blocks_make_of_pictures_survives_a_card_that_is_too_small(
    preset, card, pretrained
):
    frozen = {"batchnorm": "frozen"}
    recipe = pretrained(preset, dials=frozen, optimiser={"name": "sgd", "rate": 0.001})
    usual = losses(train(recipe))
    with card() as gpu:
        gpu.most = 7
        assert losses(train(recipe)) == pytest.approx(usual, abs=CLOSE)


def test_a_network_from_a_card_is_asked_explained_and_judged_anywhere(card, pretrained, tmp_path):
    recipe, path = pretrained("full"), tmp_path / "kept.safetensors"
    test = load(recipe.data, recipe.input).test
    with card():
        tested = of(Tested, train(recipe))[0]
        tested.save(path)
        judged = Judge(load_network(path), torch.device("cuda:1")).says(test)
        kept = load_network(path)
        picture = kept.prepare(torch.from_numpy(np.array(test.pixels[:1])))
        ways = ways_for(kept.network, recipe.input.size)
        maps = [explain(kept.network, picture, way, 0).map for way in ways]
        labels = check_labels(recipe)
    assert len(maps) >= 3
    assert all(np.isfinite(each).all() for each in maps)
    assert len(labels) > len(test)
    assert np.abs(judged - tested.predictions.probabilities).max() < CLOSE
    here = Judge(load_network(path), torch.device("cpu")).says(test)
    assert np.abs(judged - here).max() < CLOSE


def test_a_trained_network_teaches_on_a_card(card, pretrained, tmp_path):
    path = tmp_path / "teacher.safetensors"
    of(Tested, train(pretrained("head-only")))[0].save(path)
    alike(
        pretrained(distillation={"teacher": str(path)}, optimiser={"name": "sgd", "rate": 0.01}),
        card,
    )
