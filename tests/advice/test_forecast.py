"""What a run will take: more where more is done, corrected by what was measured, never surer."""

from dataclasses import replace
from importlib import import_module

import pytest

from tlcore.advice.forecast import (
    MOST_ON_DISK,
    SHARE_OF_DISK,
    SHARE_OF_MEMORY,
    Sample,
    forecast,
    pace_of,
    samples_of,
)
from tlcore.catalog import CARDS
from tlcore.data.counts import Counts
from tlcore.recipe import Augmentation, Input, Model, Recipe, presets
from tlcore.schedule import FreezeSchedule

COUNTS = Counts(classes=10, train=800, validation=200, test=1000)
PLENTY = 64e9


def told(recipe, counts=COUNTS, **how):
    found = forecast(recipe, counts, **{"memory": PLENTY, "disk": PLENTY, "load": 0.0, **how})
    assert found
    return found


def recipe(preset="head-only", epochs=10, **fields):
    return Recipe(schedule=FreezeSchedule(preset=preset), epochs=epochs, **fields)


def sample(slower, backbone="pebble-shapes", size=32, boundary=4, kept=True, device="cpu"):
    return Sample(backbone, size, boundary, kept, device, slower)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_curated_backbone_has_a_forecast(card):
    model = Model(backbone=card.name, weights="none")
    found = told(Recipe(model=model, schedule=FreezeSchedule(preset="full"), epochs=1))
    assert 0 < found.seconds.low < found.seconds.value < found.seconds.high
    assert 0 < found.bytes.low < found.bytes.value < found.bytes.high


def test_of_other_backbones_nothing_is_foretold():
    assert forecast(Recipe(model=Model(backbone="regnetx_002")), COUNTS) is None


def test_the_more_thaws_the_longer_it_takes_and_the_more_memory():
    orders = ("head-only", "last-blocks", "full")
    found = [told(recipe(preset)) for preset in orders]
    seconds = [each.seconds.value for each in found]
    assert seconds == sorted(seconds)
    assert seconds[2] > 3 * seconds[0]
    assert found[0].bytes.value < found[2].bytes.value


def test_frozen_blocks_are_computed_once_unless_something_keeps_them_from_it():
    plain = told(recipe()).phases[0]
    assert (plain.kept, plain.why_not) == (True, "")
    adapted = FreezeSchedule(batchnorm="adapted")
    for other, how, why in (
        (recipe(augmentation=Augmentation(flip=True)), {}, "augmented"),
        (Recipe(schedule=adapted, epochs=10), {}, "BatchNorm"),
        (recipe(augmentation=Augmentation(mixup=0.2, views=3)), {}, "blended"),
        (recipe(), {"memory": 1e5, "disk": 1e5}, "no room"),
    ):
        phase = told(other, **how).phases[0]
        assert not phase.kept
        assert why in phase.why_not
        assert phase.seconds.value > plain.seconds.value


def test_views_that_come_again_are_kept_each_at_its_cost():
    plain = told(recipe())
    three = told(recipe(augmentation=Augmentation(flip=True, views=3)))
    assert three.phases[0].kept
    assert three.phases[0].seconds.value > 1.5 * plain.phases[0].seconds.value


def test_one_pass_serves_the_phases_to_come():
    first, second = told(recipe("gradual", epochs=50)).phases[:2]
    alone = told(recipe("last-blocks", epochs=10)).phases[0]
    assert second.seconds.value < alone.seconds.value
    assert first.kept
    assert second.kept


def test_a_disk_with_room_serves_where_memory_is_short():
    assert told(recipe(), memory=1e5).phases[0].kept
    assert not told(recipe(), memory=1e5, device="cuda:0").phases[0].kept


def test_where_everything_trains_nothing_could_be_kept():
    phase = told(recipe("full")).phases[0]
    assert (phase.kept, phase.why_not) == (False, "")


def test_a_phase_is_forecast_for_each_phase_of_the_schedule():
    found = told(recipe("gradual"))
    assert [phase.kept for phase in found.phases] == [True, True, True, True, False]
    seconds = [phase.seconds.value for phase in found.phases]
    assert seconds[1:] == sorted(seconds[1:])  # the first one makes the pass for all of them
    assert found.seconds.value > sum(seconds)


def test_time_goes_with_epochs_and_pictures():
    once, twice = told(recipe("full", epochs=50)), told(recipe("full", epochs=100))
    assert twice.phases[0].seconds.value == pytest.approx(2 * once.phases[0].seconds.value)
    double = replace(COUNTS, train=1600, validation=400)
    more = told(recipe("full", epochs=50), double)
    assert more.phases[0].seconds.value == pytest.approx(2 * once.phases[0].seconds.value)


def test_larger_pictures_cost_more():
    small, large = (told(recipe("full", input=Input(size=size))) for size in (32, 64))
    assert 3 < large.phases[0].seconds.value / small.phases[0].seconds.value < 4.5


def test_before_anything_ran_here_the_range_is_wide_and_its_source_is_told():
    found = told(recipe())
    assert "another machine" in found.basis
    assert found.seconds.high > 5 * found.seconds.low


def test_what_was_measured_here_corrects_it_and_narrows_the_range():
    plain, corrected = told(recipe()), told(recipe(), samples=[sample(2.0)] * 3)
    assert corrected.basis == "from 3 epochs like these, measured on this machine"
    assert corrected.phases[0].seconds.value == pytest.approx(2 * plain.phases[0].seconds.value)
    spread = [
        each.phases[0].seconds.high / each.phases[0].seconds.low for each in (plain, corrected)
    ]
    assert spread[1] < spread[0]


def test_what_is_most_like_it_counts_and_nothing_else():
    far = sample(9.0, backbone="resnet18")
    near = sample(5.0, boundary=0, kept=False)
    plain = told(recipe()).phases[0].seconds.value
    for samples, factor in (
        ([far], 9.0),
        ([far, near], 5.0),
        ([far, near, sample(2.0), sample(3.0)], 3.0),
        ([sample(2.0, device="cuda:0")], 1.0),
    ):
        found = told(recipe(), samples=samples).phases[0].seconds.value
        assert found == pytest.approx(factor * plain)


def test_freezing_more_is_never_forecast_to_take_longer():
    whole = sample(1.0, boundary=0, kept=False)
    for samples in (
        [whole] * 5,
        [*[whole] * 5, *[sample(9.0, boundary=3)] * 3],
        [*[whole] * 3, *[sample(9.0, backbone="resnet18")] * 9],
        [replace(sample(30.0), usual=0.001), replace(whole, usual=5.0)],
    ):
        orders = ("head-only", "last-blocks", "first-blocks-frozen", "full")
        found = [told(recipe(preset), samples=samples).seconds.value for preset in orders]
        assert found == sorted(found)


def test_others_at_work_slow_a_run_down_where_nothing_was_measured():
    idle, busy = told(recipe(), load=0.0), told(recipe(), load=1000.0)
    assert busy.seconds.value > 10 * idle.seconds.value
    assert told(recipe(), load=1000.0, device="cuda:0") == told(recipe(), device="cuda:0")


def _events(asked, images_per_second):
    sides = {"train_pictures": 800, "validation_pictures": 200, "test_pictures": 1000}
    classes = [str(number) for number in range(10)]
    yield {"event": "Started", "device": "cpu", "precision": "float32", "classes": classes, **sides}
    yield {"event": "PhaseBegan", "phase": 0, "cached": True}
    for epoch in range(asked.epochs):
        rate = images_per_second
        yield {"event": "EpochDone", "epoch": epoch, "phase": 0, "images_per_second": rate}


def test_a_run_says_how_fast_this_machine_is():
    asked = recipe(epochs=3, precision="float32")
    found = list(samples_of(asked, _events(asked, 1000.0)))
    assert len(found) == 3
    assert {(x.backbone, x.size, x.boundary, x.kept, x.device) for x in found} == {
        ("pebble-shapes", 32, 4, True, "cpu")
    }
    twice_as_slow = next(samples_of(asked, _events(asked, 500.0)))
    assert twice_as_slow.slower == pytest.approx(2 * found[0].slower)


def test_what_may_be_kept_is_what_the_engine_keeps():
    keeping, batches = (
        import_module(f"tlcore.nn.engine.{name}") for name in ("activation_store", "batches")
    )
    assert (SHARE_OF_MEMORY, SHARE_OF_DISK, MOST_ON_DISK) == (
        batches.SHARE_OF_MEMORY,
        keeping.SHARE_OF_DISK,
        keeping.MOST_ON_DISK,
    )


def test_runs_that_say_nothing_of_speed_give_no_samples():
    asked = recipe()
    assert not list(samples_of(asked, [{"event": "Note", "text": "hello"}]))
    assert not list(samples_of(asked, _events(asked, 0.0)))


def test_low_precision_is_taken_where_the_processor_has_it(monkeypatch, tmp_path):
    for flags, same in (("flags: avx512_bf16 sse", "bfloat16"), ("flags: sse", "float32")):
        cpuinfo = tmp_path / "cpuinfo"
        cpuinfo.write_text(flags)
        monkeypatch.setattr("tlcore.advice.forecast._CPUINFO", cpuinfo)
        assert pace_of("cpu", "auto") == pace_of("cpu", same)


@pytest.mark.parametrize("preset", presets.presets(), ids=lambda preset: preset.name)
def test_every_recipe_of_the_lab_s_has_a_forecast(preset):
    assert told(preset.recipe).seconds.value > 1
