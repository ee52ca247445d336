import pytest

from tlcore.access import LOCAL
from tlcore.recipe import Recipe
from tlcore.runs.store import RunStore


@pytest.fixture
def teacher(command, tmp_path):
    """A finished run."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "epochs: 2\nname: teacher\nlabel_smoothing: 0.1\nseed: 5\n"
        "augmentation: {mixup: 0.2, flip: true}\n"
    )
    return command("run", str(recipe), "--json").json["run"]


def recipes():
    store = RunStore()
    return {run.id: store.recipe(run.id, by=LOCAL) for run in store.list(by=LOCAL)}


def test_a_student_learns_the_same_task_from_the_teacher_s_network(command, teacher):
    answer = command("distil", teacher, "--backbone", "scratch-plain")
    assert answer.code == 0
    made = recipes()
    taught = made.pop(teacher)
    [student] = made.values()
    network = RunStore().artifact(teacher, "best", by=LOCAL)
    assert student.distillation.teacher == str(network)
    assert student.distillation.temperature == 4.0
    assert (student.data, student.epochs, student.seed) == (taught.data, 2, 5)
    assert (student.augmentation.mixup, student.augmentation.flip) == (0, True)
    assert (student.label_smoothing, student.schedule.preset) == (0, "full")
    rows = answer.out.splitlines()
    assert [row.split()[0] for row in rows[1:3]] == ["teacher", "taught"]
    assert "% to " in rows[2]


def test_a_pre_trained_student_follows_the_teacher_s_schedule(command, teacher):
    command("distil", teacher, "--backbone", "pebble-photo")
    student = next(r for run, r in recipes().items() if run != teacher)
    assert student.model.weights == "pretrained"
    assert student.schedule == Recipe().schedule


def test_what_the_teacher_is_worth_is_measured_with_and_without(command, teacher):
    answer = command("distil", teacher, "--backbone", "scratch-plain", "--compare", "--seeds", "2")
    assert answer.code == 0
    assert len(recipes()) == 5
    rows = answer.out.splitlines()[1:6]
    assert [row.split()[0] for row in rows] == ["teacher", "taught", "taught", "alone", "alone"]
    assert answer.out.count("With its teacher against without, on the same pictures") == 2
    assert answer.out.count("With its teacher against without: ") == 1
    assert "over 2 seeds" in answer.out
    again = command("distil", teacher, "--backbone", "scratch-plain", "--compare", "--seeds", "2")
    assert again.out == answer.out
    assert len(recipes()) == 5  # what was done is not done again


def test_json_has_all_numbers_whole(command, teacher):
    fields = command("distil", teacher, "--backbone", "scratch-plain", "--compare", "--json").json
    assert fields["teacher"]["run"] == teacher
    assert len(fields["taught"]) == len(fields["alone"]) == len(fields["gains"]) == 1
    assert fields["gains"][0]["value"] == 0


def test_any_field_may_be_changed(command, teacher):
    command("distil", teacher, "--backbone", "scratch-plain",
            "--set", "distillation.temperature=2", "--set", "epochs=1")  # fmt: skip
    student = next(r for run, r in recipes().items() if run != teacher)
    assert (student.distillation.temperature, student.epochs) == (2.0, 1)


def test_a_run_that_has_not_finished_can_not_teach(command):
    run = RunStore().submit(Recipe(), by=LOCAL).id
    answer = command("distil", run, "--backbone", "scratch-plain")
    assert answer.code == 1
    assert "it is queued" in answer.err


@pytest.mark.parametrize("count", ["0", "-1", "x", "101"])
def test_a_count_that_is_none_is_told(command, teacher, count):
    answer = command("distil", teacher, "--backbone", "scratch-plain", f"--seeds={count}")
    assert answer.code == 2
    assert "from 1 to 100" in answer.err
