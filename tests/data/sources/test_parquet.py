"""A data set of the hub is read as its files and its page describe it, whole or not at all."""

import json

import numpy as np
import pytest

from bench.support.makers import there
from tests.data.sources.hub_sets import COMMIT, REPO, parquet, put, table, two_sides
from tlcore.data.cifar import Name, open_cifar
from tlcore.data.counts import Counts, count_pictures, look_through, typical_side
from tlcore.data.load import load, open_dataset
from tlcore.errors import DataError, DataMissing, RecipeError
from tlcore.recipe import Data, Input, Recipe
from tlcore.recipe.text import from_fields

SMALL = Input(size=16)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The cache of the hub's own tools."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)


def data(**fields) -> Data:
    return Data(name="hub", repo=REPO, revision=COMMIT, **fields)


def test_pictures_labels_and_names_come_as_the_file_declares_them():
    put(two_sides())
    found = open_dataset(data(), SMALL)
    assert found.classes == ("cat", "dog")
    assert (len(found.train), len(there(found.test))) == (20, 8)
    assert found.train.pixels.shape == (20, 16, 16, 3)
    assert found.train.labels.tolist() == [row % 2 for row in range(20)]
    assert there(found.test).ids[0] == "test/00000"


def test_counts_are_those_of_the_loaded_data():
    put(two_sides())
    for fields in ({}, {"validation": 0.0}, {"labels_per_class": 3}, {"limit_test": 4}):
        splits = load(data(**fields), SMALL)
        assert count_pictures(data(**fields)) == Counts(
            2, len(splits.train), len(splits.validation or ()), len(splits.test)
        )
    assert typical_side(data()) == 20


def test_without_a_test_side_a_share_is_set_aside_as_of_folders():
    put({"train.parquet": parquet(table([0, 1] * 20))})
    assert open_dataset(data(), SMALL).test is None
    splits = load(data(), SMALL)
    assert len(splits.test) == 8
    assert count_pictures(data()).test == 8


def test_pictures_for_validation_join_the_training_pictures():
    files = two_sides() | {"data/validation-00000-of-00001.parquet": parquet(table([0, 1]))}
    put(files)
    found = open_dataset(data(), SMALL)
    assert (len(found.train), len(there(found.test))) == (22, 8)
    assert any("for validation joined" in note for note in found.notes)


def test_further_columns_become_groups_and_coarse_names_become_superclasses():
    made = table([0, 1, 2] * 2, names=("cat", "dog", "oak"), camera=["a", "b"] * 3)
    coarse = {"kind": {"_type": "ClassLabel", "names": ["animal", "plant"]}}
    noted = json.loads(made.schema.metadata[b"huggingface"])
    noted["info"]["features"] |= coarse
    made = made.append_column("kind", [[0, 0, 1] * 2])
    made = made.replace_schema_metadata({b"huggingface": json.dumps(noted)})
    put({"train.parquet": parquet(made), "test.parquet": parquet(made)})
    found = open_dataset(data(), SMALL)
    assert found.train.groups["camera"].tolist() == ["a", "b"] * 3
    assert found.superclasses == {"cat": "animal", "dog": "animal", "oak": "plant"}


def test_a_column_with_a_value_for_each_picture_is_no_group():
    labels = [0, 1] * 40
    put({"train.parquet": parquet(table(labels, file=[f"{n}.jpg" for n in range(80)]))})
    assert "file" not in open_dataset(data(), SMALL).train.groups


def test_text_labels_are_class_names():
    put({"train.parquet": parquet(table(["oak", "ash"] * 6, names=()))})
    assert open_dataset(data(), SMALL).classes == ("ash", "oak")


def test_the_page_tells_the_columns_where_the_file_does_not():
    plain = table([0, 1, 1, 0], image="photo", label="kind").replace_schema_metadata(None)
    page = (
        b"---\nlicense: mit\ndataset_info:\n- config_name: default\n  features:\n"
        b"  - name: photo\n    dtype: image\n  - name: kind\n    dtype:\n      class_label:\n"
        b"        names:\n          '0': ash\n          '1': oak\n---\nTrees\n"
    )
    put({"train.parquet": parquet(plain), "README.md": page})
    assert open_dataset(data(), SMALL).classes == ("ash", "oak")


def test_where_columns_are_unclear_the_lab_asks_and_takes_the_answer():
    plain = table([0, 1, 1, 0], label="kind", other=["a", "b", "a", "b"])
    put({"train.parquet": parquet(plain.replace_schema_metadata(None))})
    with pytest.raises(DataError, match="2 columns could hold the labels") as caught:
        open_dataset(data(), SMALL)
    assert "kind, other" in caught.value.remedy
    assert open_dataset(data(label="other"), SMALL).classes == ("a", "b")
    with pytest.raises(DataError, match="no column 'size'"):
        open_dataset(data(label="size"), SMALL)


def test_hidden_labels_and_damaged_pictures_are_left_out_and_told():
    made = table([0, 1, -1, 0, 1, None])
    rows = made["image"].to_pylist()
    rows[0] = {"bytes": b"no picture", "path": None}
    put({"train.parquet": parquet(made.set_column(0, "image", [rows]))})
    found = open_dataset(data(), SMALL)
    assert found.train.ids.tolist() == ["train/00001", "train/00003", "train/00004"]
    assert any("2 pictures have no label" in note for note in found.notes)
    assert any("train/00000" in note for note in found.notes)


def test_several_parts_have_to_be_told_apart():
    put({f"small/{name}": content for name, content in two_sides().items()}, config="small")
    small = {f"small/{n.removeprefix('data/')}": c for n, c in two_sides(10, 4).items()}
    large = {f"large/{n.removeprefix('data/')}": c for n, c in two_sides(20, 8).items()}
    put(small, config="small")
    put(large, config="large")
    with pytest.raises(DataError, match="offered in 2 parts"):
        open_dataset(data(), SMALL)
    assert len(open_dataset(data(config="large"), SMALL).train) == 20


def test_what_was_never_fetched_whole_is_missing_and_says_how_to_get_it():
    folder = put(two_sides())
    (folder / "data/test-00000-of-00001.parquet").write_bytes(b"PAR1")
    for other in (data(), Data(name="hub", repo=REPO, revision="0" * 40)):
        with pytest.raises(DataMissing, match="not on this machine") as caught:
            open_dataset(other, SMALL)
        assert f"tlcore get {REPO} --revision" in caught.value.remedy


def test_what_was_changed_after_it_came_is_refused():
    folder = put(two_sides())
    path = folder / "data/train-00000-of-00001.parquet"
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="changed or damaged after it was fetched"):
        open_dataset(data(), SMALL)


def test_another_fetch_is_noticed_by_whoever_counted():
    put(two_sides())
    looked = look_through(data())
    assert looked.holds()
    put(two_sides(30), revision="1" * 40)
    assert not looked.holds()


def test_a_cifar_that_was_fetched_is_found_by_its_own_name(tmp_path, monkeypatch):
    monkeypatch.setenv("TL_DATA", str(tmp_path / "nothing"))
    labels: dict[Name, str] = {"cifar10": "label", "cifar100": "fine_label"}
    for name, label in labels.items():
        files = {
            f"plain_text/{side}-00000-of-00001.parquet": parquet(
                table([0, 1, 9], image="img", label=label, side=32)
            )
            for side in ("train", "test")
        }
        put(files, repo=f"uoft-cs/{name}", config="plain_text")
        assert len(open_cifar(name).train) == 3


def test_recipes_name_a_commit_and_leave_old_ids_as_they_were():
    assert Recipe().id == from_fields({}).id
    with pytest.raises(RecipeError, match="40 hex digits"):
        from_fields({"data": {"name": "hub", "repo": REPO, "revision": "main"}})
    with pytest.raises(RecipeError, match="owner/name"):
        from_fields({"data": {"name": "hub", "repo": "../secrets", "revision": COMMIT}})
    with pytest.raises(RecipeError, match="left out unless name is hub"):
        from_fields({"data": {"name": "digits", "label": "kind"}})
    pinned = {"name": "hub", "repo": REPO, "revision": COMMIT, "label": "kind"}
    assert from_fields({"data": pinned}).data.label == "kind"


def test_another_column_or_commit_is_another_data_set():
    made = table([0, 1] * 4, other=["a", "b"] * 4).replace_schema_metadata(None)
    put({"train.parquet": parquet(made)})
    prints = {open_dataset(data(label=c), SMALL).fingerprint for c in ("label", "other")}
    assert len(prints) == 2
    assert np.array_equal(
        open_dataset(data(label="label"), SMALL).train.pixels,
        open_dataset(data(label="other"), SMALL).train.pixels,
    )
