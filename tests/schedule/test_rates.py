import math
from typing import get_args

import pytest

from tlcore.schedule.rates import RateSchedule, Shape


def _factors(epochs: int, **dials: object) -> list[float]:
    schedule = RateSchedule(**dials)  # type: ignore[arg-type]
    return [round(schedule.factor(epoch, epochs), 4) for epoch in range(epochs)]


@pytest.mark.parametrize(
    ("dials", "factors"),
    [
        ({"name": "constant"}, [1, 1, 1, 1, 1, 1]),
        ({"name": "step", "every": 2}, [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ({"name": "step", "at": [1, 4], "gamma": 0.5}, [1, 0.5, 0.5, 0.5, 0.25, 0.25]),
        ({"name": "exponential", "gamma": 0.5}, [1, 0.5, 0.25, 0.125, 0.0625, 0.0312]),
        (
            {"name": "constant-then-exponential", "gamma": 0.5, "hold": 3},
            [1, 1, 1, 0.5, 0.25, 0.125],
        ),
        ({"name": "cosine"}, [1, 0.933, 0.75, 0.5, 0.25, 0.067]),
        ({"name": "cosine", "warmup": 2, "floor": 0.5}, [0.01, 0.5, 1, 0.9268, 0.75, 0.5732]),
        ({"name": "one-cycle", "rise": 0.5}, [0.04, 0.28, 0.76, 1, 0.75, 0.25]),
        ({"name": "plateau"}, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_each_shape_goes_where_its_name_says(dials, factors):
    assert _factors(6, **dials) == factors


def test_report_c_holds_and_then_decays_without_a_jump():
    schedule = RateSchedule(name="constant-then-exponential", hold=2, gamma=0.9)
    assert [schedule.factor(epoch, 6) for epoch in (0, 1, 2, 3)] == [1, 1, 0.9, 0.9**2]


def test_a_warm_up_of_half_an_epoch_climbs_within_it():
    schedule = RateSchedule(warmup=0.5)
    assert [schedule.factor(epoch, 5) for epoch in (0, 0.25, 0.5)] == [0.01, 0.5, 1]


@pytest.mark.parametrize(
    ("losses", "factor"),
    [
        ([], 1),
        ([3, 2, 1], 1),
        ([1, 1], 1),
        ([1, 2, 2], 0.5),
        ([1, 2, 2, 2], 0.5),
        ([1, 2, 2, 2, 2], 0.25),
        ([1, 2, 0.5, 2], 1),
        ([1, 2, 0.5, 2, 2], 0.5),
        ([math.nan, math.nan], 0.5),
    ],
)
def test_a_plateau_lowers_the_rate_after_each_spell_without_improvement(losses, factor):
    schedule = RateSchedule(name="plateau", patience=2, gamma=0.5)
    assert schedule.factor(len(losses), 10, losses) == factor


@pytest.mark.parametrize("name", get_args(Shape))
def test_the_rate_never_leaves_0_to_1_not_even_after_the_end(name):
    schedule = RateSchedule(name=name)
    factors = [schedule.factor(step / 10, 7, [1.0] * (step // 10)) for step in range(100)]
    assert all(0 <= factor <= 1 for factor in factors)


@pytest.mark.parametrize("name", get_args(Shape))
def test_a_run_of_one_epoch_has_a_rate(name):
    assert 0 < RateSchedule(name=name).factor(0, 1) <= 1
