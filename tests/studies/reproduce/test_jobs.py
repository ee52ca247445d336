import pytest

from tlcore.errors import RecipeError
from tlcore.recipe.presets import presets
from tlcore.studies.reproduce import jobs as module
from tlcore.studies.reproduce.jobs import choose, command, is_full, jobs, letter, scale, why_not
from tlcore.studies.reproduce.rows import REPORTED, ROWS


@pytest.fixture
def everything_here(monkeypatch):
    """As if all data and weights were on this machine."""
    monkeypatch.setattr(module, "missing", lambda recipe: "")


def row(name):
    return choose([name])[0]


def test_every_system_of_the_reports_has_a_row():
    assert {r.preset for r in REPORTED} == {p.name for p in presets() if p.report}
    assert [letter(r) for r in REPORTED] == sorted(letter(r) for r in REPORTED)
    assert len({r.id for r in ROWS}) == len(ROWS)


@pytest.mark.parametrize("quick", [False, True])
def test_every_row_makes_recipes_that_hold_and_none_is_trained_twice(quick, everything_here):
    found = list(jobs(ROWS, quick=quick))
    assert len({job.key for job in found}) == len(found)
    able = {r.id for r in ROWS if r.here is not None and (not quick or r.quick is not None)}
    assert {job.row.id for job in found} == able


def test_every_row_has_its_first_seed_before_any_has_its_second(everything_here):
    order = [job.seed for job in jobs(ROWS, quick=False)]
    assert order == sorted(order)
    assert {job.seed for job in jobs(ROWS, quick=False, seeds=2)} == {0, 1}


def test_rows_can_be_chosen_by_name_or_by_report():
    assert [r.id for r in choose(["e-cnn", "demo-scratch"])] == ["e-cnn", "demo-scratch"]
    assert [r.id for r in choose(["C"])] == ["c-resnet50", "c-scratch"]
    assert choose([]) == ROWS
    with pytest.raises(RecipeError, match="e-cnn"):
        choose(["e-cn"])


def test_a_row_without_its_weights_or_data_is_not_run_and_says_why():
    assert list(jobs(choose(["e-vgg16", "e-cnn"]), quick=False)) == []
    assert why_not(row("e-vgg16")) == "no weights of VGG16 here"
    assert why_not(row("e-cnn")) == "no cifar10 here"
    assert command(row("e-vgg16")) == "python -m tlcore run e-vgg16"


def test_what_is_smaller_than_the_preset_is_told_and_the_whole_preset_says_nothing(everything_here):
    whole, *_ = jobs([row("e-cnn")], quick=False)
    [part] = jobs([row("e-cnn")], quick=True)
    assert is_full(whole)
    assert not is_full(part)
    assert scale(part)[:3] == [
        "3,000 of 50,000 pictures to learn from",
        "1,000 of 10,000 test pictures",
        "3 of 10 epochs",
    ]


def test_another_seed_is_no_smaller_recipe(everything_here):
    assert all(is_full(job) for job in jobs([row("e-cnn")], quick=False, seeds=3))


def test_what_stands_in_is_never_silent(everything_here):
    job, *_ = jobs([row("lite0-full")], quick=False)
    assert "`model.backbone` tf_efficientnet_lite0 for efficientnet_b0" in scale(job)
    assert "`data.name` cifar10 for cifar100" in scale(job)
    assert "EfficientNet-Lite0" in job.row.title
    assert letter(job.row) == ""
