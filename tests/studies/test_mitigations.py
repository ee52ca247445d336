"""Each mitigation is the recipe with something done, and nothing else changed."""

import pytest

from tlcore.studies.cues import (
    HEAD_EPOCHS,
    MITIGATIONS,
    SCRATCH,
    TUNED,
    find,
    mitigated,
    recipe_for,
)

TOUCHED = {
    "sampling": {"balance", "balance_by"},
    "weights": {"balance", "balance_by"},
    "robust": {"balance", "balance_by"},
    "head-again": {"schedule", "epochs", "balance_by", "early_stopping"},
    "colours": {"augmentation"},
    "diverse": {"data"},
}


@pytest.mark.parametrize("system", [TUNED, SCRATCH], ids=lambda system: system.name)
@pytest.mark.parametrize("mitigation", MITIGATIONS, ids=lambda each: each.name)
def test_it_touches_only_what_it_is_about(system, mitigation):
    plain = recipe_for(system, "colour", 0.95, seed=3)
    changed = mitigated(plain, mitigation)
    different = {
        name
        for name in type(plain).model_fields
        if name != "name" and getattr(plain, name) != getattr(changed, name)
    }
    assert different == TOUCHED[mitigation.name]
    assert mitigation.title in changed.name


def test_the_head_is_trained_again_after_everything_else():
    plain = recipe_for(TUNED, "colour", 0.95)
    changed = mitigated(plain, find("head-again"))
    *before, last = changed.schedule.phases
    assert [phase.thaw for phase in before] == ["head", "all"]
    assert sum(phase.epochs or 0 for phase in before) == plain.epochs
    assert (last.thaw, last.epochs, last.balance) == ("head", HEAD_EPOCHS, "sampling")
