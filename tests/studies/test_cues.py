"""The cue lab: worlds whose cue misleads, and networks that are caught going by it."""

from functools import partial

import numpy as np
import pytest

from tlcore.analysis.seeds import over_runs
from tlcore.data.drawn.world import class_names, draw
from tlcore.errors import DataError
from tlcore.recipe import Shapes
from tlcore.runs.limits import refuse_foreign
from tlcore.studies.cues import (
    MITIGATIONS,
    SHARES,
    SYSTEMS,
    Way,
    against,
    describe,
    draw_twins,
    over_seeds,
    recipe_for,
    report_on,
)

WORLD = Shapes(cue="colour", cue_share=0.9, per_class=2, test_per_class=6)
NAMES = class_names(WORLD)


@pytest.fixture(scope="module")
def twins():
    return draw_twins(WORLD)


def answers(labels):
    return np.eye(len(NAMES), dtype=np.float32)[labels]


def _always(answered, pixels):
    return answered


def cues(pictures):
    return np.array([NAMES.index(name) for name in pictures.groups["cue_value"].tolist()])


@pytest.mark.parametrize("cue", ["colour", "background"])
def test_every_recipe_of_the_lab_is_one_of_its_own_and_may_run_anywhere(cue):
    recipes = [recipe_for(system, cue, share) for system in SYSTEMS for share in SHARES]
    assert len({recipe.id for recipe in recipes}) == len(SYSTEMS) * len(SHARES)
    for recipe in recipes:
        refuse_foreign(recipe)
        assert recipe.data.shapes.test_cue_share == recipe.data.shapes.cue_share


def test_every_remedy_makes_another_run_of_every_way_to_learn():
    ways = [Way(system, remedy) for system in SYSTEMS for remedy in (None, *MITIGATIONS)]
    assert len({way.recipe("colour", 0.95).id for way in ways}) == len(ways)
    assert len(set(ways)) == len(ways)
    assert len({way.name for way in ways}) == len({way.title for way in ways}) == len(ways)


def test_twins_differ_in_nothing_but_their_cue(twins):
    assert (twins.own.ids == twins.other.ids).all()
    assert (twins.own.labels == twins.other.labels).all()
    assert set(twins.own.groups["cue"]) == {"aligned"}
    assert set(twins.other.groups["cue"]) == {"conflicting"}
    for label, name in enumerate(NAMES):
        with_this_cue = draw(WORLD, "test", cue=name).pixels
        own, other = twins.own.labels == label, cues(twins.other) == label
        assert (twins.own.pixels[own] == with_this_cue[own]).all()
        assert (twins.other.pixels[other] == with_this_cue[other]).all()


def test_twins_of_a_large_test_set_are_its_first_pictures_as_they_are():
    few, many = (draw_twins(WORLD, most=most) for most in (30, 60))
    assert len(few.own) == 30
    place = [many.own.ids.tolist().index(name) for name in few.own.ids]
    assert (few.own.pixels == many.own.pixels[place]).all()


def test_pictures_without_a_cue_have_no_twins():
    with pytest.raises(DataError, match="no cue"):
        draw_twins(Shapes())


def test_a_network_that_goes_by_the_shape_is_cleared(twins):
    report = report_on(twins, NAMES, 0.9, lambda pixels: answers(np.tile(twins.own.labels, 2)))
    assert (report.flips.value, report.follows.value) == (0, 0)
    assert (report.overall.value, report.conflicting.value) == (1, 1)


def test_a_network_that_goes_by_the_cue_is_caught_though_it_looks_good(twins):
    says = np.concatenate([cues(twins.own), cues(twins.other)])
    report = report_on(twins, NAMES, 0.9, lambda pixels: answers(says))
    assert (report.flips.value, report.follows.value) == (1, 1)
    assert (report.aligned.value, report.conflicting.value) == (1, 0)
    assert report.overall.value == pytest.approx(0.9)
    words = describe(report, "from scratch")
    assert words.startswith("From scratch: right of 90 % [")
    assert "of which 90 % carry the cue" in words
    assert "0 % [0, 6] where the cue misleads" in words


def test_the_network_is_shown_both_twins_of_every_pair(twins):
    asked = []

    def ask(pixels):
        asked.append(pixels)
        return answers(np.zeros(len(pixels), int))

    report_on(twins, NAMES, 0.9, ask)
    assert (asked[0] == np.concatenate([twins.own.pixels, twins.other.pixels])).all()


def test_from_three_seeds_on_it_is_about_the_recipe(twins):
    """As over_runs of every part; before that, of these networks."""
    chance = np.random.default_rng(0)
    labels = np.tile(twins.own.labels, 2)
    networks = []
    for right in (0.5, 0.7, 0.9):
        says = np.where(chance.random(len(labels)) < right, labels, (labels + 1) % len(NAMES))
        answered = answers(says)
        networks.append(report_on(twins, NAMES, 0.9, partial(_always, answered)))
    every, two = over_seeds(networks), over_seeds(networks[:2])
    assert every.conflicting == over_runs([each.conflicting for each in networks])
    assert every.conflicting.high - every.conflicting.low > 0.5
    assert "Means of 3 seeds: the intervals are about the recipe." in describe(every, "tuned")
    assert "2 networks: another seed may move all this further." in describe(two, "tuned")


def test_ways_are_held_against_the_first_by_the_one_function_where_the_cue_misleads(twins):
    by_shape = report_on(twins, NAMES, 0.9, lambda pixels: answers(np.tile(twins.own.labels, 2)))
    says = np.concatenate([cues(twins.own), cues(twins.other)])
    by_cue = report_on(twins, NAMES, 0.9, lambda pixels: answers(says))
    [networks] = against([by_cue], [[by_shape]], ("scratch", "head"))
    assert networks
    assert networks.told
    assert not networks.of_recipes
    [recipes] = against([by_cue] * 3, [[by_shape] * 3], ("scratch", "head"))
    assert recipes
    assert recipes.of_recipes
    assert recipes.gained.value == 1
    assert against([by_cue], [], ("scratch",)) == ()
