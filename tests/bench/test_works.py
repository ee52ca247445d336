"""Everybody thaws the same blocks in the same epochs."""

import pytest

from bench.race.with_thaw import recipe_for
from bench.race.works import WORKS
from tlcore.nn.networks.build import build
from tlcore.schedule.plan import Plan

BACKBONE = "pebble-shapes"


@pytest.mark.parametrize("name", WORKS)
def test_the_lab_s_recipe_thaws_what_the_work_says(name, tmp_path):
    work = WORKS[name]
    asked = {"backbone": BACKBONE, "size": 32, "pictures": str(tmp_path), "classes": 10}
    recipe = recipe_for(work, asked)
    network = build(recipe.model, 10, 32, seed=0)
    blocks = network.outline.blocks
    plan = Plan(recipe.schedule, network.outline, recipe.epochs)
    for epoch in range(work.epochs):
        first = plan.at(epoch).boundary
        assert blocks[first:] == work.thawed(blocks, epoch)
