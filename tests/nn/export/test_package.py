"""A run's network taken elsewhere: exported, checked on real pictures, used without the lab."""

import copy
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tlcore.access import LOCAL
from tlcore.cli import main
from tlcore.data.load import load
from tlcore.errors import RunError, ThawError
from tlcore.export.facts import Way
from tlcore.nn.engine.saved_network import load_network
from tlcore.nn.export import package, parity, quantise
from tlcore.nn.export.graph import Deployed, resizing, write_graph
from tlcore.nn.export.package import ship
from tlcore.nn.export.parity import answers, open_network
from tlcore.nn.worker import work
from tlcore.recipe.text import from_fields
from tlcore.runs.results import read_predictions
from tlcore.runs.store import RunStore

pytestmark = pytest.mark.processes

SYSTEMS: dict[str, dict[str, Any]] = {
    "pebble-shapes": {"schedule": {"preset": "head-only"}, "input": {"size": 32}},
    "pebble-photo": {
        "schedule": {"preset": "head-only"}, "input": {"size": 48, "resize": "once"},
    },
    "lcnet_035": {
        "schedule": {"preset": "full"}, "input": {"size": 48, "interpolation": "bicubic"},
        "model": {"weights": "none"},
    },
}  # fmt: skip
EXPECTED = {
    "MODEL_CARD.md", "labels.json", "model.onnx", "predict.py", "recipe.yaml", "requirements.txt",
}  # fmt: skip
STORED = 40


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return RunStore(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def trained(store):
    """A run that was really trained, once for each backbone: `trained("pebble-shapes")`."""
    made = {}

    def train(backbone):
        if backbone not in made:
            fields = SYSTEMS[backbone]
            shapes = {"per_class": 12, "test_per_class": 6, "size": STORED}
            recipe = from_fields({
                "data": {"shapes": shapes}, "epochs": 2, "batch": 16, "precision": "float32",
                **fields, "model": {"backbone": backbone, **fields.get("model", {})},
            })  # fmt: skip
            made[backbone] = store.submit(recipe, by=LOCAL, name="<b>mine</b>").id
            attempt = store.claim(device="cpu", run=made[backbone])
            assert attempt is not None
            work(store, attempt)
        return made[backbone]

    return train


@pytest.fixture(scope="module")
def taken(store, trained, tmp_path_factory):
    """What was written of such a run, once: `taken()`; pebble-shapes in eight bits, too."""
    made = {}

    def take(backbone="pebble-shapes"):
        if backbone not in made:
            int8: Way | None = "static" if backbone == "pebble-shapes" else None
            place = tmp_path_factory.mktemp("out") / "taken"
            made[backbone] = ship(store, trained(backbone), place, by=LOCAL, int8=int8)
        return made[backbone]

    return take


@pytest.fixture
def kept(store, trained):
    return kept_of(store, trained("pebble-shapes"))


def kept_of(store, run):
    return load_network(store.artifact(run, "best", by=LOCAL))


def pictures_of(store, run):
    recipe = store.recipe(run, by=LOCAL)
    return load(recipe.data, recipe.input).test


def drawn(pictures, folder, rows):
    """Some test pictures as files, as their data set has them."""
    folder.mkdir()
    paths = [folder / f"{row}.png" for row in rows]
    for row, path in zip(rows, paths, strict=True):
        Image.fromarray(pictures.pixels[row]).save(path)
    return paths


@pytest.mark.parametrize("backbone", SYSTEMS)
def test_ten_lines_answer_as_the_lab_does_on_the_run_s_own_test_pictures(
    store, trained, taken, tmp_path, backbone
):
    run, done = trained(backbone), taken(backbone)
    assert set(done.files) - {"model-int8.onnx"} == EXPECTED
    assert done.parity.largest < 1e-4
    assert done.parity.saved > 0.98
    recipe, kept = store.recipe(run, by=LOCAL), kept_of(store, run)
    stored = load(recipe.data, recipe.input.model_copy(update={"resize": "batch"})).test
    rows = list(range(0, len(stored), 7))
    paths = drawn(stored, tmp_path / "pictures", rows)
    command = [sys.executable, str(done.place / "predict.py"), *map(str, paths)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    said = [json.loads(line) for line in answer.stdout.splitlines()]
    wanted = parity.lab_answers(kept, pictures_of(store, run).pixels[rows])
    np.testing.assert_allclose([each["shares"] for each in said], wanted, atol=1e-4)
    names = [kept.classes[place] for place in wanted.argmax(axis=1)]
    assert [each["answer"] for each in said] == names
    assert [each["picture"] for each in said] == list(map(str, paths))


def test_it_takes_any_number_of_pictures_at_once(store, trained, taken):
    network = open_network(taken().place / "model.onnx")
    pixels = pictures_of(store, trained("pebble-shapes")).pixels[:7]
    whole = network.run(None, {"pictures": pixels})[0]
    for size in (1, 2, 7):
        parts = [
            network.run(None, {"pictures": pixels[i : i + size]})[0] for i in range(0, 7, size)
        ]
        np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-5)


def test_answers_come_in_the_pictures_order_however_many(store, trained, taken):
    network = open_network(taken().place / "model.onnx")
    pixels = pictures_of(store, trained("pebble-shapes")).pixels
    whole = network.run(None, {"pictures": pixels})[0]
    np.testing.assert_allclose(answers(network, pixels), whole, atol=1e-5)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("stored", [8, 31, 32, 40])
def test_resizing_by_a_matrix_is_the_lab_s_own_resizing(kept, interpolation, stored):
    kept = replace(kept, prepare=replace(kept.prepare, size=32, interpolation=interpolation))
    pixels = torch.randint(0, 256, (3, stored, stored, 3), dtype=torch.uint8)
    if stored != 32:
        matrix = resizing(kept.prepare, stored)
        assert matrix.shape == (32, stored)
        torch.testing.assert_close(matrix.sum(dim=1), torch.ones(32))
    with torch.no_grad():
        ours = Deployed(kept, stored).eval()(pixels)
        wanted = kept.network(kept.prepare(pixels)).softmax(dim=1)
    torch.testing.assert_close(ours, wanted, atol=1e-5, rtol=0)


def test_what_answers_differently_is_refused_and_leaves_nothing_behind(
    store, trained, tmp_path, monkeypatch
):
    def spoiled(kept, stored, path):
        other = copy.deepcopy(kept)
        with torch.no_grad():
            next(other.network.head.parameters()).mul_(1.1)
        write_graph(other, stored, path)

    monkeypatch.setattr(package, "write_graph", spoiled)
    with pytest.raises(ThawError, match=r"not given away.*no probability differs"):
        ship(store, trained("pebble-shapes"), tmp_path / "taken.zip", by=LOCAL)
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_written_as_onnx_is_told_in_words(kept, tmp_path):
    class Odd(torch.nn.Module):
        def forward(self, pictures):
            return pictures[pictures > pictures.mean()].sort().values[:10]

    kept.network.backbone = Odd()
    with pytest.raises(ThawError, match="can't be written as ONNX"):
        write_graph(kept, STORED, tmp_path / "model.onnx")


def test_other_test_pictures_than_the_run_s_are_refused(store, trained, kept):
    run = trained("pebble-shapes")
    pictures, saved = pictures_of(store, run), read_predictions(store, run, by=LOCAL)
    other = replace(pictures, ids=np.array([f"other {name}" for name in pictures.ids]))
    with pytest.raises(RunError, match="not those that the run was tested on"):
        parity.compare(None, kept, other, saved, "float32")


def test_eight_bits_are_smaller_and_say_what_they_cost(taken):
    done = taken()
    eight = done.eight
    assert set(done.files) == EXPECTED | {"model-int8.onnx"}
    assert eight.bytes == done.files["model-int8.onnx"] < 0.5 * eight.bytes_before
    assert eight.before == done.parity.accuracy
    assert abs(eight.lost.value) < 0.15
    assert eight.pace.ratio > 0
    card = (done.place / "MODEL_CARD.md").read_text().replace("\\", "")
    assert eight.verdict in card
    assert eight.cost in card


def test_ranges_are_set_by_training_pictures_and_never_by_test_pictures(
    store, trained, taken, tmp_path, monkeypatch
):
    recipe = store.recipe(trained("pebble-shapes"), by=LOCAL)
    splits = load(recipe.data, recipe.input)
    shown: list[Any] = []
    monkeypatch.setattr(quantise, "quantise", lambda *given: shown.append(given[-1].ids))
    monkeypatch.setattr(quantise, "measure", lambda *given, **facts: None)
    package._in_eight_bits(taken().place, splits, "static", lambda words: None)
    assert set(shown[0]) <= set(splits.train.ids)
    assert not set(shown[0]) & set(splits.test.ids)


def test_eight_bits_by_each_picture_s_own_ranges_work_too(store, trained, taken, tmp_path):
    source, target = taken().place / "model.onnx", tmp_path / "int8.onnx"
    pictures = pictures_of(store, trained("pebble-shapes"))
    assert quantise.quantise(source, target, "dynamic", pictures) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["int8.onnx"]
    near = np.abs(
        answers(open_network(target), pictures.pixels)
        - answers(open_network(source), pictures.pixels)
    )
    assert 0 < near.max() < 0.3


def test_what_is_taken_knows_neither_this_machine_nor_its_folders(store, taken):
    content = (taken().place / "model.onnx").read_bytes()
    for folder in (Path(__file__).parents[3], Path(torch.__file__).parent, store.home):
        assert str(folder).encode() not in content
    assert b"tlcore/" not in content


def test_the_command_says_what_it_wrote(store, trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TL_HOME", str(store.home))
    place = tmp_path / "taken.zip"
    assert main(["ship", trained("pebble-shapes"), "--to", str(place)]) == 0
    said = capsys.readouterr()
    assert "no probability differs by more than" in said.out
    assert "Writing the network as ONNX …" in said.err
    names = {name.partition("/")[2] for name in zipfile.ZipFile(place).namelist()}
    assert names == EXPECTED
