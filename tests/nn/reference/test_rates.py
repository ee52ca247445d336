"""Learning rates against torch's own schedulers, step by step."""

import math
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from tlcore.schedule.rates import RateSchedule, Shape

EPOCHS, STEPS = 12, 10

TORCHS: dict[str, tuple[dict[str, Any], Any]] = {
    "constant": ({}, lambda o: lr_scheduler.ConstantLR(o, 1.0)),
    "step": ({"every": 3, "gamma": 0.5}, lambda o: lr_scheduler.StepLR(o, 3, 0.5)),
    "steps at": (
        {"name": "step", "at": [2, 7], "gamma": 0.2},
        lambda o: lr_scheduler.MultiStepLR(o, [2, 7], 0.2),
    ),
    "exponential": ({"gamma": 0.9}, lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "cosine": ({"floor": 0.1}, lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS, 0.1)),
}


def _by_torch(make):
    """The rate of each epoch, of an optimiser whose full rate is 1."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimiser)
    for _ in range(EPOCHS):
        yield optimiser.param_groups[0]["lr"]
        optimiser.step()
        schedule.step()


def _ours(dials):
    schedule = RateSchedule(**dials)
    return [schedule.factor(epoch, EPOCHS) for epoch in range(EPOCHS)]


def test_every_shape_has_its_reference():
    of_their_own = {"constant-then-exponential", "one-cycle", "plateau"}
    named = {dials.get("name", name) for name, (dials, _) in TORCHS.items()}
    assert named | of_their_own == set(get_args(Shape))


def test_schedules_are_torch_s_own(held):
    for name, (dials, make) in TORCHS.items():
        apart = np.abs(np.subtract(_ours({"name": name, **dials}), [*_by_torch(make)])).max()
        held(f"rate schedule {name}", apart, 1e-12)


def test_constant_then_exponential_is_keras_s_loop(held):
    """`lr if epoch < hold else lr * gamma`, told at each epoch and carried on."""
    rate, wanted = 1.0, []
    for epoch in range(EPOCHS):
        rate = rate if epoch < 3 else rate * 0.9
        wanted.append(rate)
    found = _ours({"name": "constant-then-exponential", "hold": 3, "gamma": 0.9})
    held("rate schedule constant-then-exponential", np.abs(np.subtract(found, wanted)).max(), 1e-12)


def test_one_cycle_is_torch_s_but_for_the_place_of_its_peak(held):
    """torch counts steps from 0 to n - 1, here time goes on to n: a step later at the peak."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    dials: dict[str, Any] = {"pct_start": 0.3, "div_factor": 25, "cycle_momentum": False}
    schedule = lr_scheduler.OneCycleLR(optimiser, 1.0, total_steps=EPOCHS * STEPS, **dials)
    ours, apart = RateSchedule(name="one-cycle"), []
    for step in range(EPOCHS * STEPS):
        rate = optimiser.param_groups[0]["lr"]
        apart.append(abs(ours.factor(step / STEPS, EPOCHS) - rate))
        optimiser.step()
        if step + 1 < EPOCHS * STEPS:
            schedule.step()
    held("rate schedule one-cycle", max(apart), 0.05)


def test_a_plateau_is_keras_s(held):
    """Keras waits `patience` epochs where torch waits one more."""
    losses = [3, 2, 2.5, 2.5, 1.5, 1.6, 1.7, 1.8, 1.9, 1.4, 1.4, 1.4]
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = lr_scheduler.ReduceLROnPlateau(optimiser, "min", 0.5, 2 - 1, threshold=0)
    ours, apart = RateSchedule(name="plateau", patience=2, gamma=0.5), []
    for epoch, loss in enumerate(losses):
        apart.append(abs(ours.factor(epoch, 99, losses[:epoch]) - optimiser.param_groups[0]["lr"]))
        schedule.step(loss)
    held("rate schedule plateau", max(apart), 0.0)


@pytest.mark.parametrize(
    "name", ["constant", "step", "exponential", "constant-then-exponential", "cosine", "plateau"]
)
def test_after_a_warm_up_every_schedule_begins_at_the_full_rate(name, held):
    """And then goes as it would have gone without one, in an epoch's time that much later."""
    dials = {"name": name, "gamma": 0.5, "every": 2, "hold": 1, "patience": 2}
    losses = [1.0] * EPOCHS
    warm, plain = RateSchedule(**dials, warmup=3), RateSchedule(**dials)
    climb = [warm.factor(epoch, EPOCHS) for epoch in (0, 1, 2, 3)]
    held(f"warm-up of {name}", np.abs(np.subtract(climb, [0.01, 1 / 3, 2 / 3, 1])).max(), 1e-12)
    later = [warm.factor(3 + epoch, EPOCHS, losses[: 3 + epoch]) for epoch in range(9)]
    before = [plain.factor(epoch, EPOCHS - 3, losses[:epoch]) for epoch in range(9)]
    held(f"after the warm-up of {name}", np.abs(np.subtract(later, before)).max(), 1e-12)


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_phase_that_is_shorter_than_its_warm_up_still_comes_to_the_full_rate(epochs):
    schedule = RateSchedule(warmup=2)
    found = [schedule.factor(step / STEPS, epochs) for step in range(epochs * STEPS)]
    assert found[0] == 0.01
    assert math.isclose(max(found), 1.0)
    assert found.count(1.0) >= epochs * STEPS // 2
