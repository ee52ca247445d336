"""Learning from a teacher's features beside the labels."""

import itertools

import pytest
import torch

from tlcore.errors import RecipeError, WeightsMissing
from tlcore.events import Checkpoint, EpochDone, StepDone, Tested
from tlcore.nn.engine import train
from tlcore.nn.engine.teacher import Teacher, main_directions
from tlcore.recipe_text import from_text


@pytest.fixture
def taught(small, stand_in_weights, monkeypatch):
    """A small recipe with a teacher, whose weights are found by name."""
    monkeypatch.setenv("TL_WEIGHTS", str(stand_in_weights("mobilenetv1_025").parent))
    return small(
        distillation={"teacher": "mobilenetv1_025", "size": 32, "weight": 4.0, "components": 8},
        optimiser={"name": "adamw", "rate": 3e-3},
        epochs=3,
    )


def _losses(events):
    return [event.loss for event in events if isinstance(event, StepDone)]


def test_a_student_that_says_the_same_in_its_own_way_is_at_no_distance():
    targets, view = torch.randn(32, 4), torch.eye(4)
    teacher = Teacher(targets, torch.full((4,), 0.25), view)
    rows = torch.arange(32)
    assert teacher.distance(3 * targets + 7, rows) == pytest.approx(0, abs=1e-4)
    assert teacher.distance(-targets, rows) == pytest.approx(2, abs=1e-3)
    assert 0.7 < teacher.distance(torch.randn(32, 4), rows) < 1.3


def test_a_batch_of_one_picture_has_a_distance_too():
    teacher = Teacher(torch.randn(3, 4), torch.full((4,), 0.25), torch.eye(4))
    assert torch.isfinite(teacher.distance(torch.randn(1, 4), torch.tensor([2])))


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
