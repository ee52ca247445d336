"""timm reads what the lab wrote and says the same; where it would not, nothing is given away."""

import json
from typing import Any

import numpy as np
import pytest
import timm
import torch

from tlcore.data.pictures import Pictures
from tlcore.errors import ThawError
from tlcore.export.facts import TimmParity
from tlcore.nn.engine.saved_network import Keepsake
from tlcore.nn.export import timm_folder
from tlcore.nn.networks.build import build
from tlcore.nn.preprocessing import Preparation
from tlcore.recipe.text import from_fields

CLASSES = ("ash", "elm", "oak")


def kept(backbone="lcnet_035", *, fit="crop", interpolation="bilinear", **head) -> Keepsake:
    recipe = from_fields({
        "model": {"backbone": backbone, "weights": "none", "head": head},
        "schedule": {"preset": "full"},
        "input": {"size": 48, "fit": fit, "interpolation": interpolation},
    })  # fmt: skip
    network = build(recipe.model, len(CLASSES), 48, seed=0).eval()
    colours = (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)
    return Keepsake(recipe, CLASSES, Preparation(48, interpolation, *colours), network)


def pictures(count=12) -> Pictures:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return Pictures(pixels, np.zeros(count, np.int64), np.array([str(n) for n in range(count)]))


def test_timm_says_what_the_lab_says_with_its_names_and_its_way_of_preparing(tmp_path, subtests):
    for fit, interpolation in (("crop", "bilinear"), ("squash", "bicubic")):
        with subtests.test(fit=fit):
            network, folder = kept(fit=fit, interpolation=interpolation), tmp_path / fit
            folder.mkdir()
            timm_folder.write_timm(network, folder, licence="cc-by-4.0")
            found = timm_folder.compare(network, folder, pictures())
            assert (found.largest, found.different) == (0.0, 0)
            assert found.holds
            model: Any = timm.create_model(f"local-dir:{folder}", pretrained=True)
            assert model.pretrained_cfg["license"] == "cc-by-4.0"
            assert tuple(model.pretrained_cfg["mean"]) == (0.5, 0.5, 0.5)
            config = json.loads((folder / "config.json").read_text())
            assert config["label_names"] == list(CLASSES)
            assert sorted(each.name for each in folder.iterdir()) == [
                "config.json", "model.safetensors",
            ]  # fmt: skip


def test_a_network_that_timm_computes_otherwise_is_not_given_away(tmp_path):
    network = kept()
    timm_folder.write_timm(network, tmp_path, licence="mit")
    with torch.no_grad():
        network.network.head.get_parameter("classifier.bias").add_(torch.tensor([0.0, 0.1, 0.0]))
    found = timm_folder.compare(network, tmp_path, pictures())
    with pytest.raises(ThawError, match="timm doesn't answer as the lab does"):
        timm_folder.refuse_unless_alike(found)
    assert not TimmParity(n=1000, largest=0.0, different=11).holds
    assert TimmParity(n=1000, largest=0.0, different=10).holds


def test_what_timm_has_no_network_for_is_said(subtests):
    reasons = {
        "timm has no network pebble-shapes": kept("pebble-shapes"),
        "its head has hidden layers": kept(hidden=[8]),
    }
    for words, network in reasons.items():
        with subtests.test(words):
            assert words in timm_folder.why_not(network)
    assert timm_folder.why_not(kept()) == ""
