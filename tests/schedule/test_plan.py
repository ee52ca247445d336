from typing import get_args

import pytest

from tests.outlines import BLOCKS, FIVE_BLOCKS, WIDTHS
from tlcore.errors import RecipeError
from tlcore.schedule import FreezeSchedule, Phase, Preset
from tlcore.schedule.outline import HEAD
from tlcore.schedule.plan import Plan

HEAD_SIZE = 70
HEAD_NAMES = {"fc.weight", "fc.bias"}
PRESETS = [name for name in get_args(Preset) if name != "custom"]


def _plan(preset: str, epochs: int = 6, **dials: object) -> Plan:
    return Plan(FreezeSchedule(preset=preset, **dials), FIVE_BLOCKS, epochs)  # type: ignore[arg-type]


def _size(*blocks: str) -> int:
    return sum(12 * WIDTHS[block] for block in blocks)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_head_always_trains(preset):
    for thaw in _plan(preset).thaws:
        assert thaw.trainable >= HEAD_NAMES


@pytest.mark.parametrize("preset", PRESETS)
def test_phases_follow_each_other_without_a_gap(preset):
    thaws = _plan(preset).thaws
    ends = [thaw.start + thaw.epochs for thaw in thaws]
    assert [thaw.start for thaw in thaws] == [0, *ends[:-1]]
    assert ends[-1] == 6


@pytest.mark.parametrize("preset", PRESETS)
def test_the_state_follows_from_the_epoch_alone(preset):
    """What a resumed run asks a new plan is what the interrupted one would have got."""
    plan = _plan(preset)
    in_order = [plan.at(epoch) for epoch in range(6)]
    assert [_plan(preset).at(epoch) for epoch in reversed(range(6))] == in_order[::-1]


@pytest.mark.parametrize(
    ("preset", "dials", "trainable"),
    [
        ("head-only", {}, [HEAD_SIZE]),
        ("last-blocks", {"count": 2}, [HEAD_SIZE + _size("layer3", "layer4")]),
        ("first-blocks-frozen", {"count": 4}, [HEAD_SIZE + _size("layer4")]),
        ("first-layers-frozen", {"count": 2}, [HEAD_SIZE + _size(*BLOCKS[1:])]),
        ("last-layers", {"count": 1}, [HEAD_SIZE + 12]),
        ("full", {}, [HEAD_SIZE + _size(*BLOCKS)]),
        ("lp-ft", {}, [HEAD_SIZE, HEAD_SIZE + _size(*BLOCKS)]),
        ("two-phase", {"count": 2}, [HEAD_SIZE, HEAD_SIZE + _size("layer4")]),
        ("fine-tune", {}, [HEAD_SIZE, HEAD_SIZE + _size(*BLOCKS)]),
        ("gradual", {}, [HEAD_SIZE + _size(*BLOCKS[5 - step :]) for step in range(6)]),
        ("layer-decay", {}, [HEAD_SIZE + _size(*BLOCKS)]),
        ("surgical", {"where": "first"}, [HEAD_SIZE + _size("stem")]),
        ("surgical", {"where": "middle"}, [HEAD_SIZE + _size("layer2")]),
        ("surgical", {"where": "last"}, [HEAD_SIZE + _size("layer4")]),
        ("norm-bias", {}, [HEAD_SIZE + 2 * sum(WIDTHS.values())]),
    ],
)
def test_parameters_are_counted_before_anything_runs(preset, dials, trainable):
    counts = _plan(preset, **dials).counts()
    assert [count.trainable for count in counts] == trainable
    assert {count.total for count in counts} == {FIVE_BLOCKS.size}


@pytest.mark.parametrize(
    ("preset", "dials", "boundaries"),
    [
        ("head-only", {}, [5]),
        ("last-blocks", {"count": 2}, [3]),
        ("last-layers", {"count": 3}, [3]),
        ("last-layers", {"count": 1}, [4]),
        ("first-layers-frozen", {"count": 1}, [0]),
        ("full", {}, [0]),
        ("lp-ft", {}, [5, 0]),
        ("surgical", {"where": "middle"}, [2]),
        ("surgical", {"where": "first"}, [0]),
        ("norm-bias", {}, [0]),
        ("gradual", {}, [5, 4, 3, 2, 1, 0]),
    ],
)
def test_only_wholly_frozen_leading_blocks_lie_before_the_boundary(preset, dials, boundaries):
    assert [thaw.boundary for thaw in _plan(preset, **dials).thaws] == boundaries


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_before_the_boundary_trains(preset):
    for thaw in _plan(preset).thaws:
        frozen = BLOCKS[: thaw.boundary]
        assert not [name for name in thaw.trainable if name.split(".")[0] in frozen]


def test_each_block_below_the_head_learns_at_decay_times_the_next_ones_rate():
    [thaw] = _plan("layer-decay", decay=0.5).thaws
    assert thaw.rates == {
        HEAD: 1.0,
        "layer4": 0.5,
        "layer3": 0.25,
        "layer2": 0.125,
        "layer1": 0.0625,
        "stem": 0.03125,
    }


def test_without_decay_all_blocks_learn_at_the_phase_s_rate():
    _, rest = _plan("lp-ft", rate=0.2).thaws
    assert set(rest.rates.values()) == {0.2}
    assert set(rest.rates) == {HEAD, *BLOCKS}


@pytest.mark.parametrize(
    ("phases", "spans"),
    [
        ([(2, False), (4, False)], [(0, 6), (0, 6)]),
        ([(2, False), (4, True)], [(0, 2), (2, 4)]),
        ([(2, True), (4, True)], [(0, 2), (2, 4)]),
        ([(1, False), (2, True), (3, False)], [(0, 1), (1, 5), (1, 5)]),
        ([(1, False), (2, False), (3, True)], [(0, 3), (0, 3), (3, 3)]),
    ],
)
def test_a_restart_begins_the_rate_schedule_anew_and_spans_to_the_next(phases, spans):
    custom = tuple(Phase(epochs=epochs, restart=restart) for epochs, restart in phases)
    plan = _plan("custom", phases=custom)
    assert [(thaw.rate_start, thaw.rate_epochs) for thaw in plan.thaws] == spans


def test_a_phase_begins_at_its_first_epoch_and_not_before():
    plan = _plan("two-phase", epochs=5, head_epochs=2, count=2)
    assert [plan.at(epoch).phase for epoch in range(5)] == [0, 0, 1, 1, 1]


def test_the_batchnorm_policy_is_the_schedule_s():
    assert {thaw.batchnorm for thaw in _plan("lp-ft", batchnorm="adapted").thaws} == {"adapted"}


def test_a_backbone_with_too_few_blocks_is_told_before_anything_runs():
    with pytest.raises(RecipeError, match="only 5 blocks"):
        _plan("last-blocks", count=6).counts()
