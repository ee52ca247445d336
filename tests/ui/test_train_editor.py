"""What is painted, or written into the table of phases, is what the recipe then says."""

import pytest

from tlcore.recipe import Input, Model, Recipe, presets
from tlcore.schedule import FreezeSchedule, Phase
from tlcore.ui.train import editor, table
from tlcore.ui.train.cost_panel import outline_of
from tlcore.ui.train.editor import Stroke, as_stroke, paint, strip_data
from tlcore.ui.train.form import Form


def stroke(blocks, epochs, *, thaw=True, number=1):
    return Stroke(number, blocks, epochs, thaw)


def words(form):
    return [(phase.thaw, phase.epochs) for phase in form.recipe.schedule.phases]


def test_a_stroke_makes_the_schedule_one_s_own():
    form = Form(Recipe(epochs=6))
    paint(form, stroke((2, 3), (2, 4)))
    assert words(form) == [("head", 2), ("last 2 blocks", 3), ("head", None)]
    form.undo()
    assert form.recipe == Recipe(epochs=6)


def test_strokes_keep_rates_restarts_and_batchnorm():
    schedule = FreezeSchedule(preset="lp-ft", head_epochs=2, rate=0.2, batchnorm="frozen")
    form = Form(Recipe(epochs=6, schedule=schedule))
    paint(form, stroke((0, 0), (5, 5), thaw=False))
    assert form.recipe.schedule.batchnorm == "frozen"
    assert form.recipe.schedule.phases == (
        Phase(thaw="head", epochs=2),
        Phase(thaw="all", epochs=3, rate=0.2, restart=True),
        Phase(thaw="last 3 blocks", rate=0.2),
    )


def test_strokes_beyond_the_strip_are_cut_off():
    form = Form(Recipe(epochs=3))
    paint(form, stroke((0, 99), (1, 99)))
    assert words(form) == [("head", 1), ("all", None)]


def test_a_network_without_known_blocks_can_not_be_painted_on():
    form = Form(Recipe(model=Model(backbone="regnetx_002"), input=Input(size=64)))
    paint(form, stroke((0, 1), (0, 1)))
    assert not form.can_undo


def test_from_scratch_all_of_the_first_epoch_trains_whatever_is_painted():
    form = Form(presets.find("c-scratch").recipe)
    paint(form, stroke((0, 1), (0, 0), thaw=False))
    assert not form.can_undo
    paint(form, stroke((0, 1), (0, 2), thaw=False))
    assert words(form) == [("all", 1), ("head", 2), ("all", None)]


def _sent(number):
    return {"number": number, "blocks": [number, number], "epochs": [0, 0], "thaw": True}


def test_a_stroke_that_is_sent_twice_is_painted_once(monkeypatch):
    state: dict[str, object] = {}
    painted: list[int] = []
    monkeypatch.setattr("streamlit.session_state", state)
    monkeypatch.setattr(editor, "paint", lambda form, stroke: painted.append(stroke.number))
    form = Form(Recipe())
    editor._paint_all(form, [_sent(1)])
    editor._paint_all(form, [_sent(1), _sent(2)])
    assert painted == [1, 2]


@pytest.mark.parametrize(
    "given",
    [
        None,
        "paint",
        {},
        {"number": 1, "blocks": [0, 1], "epochs": [0, 1], "thaw": 1},
        {"number": 1, "blocks": [1, 0], "epochs": [0, 1], "thaw": True},
        {"number": 1, "blocks": [-1, 0], "epochs": [0, 1], "thaw": True},
        {"number": 1, "blocks": ["0", 1], "epochs": [0, 1], "thaw": True},
        {"number": 1, "blocks": [0, 1, 2], "epochs": [0, 1], "thaw": True},
        {"number": "1", "blocks": [0, 1], "epochs": [0, 1], "thaw": True},
    ],
)
def test_what_is_no_stroke_is_not_taken_for_one(given):
    assert as_stroke(given) is None


def test_the_strip_is_told_what_trains_at_which_rate():
    recipe = Recipe(epochs=4, schedule=FreezeSchedule(preset="layer-decay", decay=0.5))
    outline = outline_of(recipe)
    assert outline
    data = strip_data(recipe, outline)
    assert [block["name"] for block in data["blocks"]] == [
        "stem", "block1", "block2", "block3", "head",
    ]  # fmt: skip
    assert data["phases"][0]["rates"] == [0.0625, 0.125, 0.25, 0.5, 1.0]
    assert data["phases"][0]["shares"] == [1, 1, 1, 1, 1]
    assert "2 layers" in data["blocks"][0]["words"]
    assert data["factors"] == [1.0] * 4


def test_the_table_shows_the_phases_of_any_preset():
    recipe = Recipe(epochs=6, schedule=FreezeSchedule(preset="lp-ft", head_epochs=2))
    rows = table.rows_of(Form(recipe), outline_of(recipe))
    assert [(row["thaw"], row["epochs"], row["rate"]) for row in rows] == [
        ("head", 2, 1.0),
        ("all", 4, 0.1),
    ]


def test_rows_are_changed_added_and_deleted():
    rows = [{"thaw": "head", "epochs": 2}, {"thaw": "all", "epochs": 4}]
    edits = {
        "edited_rows": {"1": {"thaw": "last 1 block"}},
        "added_rows": [{"thaw": "all", "epochs": 3}],
        "deleted_rows": [0],
    }
    after = table.changed(rows, edits)
    assert [(row["thaw"], row["epochs"]) for row in after] == [("last 1 block", 4), ("all", 3)]
    assert after[1]["rate"] == 1.0


def test_rows_that_fill_the_run_go_on_filling_it():
    rows = [{"thaw": "head", "epochs": 2, "rate": 1.0}, {"thaw": "all", "epochs": 4, "rate": 0.5}]
    phases = table.as_phases(rows, 6)
    assert phases == [{"thaw": "head", "epochs": 2}, {"thaw": "all", "rate": 0.5}]
    assert table.as_phases(rows, 9)[1]["epochs"] == 4


def test_rows_that_are_wrong_are_kept_as_they_were_typed():
    form = Form(Recipe(epochs=6))
    form.set("schedule", {"preset": "custom", "phases": [{"thaw": "everything", "epochs": 6}]})
    assert form.problems
    (row,) = table.rows_of(form, outline_of(form.recipe))
    assert row["thaw"] == "everything"
