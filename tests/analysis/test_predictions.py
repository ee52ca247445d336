import numpy as np
import pyarrow.parquet as pq
import pytest

from tlcore.analysis.predictions import Predictions
from tlcore.errors import DataError, RunError

ODD_NAMES = ("cat", "<b>dog</b>", 'a "quoted", name', "Rotkehlchen äöü 鳥", "line\nbreak", "")


def make_predictions(n=60, classes=ODD_NAMES, seed=0):
    chance = np.random.default_rng(seed)
    raw = chance.random((n, len(classes)), dtype=np.float32)
    return Predictions(
        ids=np.array([f"picture-{i}" for i in range(n)]),
        labels=chance.integers(0, len(classes), n),
        probabilities=raw / raw.sum(axis=1, keepdims=True),
        classes=classes,
        groups={"cue": np.array(["with", "against"])[chance.integers(0, 2, n)]},
    )


def test_what_was_written_is_read_back_bit_for_bit(tmp_path):
    before = make_predictions()
    before.write(tmp_path / "predictions.parquet")
    after = Predictions.read(tmp_path / "predictions.parquet")
    assert after.classes == before.classes
    assert (after.ids == before.ids).all()
    assert (after.labels == before.labels).all()
    assert after.probabilities.dtype == np.float32
    assert (after.probabilities == before.probabilities).all()
    assert list(after.groups) == ["cue"]
    assert (after.groups["cue"] == before.groups["cue"]).all()


def test_derived_columns_follow_from_the_probabilities():
    table = Predictions(
        ids=np.array(["a", "b"]),
        labels=np.array([1, 0]),
        probabilities=np.array([[0.25, 0.75], [0.0, 1.0]], dtype=np.float32),
        classes=("cat", "dog"),
    )
    assert table.predicted.tolist() == [1, 1]
    assert table.correct.tolist() == [True, False]
    assert table.confidence.tolist() == [0.75, 1.0]
    assert table.loss[0] == pytest.approx(-np.log(0.75))


def test_a_picture_given_no_chance_has_a_large_but_finite_loss():
    table = Predictions(
        np.array(["a"]), np.array([0]), np.array([[0.0, 1.0]], dtype=np.float32), ("cat", "dog")
    )
    assert 20 < table.loss[0] < 100


def test_an_id_that_is_no_unicode_is_written_readably(tmp_path):
    table = make_predictions(n=1, classes=("cat",))
    odd = Predictions(np.array(["photo\udc80.jpg"]), table.labels, table.probabilities, ("cat",))
    odd.write(tmp_path / "p.parquet")
    assert Predictions.read(tmp_path / "p.parquet").ids.tolist() == ["photo\\udc80.jpg"]


def test_an_empty_table_survives_the_disk(tmp_path):
    make_predictions(n=0).write(tmp_path / "p.parquet")
    assert len(Predictions.read(tmp_path / "p.parquet")) == 0


def test_a_file_name_with_an_equals_sign_adds_no_column(tmp_path):
    path = tmp_path / "label=9" / "p.parquet"
    before = make_predictions()
    before.write(path)
    assert (Predictions.read(path).labels == before.labels).all()


BAD = {
    "a label too many": {"labels": np.zeros(4, dtype=np.int64)},
    "a label beyond the classes": {"labels": np.array([0, 1, 2])},
    "a negative label": {"labels": np.array([0, -1, 1])},
    "a class without a column": {"classes": ("cat", "dog", "owl")},
    "probabilities that don't add up": {"probabilities": np.full((3, 2), 0.9, dtype=np.float32)},
    "NaN": {"probabilities": np.full((3, 2), np.nan, dtype=np.float32)},
    "a negative probability": {"probabilities": np.array([[1.5, -0.5]] * 3, dtype=np.float32)},
    "a short group": {"groups": {"cue": np.array(["with"])}},
    "too few ids": {"ids": np.array(["a"])},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_impossible_predictions_are_refused(change):
    good = {
        "ids": np.array(["a", "b", "c"]),
        "labels": np.array([0, 1, 1]),
        "probabilities": np.full((3, 2), 0.5, dtype=np.float32),
        "classes": ("cat", "dog"),
        "groups": {},
    }
    with pytest.raises(DataError, match="can't be right"):
        Predictions(**(good | change))


def test_predictions_that_were_never_saved_are_named_as_such(tmp_path):
    with pytest.raises(RunError, match="never saved"):
        Predictions.read(tmp_path / "predictions.parquet")


def test_a_parquet_file_of_something_else_is_refused(tmp_path):
    import pyarrow as pa

    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "other.parquet")
    with pytest.raises(RunError, match="damaged"):
        Predictions.read(tmp_path / "other.parquet")


def test_however_a_file_is_cut_short_there_is_one_clear_error(tmp_path):
    path = tmp_path / "predictions.parquet"
    make_predictions().write(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(RunError, match="damaged"):
            Predictions.read(path)


def test_a_flipped_bit_in_the_numbers_never_loads_in_silence(tmp_path):
    path = tmp_path / "predictions.parquet"
    before = make_predictions(n=400)
    before.write(path)
    whole = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(whole), 200):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        try:
            after = Predictions.read(path)
        except RunError:
            continue
        assert (after.labels == before.labels).all()
        assert (after.probabilities == before.probabilities).all()
