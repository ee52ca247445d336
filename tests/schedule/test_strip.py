"""Whatever a strip is drawn from, what is read back from it trains the same."""

import time
from itertools import product
from typing import get_args

import pytest

from tests.outlines import FIVE_BLOCKS
from tlcore.catalog import CARDS, outline_for
from tlcore.recipe import Model
from tlcore.schedule import FreezeSchedule, Phase, Preset
from tlcore.schedule.plan import Plan
from tlcore.schedule.selection import parse_scope
from tlcore.schedule.strip import Column, painted, schedule_of, shares, strip_of, words_for

PRESETS = [name for name in get_args(Preset) if name != "custom"]
OWN = (
    Phase(thaw="norm and bias", epochs=2, rate=0.5),
    Phase(thaw="last 3 layers", epochs=1, decay=0.9, restart=True),
    Phase(thaw="last 3 layers", epochs=1, decay=0.9, restart=True),
    Phase(thaw="last 3 layers", epochs=1, decay=0.9, balance="sampling"),
    Phase(thaw="all", rate=0.1),
)
BACKBONES = ("pebble-shapes", "resnet50", "vit_tiny_patch16_224", "mobilenetv2_100", "scratch-c")


def outline(name):
    found = outline_for(Model(backbone=name), classes=10)
    assert found
    return found


def schedule(preset):
    return FreezeSchedule(preset=preset, phases=OWN if preset == "custom" else ())


def matters(plan, epoch):
    """All that training asks of a plan."""
    thaw = plan.at(epoch)
    return (
        thaw.trainable,
        dict(thaw.rates),
        thaw.boundary,
        thaw.batchnorm,
        thaw.rate_start,
        thaw.rate_epochs,
        thaw.balance,
    )


def test_every_schedule_trains_the_same_after_a_way_through_the_strip(subtests):
    for preset, backbone, epochs in product([*PRESETS, "custom"], BACKBONES, (6, 7, 100)):
        with subtests.test(preset=preset, backbone=backbone, epochs=epochs):
            network, before = outline(backbone), schedule(preset)
            after = schedule_of(strip_of(before, network, epochs), network, before.batchnorm)
            assert after.preset == "custom"
            assert after.misfits(epochs) == []
            plans = [Plan(each, network, epochs) for each in (before, after)]
            for epoch in range(epochs):
                assert matters(plans[0], epoch) == matters(plans[1], epoch)


def test_any_choice_of_blocks_can_be_said_in_words_that_mean_it(subtests):
    for card in CARDS:
        with subtests.test(backbone=card.name):
            network = outline(card.name)
            for chosen in (
                network.blocks[::2],
                network.blocks[1:],
                network.blocks[:1],
                (),
                network.blocks,
            ):
                meant = frozenset(
                    name for x in network.backbone if x.block in chosen for name, _ in x.parameters
                )
                assert parse_scope(words_for(chosen, network))(network) == meant


def test_a_run_of_one_epoch_is_a_strip_too():
    strip = strip_of(schedule("gradual"), FIVE_BLOCKS, 1)
    assert [(x.thaw, x.epochs) for x in schedule_of(strip, FIVE_BLOCKS).phases] == [("all", None)]


def test_words_are_the_shortest():
    assert words_for([], FIVE_BLOCKS) == "head"
    assert words_for(FIVE_BLOCKS.blocks, FIVE_BLOCKS) == "all"
    assert words_for(["layer4"], FIVE_BLOCKS) == "last 1 block"
    assert words_for(["layer2", "layer3", "layer4"], FIVE_BLOCKS) == "last 3 blocks"
    assert words_for(["layer3", "stem"], FIVE_BLOCKS) == "blocks stem, layer3"


def test_painting_changes_the_painted_cells_and_no_others():
    before = strip_of(FreezeSchedule(preset="lp-ft", head_epochs=2), FIVE_BLOCKS, 5)
    after = painted(before, FIVE_BLOCKS, blocks=range(4, 5), epochs=range(1, 2), thaw=True)
    assert [column.thaw for column in after] == ["head", "last 1 block", "all", "all", "all"]
    assert [column.rate for column in after] == [1.0, 1.0, 0.1, 0.1, 0.1]
    assert [column.restart for column in after] == [False, False, True, False, False]
    back = painted(after, FIVE_BLOCKS, blocks=range(4, 5), epochs=range(1, 2), thaw=False)
    assert back == before


def test_a_phase_begins_where_something_changes_and_nowhere_else():
    strip = strip_of(FreezeSchedule(preset="head-only"), FIVE_BLOCKS, 6)
    strip = painted(strip, FIVE_BLOCKS, blocks=range(3, 5), epochs=range(2, 4), thaw=True)
    strip = painted(strip, FIVE_BLOCKS, blocks=range(3, 5), epochs=range(4, 6), thaw=True)
    phases = schedule_of(strip, FIVE_BLOCKS, "frozen")
    assert phases.batchnorm == "frozen"
    assert [(x.thaw, x.epochs) for x in phases.phases] == [("head", 2), ("last 2 blocks", None)]


def test_words_that_mean_the_same_are_one_phase():
    strip = (Column("last 2 blocks"), Column("blocks layer3, layer4"), Column("head"))
    assert [x.thaw for x in schedule_of(strip, FIVE_BLOCKS).phases] == ["last 2 blocks", "head"]


def test_a_block_that_trains_in_part_counts_as_what_most_of_it_does_once_it_is_painted_over():
    most = (Column("from layer layer3.conv"),)  # exactly layer3 and layer4
    assert painted(most, FIVE_BLOCKS, blocks=range(0, 1), epochs=range(1), thaw=True) == (
        Column("blocks stem, layer3, layer4"),
    )
    little = (Column("last 1 layer"),)  # layer4's norm alone: a sixth of it
    assert painted(little, FIVE_BLOCKS, blocks=range(0, 1), epochs=range(1), thaw=True) == (
        Column("block stem"),
    )


def test_shares_say_how_much_of_each_block_trains():
    assert shares("last 1 layer", FIVE_BLOCKS) == pytest.approx((0, 0, 0, 0, 1 / 6))
    assert shares("all", FIVE_BLOCKS) == (1, 1, 1, 1, 1)
    assert shares("norm and bias", FIVE_BLOCKS) == pytest.approx((1 / 6,) * 5)


def test_a_long_strip_of_many_blocks_is_painted_at_once():
    network = outline("vit_tiny_patch16_224")
    strip = strip_of(FreezeSchedule(preset="gradual"), network, 100)
    began = time.perf_counter()
    strip = painted(strip, network, blocks=range(13), epochs=range(100), thaw=True)
    assert schedule_of(strip, network).phases[0].thaw == "all"
    assert time.perf_counter() - began < 0.5  # 0.02 s here
