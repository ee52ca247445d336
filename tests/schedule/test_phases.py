from itertools import product
from typing import get_args

import pytest

from tlcore.schedule import FreezeSchedule, Phase, Preset
from tlcore.schedule.selection import parse_scope

PRESETS = [name for name in get_args(Preset) if name != "custom"]


def _schedule(preset: str, **dials: object) -> FreezeSchedule:
    return FreezeSchedule(preset=preset, **dials)  # type: ignore[arg-type]


def _lengths(schedule: FreezeSchedule, epochs: int, blocks: int = 5) -> list[int | None]:
    return [phase.epochs for phase in schedule.phases_for(epochs, blocks)]


def test_the_phases_of_every_preset_fill_the_run(subtests):
    for preset, epochs, blocks in product(PRESETS, (2, 3, 5, 6, 7, 50), (1, 2, 5, 13)):
        with subtests.test(preset=preset, epochs=epochs, blocks=blocks):
            phases = _schedule(preset).phases_for(epochs, blocks)
            assert sum(phase.epochs or 0 for phase in phases) == epochs
            assert all(phase.epochs for phase in phases)
            for phase in phases:
                parse_scope(phase.thaw)


@pytest.mark.parametrize(
    ("schedule", "thawed"),
    [
        (_schedule("head-only"), ["head"]),
        (_schedule("last-blocks", count=2), ["last 2 blocks"]),
        (_schedule("first-blocks-frozen", count=3), ["all but first 3 blocks"]),
        (_schedule("first-layers-frozen", count=10), ["all but first 10 layers"]),
        (_schedule("last-layers", count=61), ["last 61 layers"]),
        (_schedule("full"), ["all"]),
        (_schedule("lp-ft"), ["head", "all"]),
        (_schedule("two-phase", count=4), ["head", "last 4 layers"]),
        (_schedule("fine-tune"), ["head", "all"]),
        (_schedule("layer-decay"), ["all"]),
        (_schedule("surgical", where="middle"), ["middle block only"]),
        (_schedule("norm-bias"), ["norm and bias"]),
        (
            _schedule("gradual"),
            ["head", "last 1 blocks", "last 2 blocks", "last 3 blocks", "last 4 blocks", "all"],
        ),
    ],
)
def test_every_preset_thaws_what_its_name_says(schedule, thawed):
    assert [phase.thaw for phase in schedule.phases_for(epochs=12, blocks=5)] == thawed


def test_this_list_of_presets_is_complete():
    """The test above must know every preset there is."""
    assert len(PRESETS) == 13


def test_two_phases_split_the_run_where_the_head_has_had_its_epochs():
    assert _lengths(_schedule("two-phase", head_epochs=10), epochs=20) == [10, 10]
    assert _lengths(_schedule("lp-ft"), epochs=5) == [1, 4]


def test_only_the_second_of_two_phases_restarts_the_rate_and_lowers_it():
    head, rest = _schedule("lp-ft", rate=0.05).phases_for(5, 5)
    assert (head.restart, rest.restart) == (False, True)
    assert (head.rate, rest.rate) == (1.0, 0.05)


def test_gradual_spends_the_remainder_on_the_last_phase():
    assert _lengths(_schedule("gradual"), epochs=14) == [2, 2, 2, 2, 2, 4]


def test_gradual_with_too_few_epochs_skips_the_first_phases_and_still_ends_with_all():
    phases = _schedule("gradual").phases_for(epochs=2, blocks=5)
    assert [phase.thaw for phase in phases] == ["last 4 blocks", "all"]


def test_fine_tune_spreads_the_rate_from_head_to_first_block():
    _, rest = _schedule("fine-tune", spread=100.0).phases_for(epochs=4, blocks=5)
    assert rest.rate * rest.decay**5 == pytest.approx(rest.rate / 100)


def test_a_custom_schedule_is_its_own_phases_with_the_rest_for_the_last():
    phases = (Phase(epochs=2), Phase(thaw="all", rate=0.1))
    custom = FreezeSchedule(preset="custom", phases=phases)
    assert custom.phases_for(7, 5) == (Phase(epochs=2), Phase(thaw="all", rate=0.1, epochs=5))


def test_a_draft_whose_phases_do_not_fit_is_cut_or_stretched_to_be_drawn():
    custom = FreezeSchedule(preset="custom", phases=(Phase(epochs=2), Phase(epochs=2)))
    assert _lengths(custom, epochs=3) == [2, 1]
    assert _lengths(custom, epochs=1) == [1]
    assert _lengths(custom, epochs=9) == [2, 7]
