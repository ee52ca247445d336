"""Learning from a teacher beside the labels: from a backbone's features, a network's answers."""

import itertools

import numpy as np
import pytest
import torch

from tlcore.errors import RecipeError, WeightsError, WeightsMissing
from tlcore.events import Checkpoint, EpochDone, StepDone, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.teacher import AnswerTeacher, FeatureTeacher, main_directions
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_text

NOTHING = torch.zeros(1)


@pytest.fixture
def taught(small, stand_in_weights, monkeypatch):
    """A small recipe with a teacher, whose weights are found by name."""
    monkeypatch.setenv("TL_WEIGHTS", str(stand_in_weights("mobilenetv1_025").parent))
    return small(
        distillation={"teacher": "mobilenetv1_025", "size": 32, "weight": 4.0, "components": 8},
        optimiser={"name": "adamw", "rate": 3e-3},
        epochs=3,
    )


@pytest.fixture
def trained(small, tmp_path):
    """The network of a run that has really learned something."""
    path = tmp_path / "teacher.safetensors"
    recipe = small(epochs=8, optimiser={"name": "adamw", "rate": 3e-3})
    next(event for event in train(recipe) if isinstance(event, Tested)).save(path)
    return path


def _losses(events):
    return [event.loss for event in events if isinstance(event, StepDone)]


def test_a_student_that_says_the_same_in_its_own_way_is_at_no_distance():
    targets, view = torch.randn(32, 4), torch.eye(4)
    teacher = FeatureTeacher(targets, torch.full((4,), 0.25), view)
    rows = torch.arange(32)
    assert teacher.lesson(3 * targets + 7, NOTHING, rows) == pytest.approx(0, abs=1e-4)
    assert teacher.lesson(-targets, NOTHING, rows) == pytest.approx(2, abs=1e-3)
    assert 0.7 < teacher.lesson(torch.randn(32, 4), NOTHING, rows) < 1.3


def test_a_batch_of_one_picture_has_a_distance_too():
    teacher = FeatureTeacher(torch.randn(3, 4), torch.full((4,), 0.25), torch.eye(4))
    assert torch.isfinite(teacher.lesson(torch.randn(1, 4), NOTHING, torch.tensor([2])))


def test_the_widest_directions_count_most():
    shared = torch.randn(200, 1).expand(-1, 6)
    features = torch.cat([shared + 0.1 * torch.randn(200, 6), torch.randn(200, 2)], dim=1)
    targets, importance = main_directions(features, most=3)
    assert targets.shape == (200, 3)
    assert importance.sum() == pytest.approx(1)
    assert importance.argmax() == 2
    assert importance[2] > 2 * importance[1]


def test_a_teacher_s_lesson_is_part_of_the_loss_and_lowers(taught, small):
    alone = next(_e for _e in train(small(epochs=3)) if isinstance(_e, StepDone))
    epochs = [event for event in train(taught) if isinstance(event, EpochDone)]
    assert epochs[0].train_loss > alone.loss + 2
    assert epochs[-1].train_loss < epochs[0].train_loss - 0.3


def test_a_resumed_lesson_goes_on_with_the_same_numbers(taught, tmp_path):
    whole = _losses(train(taught))
    events = train(taught)
    first = list(itertools.takewhile(lambda e: not isinstance(e, Checkpoint), events))
    state = tmp_path / "state.safetensors"
    next(e for e in reversed(first) if isinstance(e, StepDone)).save(state)
    events.close()
    assert _losses(first) + _losses(train(taught, resume=state)) == whole


def test_what_is_kept_knows_nothing_of_its_teacher(taught, kept_weights, monkeypatch):
    events = list(train(taught))
    assert any(isinstance(event, Tested) for event in events)
    monkeypatch.delenv("TL_WEIGHTS")
    assert all(name.startswith(("backbone.", "head.")) for name in kept_weights(events))


def test_a_teacher_without_weights_is_an_error_with_words(small):
    with pytest.raises(WeightsMissing, match="MobileNetV2"):
        next(train(small(distillation={"teacher": "mobilenetv2_100"})))


def test_a_teacher_has_seen_no_blended_pictures():
    text = "{distillation: {teacher: mobilenetv2_100}, augmentation: {mixup: 0.2}}"
    with pytest.raises(RecipeError, match="no blends"):
        from_text(text)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_imitating_answers_is_hinton_s_formula(temperature):
    taught, said = torch.randn(20, 5), torch.randn(8, 5)
    rows = torch.randperm(20)[:8]
    lesson = AnswerTeacher(taught, temperature).lesson(NOTHING, said, rows)
    theirs = np.exp(taught[rows].numpy().astype(np.float64) / temperature)
    ours = np.exp(said.numpy().astype(np.float64) / temperature)
    theirs, ours = (each / each.sum(axis=1, keepdims=True) for each in (theirs, ours))
    plain = (theirs * np.log(theirs / ours)).sum(axis=1).mean()
    assert lesson == pytest.approx(temperature**2 * plain, rel=1e-4)


def test_whoever_answers_like_the_teacher_has_nothing_to_learn():
    logits = torch.randn(6, 3)
    lesson = AnswerTeacher(logits, 4.0).lesson(NOTHING, logits + 5, torch.arange(6))
    assert lesson == pytest.approx(0, abs=1e-5)


def test_a_student_of_a_run_comes_to_answer_as_its_teacher_does(small, trained):
    def distance(weight):
        recipe = small(
            model={"backbone": "scratch-plain", "weights": "none"},
            distillation={"teacher": str(trained), "weight": weight},
            optimiser={"name": "adamw", "rate": 3e-3},
            epochs=6,
        )
        table = next(e for e in train(recipe) if isinstance(e, Tested)).predictions
        return np.abs(table.probabilities - _answers(trained, recipe)).mean()

    assert distance(20.0) < 0.8 * distance(1e-6)


def test_a_lesson_of_answers_goes_on_with_the_same_numbers(small, trained, tmp_path):
    recipe = small(distillation={"teacher": str(trained)})
    whole = _losses(train(recipe))
    events = train(recipe)
    first = list(itertools.takewhile(lambda e: not isinstance(e, Checkpoint), events))
    state = tmp_path / "state.safetensors"
    next(e for e in reversed(first) if isinstance(e, StepDone)).save(state)
    events.close()
    assert _losses(first) + _losses(train(recipe, resume=state)) == whole


def test_the_teacher_may_have_the_classes_in_another_order(small, trained, tmp_path):
    """Its answers are put into the student's order: turning classes and outputs changes nothing."""
    turned = tmp_path / "turned.safetensors"
    _rewrite(trained, turned, lambda names: names[::-1])
    assert _losses(train(small(distillation={"teacher": str(trained)}))) == pytest.approx(
        _losses(train(small(distillation={"teacher": str(turned)}))), rel=1e-3
    )


def test_a_teacher_of_other_classes_is_refused_in_words(small, trained, tmp_path):
    other = tmp_path / "other.safetensors"
    _rewrite(trained, other, lambda names: ["<b>yeti</b>", *names[1:]], turn=False)
    with pytest.raises(WeightsError, match=r"is not among both[^!]*same classes"):
        next(train(small(distillation={"teacher": str(other)})))


@pytest.mark.parametrize("content", [None, b"no network", b""])
def test_a_teacher_that_is_missing_or_damaged_is_told(small, tmp_path, content):
    path = tmp_path / "teacher.safetensors"
    if content is not None:
        path.write_bytes(content)
    words = "is not there" if content is None else "can't teach"
    with pytest.raises(WeightsError, match=words):
        next(train(small(distillation={"teacher": str(path)})))


def test_recipes_from_before_there_was_a_temperature_keep_their_ids():
    text = "{distillation: {teacher: mobilenetv2_100, size: 64, weight: 2.0}}"
    assert from_text(text).id == "414409245436"
    assert Recipe().id == Recipe(distillation=Recipe().distillation).id


def _answers(path, recipe):
    from tlcore.data.load import load
    from tlcore.nn.engine.saved_network import load_network

    kept = load_network(path)
    pixels = torch.tensor(np.asarray(load(recipe.data, recipe.input).test.pixels))
    with torch.no_grad():
        return kept.network(kept.prepare(pixels)).softmax(dim=1).numpy()


def _rewrite(source, target, rename, *, turn=True):
    """The same network under other class names; its last layer turned with them."""
    from tlcore.nn.engine import saved_network

    tensors, facts = saved_network.read(source, "network")
    if turn:
        last = sorted(name for name in tensors if name.startswith("head."))
        tensors = {n: t.flip(0) if n in last else t for n, t in tensors.items()}
    plain = {name: value for name, value in facts.items() if name not in ("format", "kind")}
    saved_network.write(target, "network", tensors, {**plain, "classes": rename(facts["classes"])})
