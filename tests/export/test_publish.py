"""What goes to the hub is laid out as its tools expect it, says its licence, and needs a token."""

import pytest

from tlcore.errors import FetchError
from tlcore.export import licences, publish
from tlcore.recipe.text import from_fields


def test_the_strictest_licence_is_inherited(subtests):
    cases = {
        ("MIT", "Apache-2.0"): "apache-2.0",
        ("Apache-2.0", "CC BY-SA 4.0"): "cc-by-sa-4.0",
        ("CC BY-SA 4.0", "CC-BY-NC-4.0", "MIT"): "cc-by-nc-4.0",
        ("MIT", "none stated; for research, with citation"): "other",
        ("MIT", "you are responsible for the right to use these pictures"): "other",
        (): "other",
    }
    for given, strictest in cases.items():
        with subtests.test(given=given):
            assert licences.strictest(given) == strictest


def test_a_run_on_drawn_shapes_is_as_free_as_the_lab():
    scratch = {"model": {"backbone": "scratch-c", "weights": "none"}}
    scratch["schedule"] = {"preset": "full"}
    assert licences.inherited(from_fields(scratch)) == "mit"
    photos = {"data": {"name": "cifar10"}, "model": {"backbone": "resnet18"}}
    assert licences.inherited(from_fields({**photos, "input": {"size": 64}})) == "other"


def test_a_public_lab_publishes_nothing_and_names_are_checked(monkeypatch):
    for name in ("beans", "a/b/c", "../x", "me/"):
        with pytest.raises(FetchError, match="no name on the hub"):
            publish.check_name(name)
    publish.check_name("me/beans")
    monkeypatch.setenv("TL_PUBLIC", "1")
    with pytest.raises(FetchError, match="publishes nothing"):
        publish.check_name("me/beans")


def test_files_lie_where_the_hub_s_tools_look_and_nothing_goes_without_a_token(
    tmp_path, monkeypatch
):
    (tmp_path / "timm").mkdir()
    for name in ("timm/config.json", "timm/README.md", "model.onnx", "predict.py", "recipe.yaml"):
        (tmp_path / name).write_text("---\nlicense: mit\n---\n")
    parcel = publish.arranged(tmp_path, "me/beans")
    assert list(parcel.files) == [
        "README.md", "config.json", "onnx/model.onnx", "onnx/predict.py", "recipe.yaml",
    ]  # fmt: skip
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(FetchError, match="needs a token"):
        publish.send(parcel)
