"""A recipe goes in, a stream of events comes out."""

import itertools

import numpy as np
import pytest
import torch

from tlcore.analysis.predictions import Predictions
from tlcore.analysis.scores import score
from tlcore.data import load
from tlcore.data.pictures import Pictures
from tlcore.errors import NotFinite, OutOfMemory
from tlcore.events import (
    Checkpoint,
    EpochDone,
    Finished,
    Note,
    PhaseBegan,
    Started,
    StepDone,
    Tested,
    as_fields,
)
from tlcore.nn.engine import loop, step, train
from tlcore.nn.engine.saved_network import load_network


def run(recipe, **how):
    return list(train(recipe, **how))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def without_time(events):
    """What a run says, less how long it took."""
    timing = {"seconds", "images_per_second"}
    return [{k: v for k, v in as_fields(e).items() if k not in timing} for e in events]


def test_a_run_tells_its_story_in_order(small):
    events = run(small())
    kinds = [type(e) for e in events if not isinstance(e, Note)]
    epoch = [StepDone] * 4 + [EpochDone, Checkpoint]
    assert kinds == [Started, PhaseBegan, *epoch, *epoch, Tested, Finished]


def test_the_same_recipe_gives_the_same_numbers(small):
    first, again = run(small()), run(small())
    assert without_time(first) == without_time(again)
    one, other = of(Tested, first)[0].predictions, of(Tested, again)[0].predictions
    assert np.array_equal(one.probabilities, other.probabilities)


def test_another_seed_gives_other_numbers(small):
    losses = [of(StepDone, run(small(seed=seed)))[0].loss for seed in (0, 1)]
    assert losses[0] != losses[1]


def test_training_lowers_the_loss(small):
    epochs = of(EpochDone, run(small(epochs=12)))
    assert epochs[-1].train_loss < 0.8 * epochs[0].train_loss


def test_the_report_is_of_the_whole_test_set(small):
    tested = of(Tested, run(small()))[0]
    assert len(tested.predictions) == 3 * len(tested.predictions.classes)
    assert tested.report.accuracy == score(tested.predictions).accuracy
    test = load(small().data, small().input).test
    assert (tested.predictions.ids == test.ids).all()
    assert (tested.pictures == test.pixels).all()


@pytest.mark.parametrize("preset", ["head-only", "lp-ft", "gradual"])
def test_the_kept_network_is_asked_about_the_validation_share_once_more(preset, pretrained):
    recipe = pretrained(preset, epochs=4)
    events = run(recipe)
    tested, kept = of(Tested, events)[0], of(Finished, events)[0].kept_epoch
    found, share = tested.validation, load(recipe.data, recipe.input).validation
    assert share is not None
    assert (found.ids == share.ids).all()
    assert found.classes == tested.predictions.classes
    told = of(EpochDone, events)[kept]
    assert found.correct.mean() == pytest.approx(told.validation_accuracy)
    assert found.loss.mean() == pytest.approx(told.validation_loss, rel=1e-3)


def test_closing_the_generator_stops_the_run_between_two_steps(small):
    events = train(small())
    seen = list(itertools.takewhile(lambda e: not isinstance(e, StepDone), events))
    events.close()
    assert seen
    assert next(events, None) is None


@pytest.mark.parametrize("steps", [2, 4, 6])
def test_stopped_on_request_the_best_network_so_far_is_tested(steps, small):
    asked = itertools.count(1)
    events = run(small(epochs=9), enough=lambda: next(asked) >= steps)
    assert len(of(StepDone, events)) <= steps
    assert of(Tested, events)
    end = of(Finished, events)[0]
    assert "stopped on request" in end.reason
    assert end.epochs == len(of(EpochDone, events)) < 9


def test_the_best_epoch_is_kept_and_named(small):
    events = run(small(epochs=6, optimiser={"name": "sgd", "rate": 0.2}))
    epochs = of(EpochDone, events)
    best = min(epochs, key=lambda e: e.validation_loss)
    assert of(Finished, events)[0].kept_epoch == best.epoch


def test_without_a_validation_share_the_last_epoch_is_kept_and_said(small):
    data = {"name": "shapes", "validation": 0.0, "shapes": {"per_class": 6, "size": 16}}
    events = run(small(data=data))
    assert of(Finished, events)[0].kept_epoch == 1
    assert of(EpochDone, events)[0].validation_loss is None
    assert of(Tested, events)[0].validation is None
    assert any("no validation share" in note.text for note in of(Note, events))


def test_early_stopping_gives_up_when_patience_ends(small):
    recipe = small(
        epochs=30,
        optimiser={"rate": 1e-9},
        early_stopping={"patience": 2, "monitor": "accuracy"},
    )
    events = run(recipe)
    assert len(of(EpochDone, events)) < 10
    assert "not improved for 2 epochs" in of(Finished, events)[0].reason


def test_a_loss_that_is_no_number_stops_the_run_with_step_and_rate(small):
    recipe = small(optimiser={"name": "sgd", "rate": 1e30}, epochs=3)
    with pytest.raises(NotFinite, match=r"epoch 1, step \d.* learning rate 1e\+30"):
        run(recipe)


def test_a_checkpoint_never_holds_weights_that_are_no_numbers(small, tmp_path):
    recipe = small(optimiser={"name": "sgd", "rate": 1e30}, epochs=3)
    saved = []
    with pytest.raises(NotFinite):  # noqa: PT012  the loop is what is tested
        for event in train(recipe):
            if isinstance(event, Checkpoint):
                event.save(tmp_path / "last.safetensors")
                saved.append(event)
    assert saved == []


@pytest.mark.parametrize("share", [0.0, 0.07])
@pytest.mark.parametrize("preset", ["head-only", "last-blocks", "full"])
def test_the_validation_share_and_the_test_are_judged_by_one_arithmetic(
    preset, share, pretrained, monkeypatch
):
    """That of the run, or float32 where low precision changes too many answers, which is said."""
    monkeypatch.setattr(loop, "changed_answers", lambda *of_anything: share)
    keep = {"keep": "last"}
    events = run(pretrained(preset, precision="bfloat16", early_stopping=keep, epochs=2))
    notes = [note.text for note in of(Note, events) if "bfloat16 changes 7%" in note.text]
    assert len(notes) == (1 if share else 0)
    (tested,) = of(Tested, events)
    loss = of(EpochDone, events)[-1].validation_loss
    assert tested.validation.loss.mean() == pytest.approx(loss, rel=1e-5)


def test_one_clamp_holds_for_a_hopeless_picture_at_the_epoch_and_at_the_test():
    hopeless = np.array([[1.0, 0.0]], np.float32)
    table = Predictions(np.array(["a"]), np.array([1]), hopeless, ("x", "y"))
    pictures = Pictures(np.zeros((1, 8, 8, 3), np.uint8), table.labels, table.ids)
    loss, _ = loop.loss_and_accuracy(hopeless, pictures)
    assert loss == table.loss.mean() == pytest.approx(27.6, abs=0.05)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("can't allocate memory")]
)
def test_when_memory_runs_out_the_batch_is_halved_the_step_is_the_same_and_it_is_said(
    error, small, monkeypatch
):
    whole = step._gradients
    failures = iter([error])

    def tight(*arguments):
        for failure in failures:
            raise failure
        return whole(*arguments)

    # no BatchNorm statistics are trained here, so parts add up to the very same step
    recipe = small(schedule={"preset": "full", "batchnorm": "frozen"})
    usual = of(StepDone, run(recipe))
    monkeypatch.setattr(step, "_gradients", tight)
    events = run(recipe)
    notes = [note.text for note in of(Note, events)]
    assert any("parts of 8" in note for note in notes)
    assert [s.loss for s in of(StepDone, events)] == pytest.approx(
        [s.loss for s in usual], rel=1e-3
    )


def test_when_memory_runs_out_in_a_test_smaller_batches_say_the_same(small, monkeypatch):
    usual = of(Tested, run(small()))[0].predictions
    split = loop._probabilities

    def tight(network, source, precision, batch):
        if batch > 32:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return split(network, source, precision, batch)

    monkeypatch.setattr(loop, "_probabilities", tight)
    assert np.allclose(of(Tested, run(small()))[0].predictions.probabilities, usual.probabilities)


def test_when_not_even_one_picture_fits_the_run_ends_and_says_so(small, monkeypatch):
    def full(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(step, "_gradients", full)
    with pytest.raises(OutOfMemory, match="Not even two pictures"):
        run(small())


def test_other_errors_are_not_taken_for_want_of_memory(small, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("shapes can't be multiplied")

    monkeypatch.setattr(step, "_gradients", broken)
    with pytest.raises(RuntimeError, match="multiplied"):
        run(small())


@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": {"name": name, "rate": 0.01, "weight_decay": 0.01, "l1": 1e-4, "clip": 1.0}}
        for name in ("sgd", "adam", "adamw")
    ]
    + [
        {"rate_schedule": {"name": name}, "epochs": 3}
        for name in (
            "constant",
            "step",
            "constant-then-exponential",
            "exponential",
            "cosine",
            "one-cycle",
            "plateau",
        )
    ]
    + [
        {"augmentation": {"flip": True, "crop": 0.1, "rotation": 10, "mixup": 0.2, "cutmix": 1.0}},
        {"balance": "weights", "label_smoothing": 0.1},
        {"balance": "sampling"},
        {"precision": "bfloat16"},
        {"input": {"size": 24, "resize": "once"}},
    ],
    ids=str,
)
def test_every_dial_of_a_recipe_trains(changes, small):
    events = run(small(**changes))
    assert isinstance(events[-1], Finished)
    assert all(np.isfinite(e.train_loss) for e in of(EpochDone, events))


def test_weight_decay_and_l1_pull_weights_towards_nothing(small, kept_weights):
    def size(**penalty):
        recipe = small(optimiser={"name": "sgd", "rate": 0.01, **penalty})
        weights = kept_weights(train(recipe))
        return sum(t.abs().sum().item() for name, t in weights.items() if name.endswith("weight"))

    assert size(weight_decay=1.0) < size()
    assert size(l1=0.1) < size()


def test_the_saved_network_predicts_what_the_run_did(pretrained, tmp_path):
    tested = of(Tested, run(pretrained("full")))[0]
    tested.save(tmp_path / "model.safetensors")
    kept = load_network(tmp_path / "model.safetensors")
    assert kept.classes == tested.predictions.classes
    pictures = torch.from_numpy(np.array(load(kept.recipe.data, kept.recipe.input).test.pixels))
    with torch.inference_mode():
        said = kept.network(kept.prepare(pictures)).softmax(dim=1).numpy()
    assert np.allclose(said, tested.predictions.probabilities, atol=1e-5)
