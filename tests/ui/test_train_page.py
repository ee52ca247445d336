"""Train works on load, fills in and keeps everything, and says what stands in the way."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.ui.looking import given_to, open_page
from tlcore import catalog, paths
from tlcore.access import LOCAL, PUBLIC
from tlcore.recipe import Augmentation, Data, Input, Model, Optimiser, Recipe, presets
from tlcore.recipe.fields import field_cards
from tlcore.recipe.text import from_fields, to_yaml
from tlcore.runs.store import RunStore
from tlcore.schedule import FreezeSchedule, Phase
from tlcore.ui.shared.draft import packed, packed_fields, unpacked
from tlcore.ui.train import advanced, submit


@pytest.fixture(autouse=True)
def _nobody_works(monkeypatch):
    monkeypatch.setattr(submit, "ensure_dispatcher", lambda home: None)


def open_train(recipe=None, **query):
    return open_page("train", **({"recipe": packed(recipe)} if recipe else {}), **query)


def go_to(page, name):
    page.switch_page(str(paths.PROJECT / "pages" / f"{name}.py")).run()
    assert not page.exception, page.exception
    return page


def address(page, name):
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def recipe_of(page):
    return from_fields(dict(unpacked(address(page, "recipe"))))


def opened(page, fold):
    page.session_state["open folds"] = {f"fold {fold}"}
    return page.run()


def told(page):
    return "\n".join(each.value for each in (*page.error, *page.warning)).replace("\\", "")


def test_it_works_on_load():
    page = open_train()
    assert recipe_of(page) == Recipe()
    assert not page.error
    assert not page.button(key="train").disabled
    assert page.metric[0].label == "Trains, of 723 k"


def test_a_link_opens_its_recipe():
    recipe = Recipe(epochs=7, schedule=FreezeSchedule(preset="gradual", decay=0.5))
    page = open_train(recipe)
    assert page.number_input(key="epochs stepper ").value == 7
    assert page.text_input(key="schedule.decay text ").value == "0.5"
    assert recipe_of(page) == recipe
    strip = given_to(page, "train_strip")
    assert [phase["thaw"] for phase in strip["phases"]] == [
        "head", "the last block", "last 2 blocks", "last 3 blocks", "everything",
    ]  # fmt: skip
    assert len(strip["factors"]) == 7


def test_a_link_that_is_not_whole_is_told_and_the_page_works():
    page = open_page("train", recipe="eNpN")
    assert "is not whole" in told(page)
    assert not page.button(key="train").disabled


def test_a_link_with_a_mistake_opens_with_it_at_its_field():
    page = open_page("train", recipe=packed_fields({"epochs": 0, "batch": 7}))
    assert page.number_input(key="epochs stepper ").value == 0
    assert "must be at least 1" in told(page)
    assert page.button(key="train").disabled


def test_every_recipe_of_the_lab_s_opens():
    page = open_train()
    for preset in presets.presets():
        page.selectbox(key="preset of the recipe").select(preset.name).run()
        assert not page.exception, preset.name
        assert recipe_of(page) == preset.recipe
        reported = [each.value for each in page.caption if "reported" in each.value]
        assert bool(reported) == bool(preset.reported)


def test_a_report_s_recipe_fills_everything_and_undo_takes_it_back():
    page = open_train()
    page.selectbox(key="preset of the recipe").select("c-scratch").run()
    assert recipe_of(page) == presets.find("c-scratch").recipe
    assert page.text_input(key="name text ").value == presets.find("c-scratch").title
    page.button(key="Undo").click().run()
    assert recipe_of(page) == Recipe()
    page.button(key="Redo").click().run()
    assert recipe_of(page) == presets.find("c-scratch").recipe


def test_a_schedule_is_a_click_away_and_its_dials_are_there():
    page = open_train()
    page.button_group(key="schedule.preset as pills: Thaw step by step").select("two-phase").run()
    assert recipe_of(page).schedule == FreezeSchedule(preset="two-phase")
    page.text_input(key="schedule.rate text ").input("0.5").run()
    page.number_input(key="schedule.count stepper ").set_value(3).run()
    assert recipe_of(page).schedule == FreezeSchedule(preset="two-phase", rate=0.5, count=3)


def test_what_is_typed_wrong_is_kept_and_told_at_its_field():
    page = opened(open_train(), "Optimiser")
    page.text_input(key="optimiser.rate text ").input("fast").run()
    assert "must be a number" in told(page)
    assert page.button(key="train").disabled
    assert recipe_of(page) == Recipe()
    page.text_input(key="optimiser.rate text ").input("2e-3").run()
    assert not page.error
    assert page.text_input(key="optimiser.rate text ").value == "2e-3"
    assert recipe_of(page).optimiser.rate == 0.002


def test_what_is_typed_wrong_survives_another_page_and_a_reload():
    page = opened(open_train(), "Optimiser")
    page.text_input(key="optimiser.rate text ").input("fast").run()
    query = {name: address(page, name) for name in page.query_params}
    go_to(page, "runs")
    again = go_to(page, "train")
    assert again.text_input(key="optimiser.rate text ").value == "fast"
    reloaded = open_page("train", **query)
    assert reloaded.text_input(key="optimiser.rate text ").value == "fast"
    assert "must be a number" in told(reloaded)


def test_every_field_of_a_recipe_can_be_reached():
    shown = set(advanced._within("schedule")) | {"name", "epochs", "data.name", "model.backbone"}
    shown |= {"model.weights", "model.drop_path", "input.size"}
    shown |= {path for fold in advanced.FOLDS for path in fold.fields}
    elsewhere = ("data.shapes.", "data.corrections.", "schedule.p")
    left = {path for path in set(field_cards()) - shown if not path.startswith(elsewhere)}
    assert left == {"version", "data.path"}


def test_every_fold_opens():
    page = open_train()
    for fold in advanced.FOLDS:
        assert not opened(page, fold.title).exception, fold.title


def test_a_fold_says_what_is_not_as_usual_in_it():
    page = open_train(Recipe(optimiser=Optimiser(name="sgd", rate=0.1)))
    labels = [box.label for box in page.expander]
    assert any("Optimiser" in label and "sgd" in label for label in labels)
    assert any("Augmentation" in label and "as usual" in label for label in labels)


def test_from_scratch_nothing_is_frozen_before_it_has_learned():
    page = open_train(presets.find("c-scratch").recipe)
    pills = page.button_group(key="schedule.preset as pills: Start here")
    assert pills.options == ["Everything"]
    assert page.button(key="train transfer and scratch").disabled
    assert "freeze random weights" in given_to(page, "train_strip")["locked"]


def test_a_backbone_outside_the_catalogue_has_presets_but_no_strip():
    page = open_train(Recipe(model=Model(backbone="regnetx_002", weights="none"),
                             schedule=FreezeSchedule(preset="full")))  # fmt: skip
    assert "not in the catalogue" in page.info[0].value
    assert not page.button(key="train").disabled


def test_a_count_that_the_backbone_does_not_have_is_said_before_the_run():
    page = open_train(Recipe(schedule=FreezeSchedule(preset="last-blocks", count=9)))
    assert "has only 4 blocks" in told(page)
    assert page.button(key="train").disabled


def test_phases_that_do_not_fill_the_run_are_said_and_can_be_made_to():
    phases = (Phase(epochs=3), Phase(thaw="all", epochs=2))
    page = open_train(Recipe(schedule=FreezeSchedule(preset="custom", phases=phases)))
    page.number_input(key="epochs stepper ").set_value(9).run()
    assert "must add up to the run's epochs (9), not 5" in told(page)
    page.button(key="fit the phases").click().run()
    assert not page.error
    assert recipe_of(page).schedule.phases_for(9, 4)[1].epochs == 6


def test_missing_weights_are_said_before_the_run():
    page = open_train(Recipe(model=Model(backbone="resnet18"), input=Input(size=64)))
    assert "set to stay offline" in told(page)
    assert page.button(key="train").disabled
    page = open_train(Recipe(model=Model(backbone="squeezenet1_1")))
    assert "squeezenet1_1.safetensors" in told(page)


def test_weights_on_the_hub_are_offered_with_their_size_and_nobody_is_asked(monkeypatch):
    def reached(*given):
        raise AssertionError("somebody asked")

    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("urllib.request.urlopen", reached)
    page = open_train(Recipe(model=Model(backbone="resnet18"), input=Input(size=64)))
    assert "python -m tlcore get resnet18" in told(page)
    assert page.button(key="train").disabled
    offers = [button.label for button in page.button if button.label.startswith("Get it")]
    (offer,) = offers
    assert offer.replace("\\", "") == "Get it (45 MB, licence Apache-2.0, from the hub)"


def test_missing_data_are_said_before_the_run():
    page = open_train(Recipe(data=Data(name="cifar10")))
    assert "CIFAR-10 is not on this machine" in told(page)
    assert page.button(key="train").disabled
    page = open_train(Recipe(data=Data(name="folder", path="nowhere")))
    assert "nowhere" in told(page)


def test_a_size_that_the_backbone_can_not_do_is_said_before_the_run(monkeypatch):
    monkeypatch.setattr(catalog, "here", lambda name: Path("weights"))
    page = open_train(Recipe(model=Model(backbone="inception_v3")))
    assert "must be at least 75 for InceptionV3" in told(page)


def test_the_button_sends_the_recipe_off(tmp_path):
    page = open_train(presets.find("shapes-probe").recipe)
    page.button(key="train").click().run()
    assert not page.exception
    (run,) = RunStore().list(by=LOCAL)
    assert (run.preset, run.recipe_id) == ("shapes-probe", presets.find("shapes-probe").recipe.id)
    assert address(page, "run") == run.id
    assert page.title[0].value == "Runs"


def test_a_changed_preset_is_no_longer_the_preset():
    page = open_train(presets.find("shapes-probe").recipe)
    page.number_input(key="epochs stepper ").set_value(3).run()
    page.button(key="train").click().run()
    (run,) = RunStore().list(by=LOCAL)
    assert run.preset == ""
    assert run.name.endswith(", changed")


def test_transfer_and_scratch_are_sent_as_a_pair():
    page = open_train(Recipe(name="mine", schedule=FreezeSchedule(preset="lp-ft")))
    page.button(key="train transfer and scratch").click().run()
    scratch, transfer = RunStore().list(by=LOCAL)
    assert (transfer.name, scratch.name) == ("mine", "mine, from scratch")
    asked = RunStore().recipe(scratch.id, by=LOCAL)
    assert (asked.model.weights, asked.schedule.preset) == ("none", "full")
    assert asked.data == RunStore().recipe(transfer.id, by=LOCAL).data


def test_a_run_and_its_fair_partner_are_sent_together():
    page = open_train(Recipe(name="mine", schedule=FreezeSchedule(preset="full")))
    page.segmented_control(key="partner of 2").set_value("base frozen").run()
    page.button(key="train with partner").click().run()
    frozen, whole = RunStore().list(by=LOCAL)
    assert (whole.name, frozen.name) == ("mine", "mine, base frozen")
    asked = RunStore().recipe(frozen.id, by=LOCAL)
    assert asked.schedule.preset == "head-only"
    assert asked.data == RunStore().recipe(whole.id, by=LOCAL).data


def test_a_public_lab_says_what_it_does_not_take_before_the_run(monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    page = open_train(Recipe(model=Model(backbone="regnetx_002")))
    assert "open to anybody" in told(page)
    assert page.button(key="train").disabled


def test_whoever_has_no_time_left_is_told_before_the_run(monkeypatch):
    monkeypatch.setenv("TL_PUBLIC", "1")
    RunStore().set_rules(replace(PUBLIC, seconds=0.0), by=LOCAL)
    page = open_train()
    assert "Go on tomorrow" in told(page)
    assert page.button(key="train").disabled


def test_a_lesson_hides_what_it_says_and_shows_the_way_out():
    page = open_train(Recipe(epochs=7), hide="rest,text,batchnorm,beginning")
    assert not page.subheader
    assert "preset of the recipe" not in [box.key for box in page.selectbox]
    page.button(key="leave lesson").click().run()
    assert page.subheader[0].value == "The rest of the recipe"
    assert recipe_of(page).epochs == 7


def test_lesson_1_leaves_the_strip_and_the_button():
    page = open_train(lesson="1")
    assert "train transfer and scratch" not in [button.key for button in page.button]
    assert page.button(key="train")
    assert page.button_group(key="schedule.preset as pills: Start here")


def test_the_text_of_the_recipe_can_be_edited_and_what_is_wrong_goes_to_its_field():
    page = open_train(Recipe(epochs=7))
    page.session_state["text box"] = True
    page.run()
    box = page.text_area(key="recipe as text")
    assert box.value == to_yaml(Recipe(epochs=7))
    box.input("epochs: 8 # more\noptimiser: {rate: -1}\nbtach: 9").run()
    assert "must be greater than 0" in told(page)
    assert "Did you mean batch?" in told(page)
    assert page.text_area(key="recipe as text").value.startswith("epochs: 8 # more")
    assert page.text_input(key="optimiser.rate text ").value == "-1"
    page.text_area(key="recipe as text").input("epochs: 8 # more").run()
    assert recipe_of(page) == Recipe(epochs=8)
    assert page.text_area(key="recipe as text").value == "epochs: 8 # more"


def test_a_text_that_is_no_recipe_stays_in_its_box():
    page = open_train()
    page.session_state["text box"] = True
    page.run()
    page.text_area(key="recipe as text").input("epochs: [1").run()
    assert "is not valid YAML" in told(page)
    assert page.text_area(key="recipe as text").value == "epochs: [1"
    assert recipe_of(page) == Recipe()
    page.button(key="text back").click().run()
    assert page.text_area(key="recipe as text").value == to_yaml(Recipe())


def test_names_are_never_read_as_markup():
    page = open_train(Recipe(name="**bold** <b>", model=Model(backbone="<i>x</i>")))
    assert "<i>" not in page.button(key="backbone").label.replace("\\<", "")


def test_frozen_blocks_that_can_not_be_kept_are_explained():
    page = open_train(Recipe(augmentation=Augmentation(flip=True)))
    assert any("every augmented view is another" in each.value for each in page.caption)
