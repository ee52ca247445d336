from dataclasses import replace

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.analysis.tables import predict_at_random
from tlcore.analysis import decision
from tlcore.analysis.decision import (
    DIFFER,
    RECIPES_DIFFER,
    STAYS,
    TURN,
    spreads_of,
    turns,
    way_of,
)
from tlcore.analysis.predictions import Predictions
from tlcore.recipe import Model, Recipe
from tlcore.schedule import FreezeSchedule

CLASSES = ("no", "yes")


def table(right):
    """A network that calls just these pictures rightly."""
    n = len(right)
    labels = np.zeros(n, np.int64)
    said = np.eye(2, dtype=np.float32)[np.where(right, 0, 1)]
    return Predictions(np.arange(n).astype(str), labels, said, CLASSES)


def decide(first, second, **how):
    """Of networks that saw the same pictures."""
    found = decision.decide(first, second, **how)
    assert found is not None
    return found


def side(chance, difficulty, mean, *, spread, seeds):
    """Networks of one recipe: seeds move how good each is, and pictures are hard for all."""
    tables = []
    for _ in range(seeds):
        goal = np.clip(mean + chance.normal(0, spread), 0.01, 0.99)
        noise = 0.8 * difficulty + 0.6 * chance.normal(size=len(difficulty))
        tables.append(table(noise < stats.norm.ppf(goal)))
    return tables


def share_told(trials, n, *, spread, seeds, apart=0.0, comparisons=1):
    chance, told = np.random.default_rng(11), 0
    for _ in range(trials):
        difficulty = chance.normal(size=n)
        found = decide(
            side(chance, difficulty, 0.8, spread=spread, seeds=seeds),
            side(chance, difficulty, 0.8 + apart, spread=spread, seeds=seeds),
            comparisons=comparisons,
        )
        told += found.told
    return told / trials


def test_equal_recipes_are_told_apart_once_in_twenty_at_most_from_three_seeds_on():
    trials = 80
    limit = stats.binom.ppf(0.99, trials, 0.05) / trials
    for n, spread, seeds in ((100, 0.0, 3), (400, 0.03, 3), (400, 0.03, 5)):
        assert share_told(trials, n, spread=spread, seeds=seeds) <= limit, (n, spread, seeds)


def test_recipes_on_pictures_that_belong_together_are_told_apart_no_more_often():
    """Ten pictures of each of fifty objects, alike within: a group counts as one."""
    trials, told, blind = 60, 0, 0
    chance, belonging = np.random.default_rng(9), np.repeat(np.arange(50), 10)
    for _ in range(trials):
        rights = chance.random((2, 50))[:, belonging] < 0.8
        sides = [[table(right)] * 3 for right in rights]
        grouped = [[replace(each, groups={"group": belonging.astype(str)}) for each in one]
                   for one in sides]  # fmt: skip
        told += decide(*grouped).told
        blind += decide(*sides).told
    assert told / trials <= stats.binom.ppf(0.99, trials, 0.05) / trials < blind / trials


def test_recipes_that_differ_are_told_apart():
    assert share_told(30, 500, spread=0.005, seeds=3, apart=0.1) > 0.8


def test_two_runs_of_one_recipe_differ_as_networks_and_are_never_told_apart_as_recipes():
    assert share_told(40, 1000, spread=0.05, seeds=1) > 0.3
    chance = np.random.default_rng(2)
    difficulty = chance.normal(size=2000)
    first, second = (side(chance, difficulty, mean, spread=0, seeds=1) for mean in (0.76, 0.8))
    found = decide(first, second, ways=("head", "thawed"))
    assert found.told
    assert not found.of_recipes
    assert DIFFER in found.text
    assert TURN in found.text
    assert RECIPES_DIFFER not in found.text
    assert f"{100 * max(spreads_of(['thawed'])):.1f} points here" in found.text
    same = decide(first, second, same=True)
    assert not same.told
    assert DIFFER not in same.text


def test_a_gap_far_beyond_what_seeds_do_is_not_said_to_turn_round():
    right = np.arange(1000)
    low, high = table(right < 150), table(right < 910)
    assert STAYS in decide([low], [high], ways=("scratch", "thawed")).text
    for ways in ((), ("head", "none such")):
        assert TURN in decide([low], [high], ways=ways).text
    close = decide([table(right < 850)], [high], ways=("scratch", "thawed"))
    assert close.told
    assert TURN in close.text


def test_what_seeds_would_hardly_turn_round_they_turn_round_once_in_forty_at_most(monkeypatch):
    trials, chance, wrong = 4000, np.random.default_rng(5), 0
    for gap in (0.0, 0.03, 0.06):
        for _ in range(trials):
            measured = {way: {"a": float(chance.normal(0, sd, 3).std(ddof=1))}
                        for way, sd in (("head", 0.01), ("thawed", 0.02))}  # fmt: skip
            monkeypatch.setattr(decision, "_spreads", lambda measured=measured: measured)
            sd = np.hypot(0.01, 0.02)
            seen, again = gap + chance.normal(0, sd, 2)
            wrong += not turns(float(seen), ("head", "thawed")) and seen * again < 0
    assert wrong / (3 * trials) < 0.025


def test_no_sentence_holds_two_answers():
    """McNemar's figure stands in the sentence only where it says what the interval says."""
    chance, disagreed = np.random.default_rng(4), 0
    for _ in range(150):
        changed = chance.random(60) < 0.3
        better = chance.random(60) < 0.7
        first = np.where(changed, ~better, True)
        second = np.where(changed, better, True)
        found = decide([table(first)], [table(second)])
        assert found.test is not None
        says_so = found.test.p < 0.05
        if changed.any():
            assert ("mid-p" in found.text) == (says_so == found.told)
        assert (DIFFER in found.text) == (found.gained.low > 0 or found.gained.high < 0)
        disagreed += says_so != found.told
    assert disagreed / 150 < 0.05


def test_where_several_are_held_against_the_first_each_interval_pays_for_all():
    labels = np.arange(300) % 4
    first, second = ([predict_at_random(300, 4, labels=labels, seed=seed)] for seed in (1, 2))
    alone, of_five = decide(first, second), decide(first, second, comparisons=5)
    assert of_five.gained.low < alone.gained.low
    assert of_five.gained.value == alone.gained.value


def test_what_is_plain_does_not_cost_the_rest():
    """Holm's steps: as statsmodels rejects."""
    chance, n = np.random.default_rng(3), 1000
    first, steps = table(chance.random(n) < 0.6), 0
    for _ in range(20):
        rights = [np.where(chance.random(n) < 0.08, chance.random(n) < 0.55 + more, first.correct)
                  for more in (0.4, 0.16, 0.16, 0.0)]  # fmt: skip
        each = [lambda among, right=right: decide([first], [table(right)], comparisons=among)
                for right in rights]  # fmt: skip
        found = [f for f in decision.step_down(each) if f]
        assert len(found) == len(each)
        z = [(f.gained.low + f.gained.high) / (f.gained.high - f.gained.low) for f in
             (one(1) for one in each)]  # fmt: skip
        p = 2 * stats.norm.sf(1.959964 * np.abs(z))
        assert [f.told for f in found] == multipletests(p, method="holm")[0].tolist()
        steps += sum(f.told for f in found) - sum(one(len(each)).told for one in each)
    assert steps > 0, "else Bonferroni would have done"
    assert decision.step_down([]) == ()
    assert decision.step_down([lambda among: None, *each])[0] is None


def test_networks_that_saw_other_pictures_are_not_decided():
    assert decision.decide([table([True] * 5)], [table([True] * 6)]) is None


def test_recipes_learn_in_one_of_three_ways():
    assert way_of(Recipe()) == "head"
    assert way_of(Recipe(schedule=FreezeSchedule(preset="full"))) == "thawed"
    scratch = Recipe(
        model=Model(backbone="scratch-c", weights="none"), schedule=FreezeSchedule(preset="full")
    )
    assert way_of(scratch) == "scratch"


def test_the_spread_of_every_way_was_measured_by_the_lab_itself():
    for way in ("head", "thawed", "scratch"):
        assert spreads_of([way])
        assert all(0 < each < 0.2 for each in spreads_of([way]))
    assert spreads_of(["none such"]) == ()
