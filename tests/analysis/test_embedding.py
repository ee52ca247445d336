"""Maps of features: their components, how well classes are parted in them, and the file."""

import math

import numpy as np
import pytest

from tlcore.analysis.embedding import (
    COMPONENTS,
    Cloud,
    Embedding,
    by_chance,
    choose_rows,
    gained,
    mean_purity,
    project,
    purity,
    unfold,
)
from tlcore.errors import RunError

CHANCE = np.random.default_rng(0)
LABELS = np.arange(90) % 3
FEATURES = (CHANCE.normal(size=(90, 12)) * np.linspace(3, 0.1, 12) + LABELS[:, None]).astype(
    np.float32
)


@pytest.mark.parametrize("shape", [(90, 12), (20, 200), (60, 60)])
def test_components_are_those_of_scikit_learn_but_for_their_direction(shape):
    from sklearn.decomposition import PCA

    features = np.random.default_rng(1).normal(size=shape) * np.linspace(4, 1, shape[1]).astype(
        np.float32
    )
    kept = min(COMPONENTS, min(shape))
    theirs = PCA(kept, svd_solver="full")
    points = theirs.fit_transform(features.astype(np.float64))
    ours = project(features)
    kept = min(kept, shape[0] - 1)  # the last one of few pictures has no variance and any direction
    signs = np.sign((ours.components[:, :kept] * points[:, :kept]).sum(axis=0))
    assert np.allclose(ours.components[:, :kept] * signs, points[:, :kept], atol=1e-3)
    assert np.allclose(ours.explained, theirs.explained_variance_ratio_, atol=1e-6)


def test_the_same_features_lie_the_same_way_every_time():
    again = project(FEATURES.copy())
    assert np.array_equal(project(FEATURES).components, again.components)


def test_one_feature_and_features_that_never_vary_can_be_drawn():
    assert project(FEATURES[:, :1]).flat.shape == (90, 2)
    flat = project(np.ones((5, 7), np.float32))
    assert np.abs(flat.flat).max() < 1e-6
    assert all(math.isfinite(share) for share in flat.explained)


@pytest.mark.parametrize("neighbours", [1, 5, 10])
def test_purity_is_what_scikit_learns_neighbours_say(neighbours):
    from sklearn.neighbors import NearestNeighbors

    cloud = project(FEATURES)
    search = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(cloud.components)
    nearest = search.kneighbors(return_distance=False)
    expected = (LABELS[nearest] == LABELS[:, None]).mean(axis=1)
    found = purity(cloud.components, LABELS, neighbours=neighbours)
    assert np.allclose(found, expected)
    interval = mean_purity(found)
    assert interval.value == pytest.approx(expected.mean())
    assert interval.low < interval.value < interval.high <= 1


def test_purity_goes_through_many_pictures_a_part_at_a_time(monkeypatch):
    whole = purity(FEATURES, LABELS)
    monkeypatch.setattr("tlcore.analysis.embedding._AT_ONCE", 7)
    assert np.array_equal(purity(FEATURES, LABELS), whole)


def test_classes_that_lie_apart_are_pure_and_shuffled_ones_are_as_by_chance():
    apart = (FEATURES + 100 * LABELS[:, None]).astype(np.float32)
    assert purity(apart, LABELS).mean() == 1
    many = np.arange(600) % 3
    scattered = CHANCE.normal(size=(600, 5)).astype(np.float32)
    found = mean_purity(purity(scattered, many))
    assert found.low < by_chance(many) < found.high


def test_a_gain_is_paired_picture_by_picture():
    before = CHANCE.random(200)
    after = before + 0.1
    found = gained(before, after)
    assert found.value == pytest.approx(0.1)
    assert 0.08 < found.low < 0.1 < found.high < 0.12  # what else may come is never certain
    assert gained(after, before).high < 0


def test_of_few_pictures_all_others_are_neighbours():
    assert purity(FEATURES[:3], np.array([0, 0, 1])).tolist() == [0.5, 0.5, 0]


def test_t_sne_keeps_classes_that_lie_apart_together_and_is_the_same_every_time():
    apart = project((FEATURES + 30 * LABELS[:, None]).astype(np.float32)).components
    drawn = unfold(apart)
    assert drawn.shape == (90, 2)
    assert purity(drawn, LABELS, neighbours=5).mean() > 0.95
    assert np.array_equal(drawn, unfold(apart))
    assert unfold(apart[:3]).shape == (3, 2)


def test_an_even_part_of_many_rows_is_chosen():
    rows = choose_rows(10_000, most=2000)
    assert (len(rows), rows[0], rows[-1]) == (2000, 0, 9999)
    assert np.diff(rows).max() - np.diff(rows).min() <= 1
    assert choose_rows(5, most=2000).tolist() == [0, 1, 2, 3, 4]


def saved(path, **changes):
    fields = {
        "rows": np.arange(90),
        "after": project(FEATURES),
        "before": project(FEATURES[:, ::2]),
        "network": "best-3.safetensors",
    }
    embedding = Embedding(**{**fields, **changes})
    embedding.write(path)
    return embedding


@pytest.mark.parametrize("changes", [{}, {"before": None, "why_not": "<b>gone</b> 🦊"}])
def test_a_map_is_read_as_it_was_written(tmp_path, changes):
    path = tmp_path / "map.parquet"
    kept = saved(path, **changes)
    found = Embedding.read(path)
    assert np.array_equal(found.rows, kept.rows)
    assert (found.network, found.why_not) == (kept.network, kept.why_not)
    for ours, theirs in ((kept.after, found.after), (kept.before, found.before)):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            assert np.array_equal(ours.components, theirs.components)
            assert ours.explained == theirs.explained


def test_whatever_is_wrong_with_the_file_is_one_error_in_words(tmp_path):
    path = tmp_path / "map.parquet"
    saved(path)
    content = path.read_bytes()
    broken = bytearray(content)
    broken[len(broken) // 3] ^= 0xFF
    for each in (b"", b"PAR1", content[: len(content) // 2], bytes(broken)):
        path.write_bytes(each)
        with pytest.raises(RunError, match="damaged"):
            Embedding.read(path)
    with pytest.raises(RunError, match="damaged"):
        Embedding.read(tmp_path / "none.parquet")


def test_points_that_lie_nowhere_are_refused(tmp_path):
    path = tmp_path / "map.parquet"
    nowhere = np.full((90, 2), np.nan, np.float32)
    saved(path, after=Cloud(nowhere, (0.5, 0.5)))
    with pytest.raises(RunError, match="nowhere"):
        Embedding.read(path)


def test_pictures_that_belong_together_are_worth_less_on_a_map():
    before = np.repeat(np.random.default_rng(4).random(40), 10)
    after, belonging = before * 0.5 + 0.4, np.arange(400) // 10
    for alone, together in (
        (mean_purity(before), mean_purity(before, belonging)),
        (gained(before, after), gained(before, after, belonging)),
    ):
        assert together.value == alone.value
        assert together.high - together.low > 2 * (alone.high - alone.low)
