"""Nothing that was typed is lost, everything can be undone, and the last right recipe stands."""

from tlcore.recipe import VERSION, Data, Optimiser, Recipe, presets
from tlcore.ui.train.form import MOST_UNDONE, Form
from tlcore.ui.train.preset_picker import REPORTS, shorter
from tlcore.ui.train.schedule import PRESETS


def test_a_field_that_is_right_makes_another_recipe():
    form = Form(Recipe())
    form.set("optimiser.rate", 0.01)
    assert form.recipe.optimiser.rate == 0.01
    assert form.value("optimiser.rate") == 0.01
    assert form.fields == {"version": VERSION, "optimiser": {"rate": 0.01}}


def test_a_field_that_is_wrong_is_kept_as_it_was_typed_and_the_recipe_stands():
    form = Form(Recipe(epochs=7))
    form.set("optimiser.rate", "fast")
    assert form.value("optimiser.rate") == "fast"
    assert form.recipe == Recipe(epochs=7)
    assert [(p.field, p.rule) for p in form.problems] == [("optimiser.rate", "must be a number")]


def test_problems_are_found_at_their_field_and_at_the_part_around_it():
    form = Form(Recipe())
    form.set("schedule.phases", [{"thaw": "everything"}])
    assert form.problems_at("schedule.phases")
    assert form.problems_at("schedule")
    assert not form.problems_at("optimiser", "schedule.preset")


def test_a_default_that_is_typed_is_left_out_of_the_recipe():
    form = Form(Recipe(epochs=7))
    form.set("epochs", 5)
    assert form.fields == {"version": VERSION}


def test_an_emptied_field_has_its_default_again():
    form = Form(Recipe(epochs=7))
    form.set("epochs", None)
    assert form.value("epochs") == 5


def test_what_is_changed_together_is_undone_together():
    form = Form(Recipe())
    form.change({"model.weights": "none", "schedule.preset": "full"})
    assert form.recipe.model.weights == "none"
    form.undo()
    assert form.recipe == Recipe()
    form.redo()
    assert form.recipe.schedule.preset == "full"


def test_what_is_wrong_can_be_undone_too():
    form = Form(Recipe())
    form.set("epochs", "many")
    form.set("batch", 8)
    assert form.recipe == Recipe()
    form.undo()
    form.undo()
    assert form.problems == ()
    assert not form.can_undo


def test_a_change_after_undoing_forgets_what_was_undone():
    form = Form(Recipe())
    form.set("epochs", 6)
    form.undo()
    form.set("epochs", 8)
    assert not form.can_redo


def test_typing_the_same_again_is_no_change():
    form = Form(Recipe())
    form.set("epochs", 5)
    form.replace(dict(form.fields))
    assert not form.can_undo


def test_memory_of_changes_is_bounded():
    form = Form(Recipe())
    for epochs in range(1, MOST_UNDONE + 50):
        form.set("epochs", epochs)
    for _ in range(MOST_UNDONE):
        form.undo()
    assert not form.can_undo


def test_a_preset_fills_everything_and_what_is_changed_goes_by_another_name():
    form, preset = Form(Recipe()), presets.find("c-scratch")
    form.start_from(preset)
    assert form.recipe == preset.recipe
    assert form.began == preset
    form.set("epochs", 3)
    assert form.recipe.name == f"{preset.title}, changed"
    assert form.began == preset
    form.undo()
    assert form.recipe == preset.recipe


def test_a_recipe_that_is_like_a_preset_is_known_as_one():
    preset = presets.find("shapes-gradual")
    assert Form(preset.recipe).began == preset
    assert Form(Recipe(epochs=9)).began is None


def test_a_part_that_is_no_part_makes_way_for_its_field():
    form = Form(Recipe())
    form.replace({"optimiser": "fast"})
    assert form.problems_at("optimiser")
    form.set("optimiser.rate", 0.5)
    assert form.recipe.optimiser.rate == 0.5


def test_what_another_page_changes_leaves_what_was_typed_here():
    form = Form(Recipe(epochs=7))
    form.set("optimiser.rate", "fast")
    form.take_over(Recipe(epochs=7, data=Data(name="digits")))
    assert form.value("optimiser.rate") == "fast"
    assert form.value("data.name") == "digits"
    form.set("optimiser.rate", 0.5)
    assert form.recipe == Recipe(epochs=7, data=Data(name="digits"), optimiser=Optimiser(rate=0.5))


def test_a_name_that_was_typed_counts_once_and_is_in_no_link():
    form = Form(Recipe(epochs=7))
    form.set("name", "mine")
    assert form.shared == Recipe(epochs=7)
    form.forget_name()
    assert form.recipe == Recipe(epochs=7)
    form.start_from(presets.find("demo-transfer"))
    form.forget_name()
    assert form.recipe.name == form.shared.name == presets.find("demo-transfer").title


def test_every_schedule_says_when_to_use_it_and_every_report_what_it_asked():
    for what, when in PRESETS.values():
        assert (what[-1], when[-1], when[0].islower()) == (".", ".", True)
    assert set(REPORTS) == {each.report for each in presets.presets() if each.report}


def test_every_report_has_a_version_of_minutes():
    for preset in presets.presets():
        if preset.report:
            short = shorter(preset.recipe)
            assert short is not None, preset.name
            assert short.epochs <= 3
            assert short.data.limit_train == 2000
            assert short.schedule.preset == preset.recipe.schedule.preset
