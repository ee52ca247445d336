import math

import numpy as np
import pytest

from tlcore.analysis.curve_reading import read_curves


def run(**columns):
    """Epochs from columns: `train_loss=[...]`, and so on."""
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def rules(*given, **options):
    return [reading.rule for reading in read_curves(*given, **options)]


def texts(*given, **options):
    return " ".join(reading.text for reading in read_curves(*given, **options))


EVEN = run(train_loss=[1.0, 0.8, 0.79], validation_loss=[1.1, 0.9, 0.9])
OVERFIT = run(
    train_loss=[1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.15, 0.1, 0.08, 0.05],
    validation_loss=[1.1, 0.9, 0.8, 0.7, 0.72, 0.76, 0.8, 0.84, 0.87, 0.9],
)


def test_overfitting_is_told_with_the_epoch_at_which_it_began():
    found = read_curves(OVERFIT)[0]
    assert found.text == (
        "Validation loss rose after epoch 4 while training loss kept falling: overfitting."
    )
    assert (found.rule, found.epoch) == ("overfitting", 3)


def test_overfitting_in_loss_alone_is_told_apart():
    accuracies = [0.5, 0.6, 0.7, 0.75, 0.76, 0.77, 0.78, 0.79, 0.8, 0.8]
    epochs = [e | {"validation_accuracy": a} for e, a in zip(OVERFIT, accuracies, strict=True)]
    assert "still grew by 5 points: it gets surer of its mistakes" in texts(epochs)


@pytest.mark.parametrize(
    "epochs",
    [
        run(train_loss=[1, 0.8, 0.6, 0.4], validation_loss=[1, 0.8, 0.7, 0.71]),
        run(train_loss=[1, 0.8, 0.6, 0.6], validation_loss=[1, 0.8, 0.7, 0.9]),
        run(train_loss=[1, 0.8, 0.6, 0.4], validation_loss=[1, 0.7, 0.9, 0.71]),
        run(train_loss=[1, 0.8, 0.6, 0.4], validation_loss=[None] * 4),
    ],
    ids=["jitter", "training loss rose too", "one bad epoch", "no validation share"],
)
def test_no_overfitting_is_told_where_there_is_none(epochs):
    assert "overfitting" not in rules(epochs)


def test_a_run_that_ended_while_improving_is_told_so():
    epochs = run(train_loss=[1, 0.8, 0.6, 0.5], validation_loss=[1.1, 0.9, 0.8, 0.7])
    assert "Still improving when it ended: more epochs may help." in texts(epochs)
    assert "improving" not in rules(OVERFIT)
    assert "improving" not in rules(EVEN)


def test_a_run_without_a_validation_share_is_read_by_its_training_curves():
    epochs = run(train_loss=[1, 0.8, 0.6, 0.5], train_accuracy=[0.3, 0.5, 0.6, 0.7])
    assert "improving" in rules(epochs)
    assert "training accuracy rose by 20 points" in texts(epochs, thaws=[2])


@pytest.mark.parametrize(("accuracy", "learned"), [(0.11, False), (0.2, True)])
def test_whoever_is_no_better_than_guessing_has_not_learned(accuracy, learned):
    epochs = run(train_loss=[2.3, 2.3, 2.29], validation_accuracy=[0.1, 0.09, accuracy])
    said = rules(epochs, classes=10, pictures=1000)
    assert (said != ["did not learn"]) == learned


def test_on_few_pictures_more_than_guessing_may_still_be_luck():
    epochs = run(train_loss=[2.3, 2.3], validation_accuracy=[0.1, 0.15])
    assert rules(epochs, classes=10, pictures=50) == ["did not learn"]
    assert rules(epochs, classes=10, pictures=5000) != ["did not learn"]
    assert "15 % at best, and guessing gives 10 %" in texts(epochs, classes=10, pictures=50)


@pytest.mark.parametrize("losses", [[1, 2, 9], [1, math.nan, math.nan], [1, math.inf, 1]])
def test_a_loss_that_grows_or_is_no_number_is_all_that_is_told(losses):
    epochs = run(train_loss=losses, validation_loss=[1.0, 2.0, 3.0])
    assert rules(epochs, thaws=[1]) == ["diverged"]


def test_a_thaw_is_told_with_what_became_of_accuracy():
    epochs = run(
        train_loss=[1, 0.9, 0.7, 0.6, 0.55], validation_accuracy=[0.579, 0.58, 0.65, 0.69, 0.7]
    )
    found = read_curves(epochs, thaws=[2])[0]
    assert found.text == (
        "After the thaw at epoch 3, validation accuracy rose by 12 points (58 % to 70 %)."
    )
    assert (found.rule, found.epoch) == ("thaw", 2)


def test_a_rise_that_had_begun_before_is_not_the_thaws_alone():
    epochs = run(train_loss=[1, 0.9, 0.7, 0.6], validation_accuracy=[0.4, 0.5, 0.6, 0.7])
    assert "; it was rising by 10 points an epoch before." in texts(epochs, thaws=[2])


def test_each_of_several_thaws_is_told_up_to_the_next():
    accuracies = [0.4, 0.4, 0.5, 0.5, 0.503, 0.503]
    epochs = run(train_loss=[1, 0.9, 0.8, 0.7, 0.6, 0.5], validation_accuracy=accuracies)
    first, second = read_curves(epochs, thaws=[2, 4])[:2]
    assert "epoch 3, validation accuracy rose by 10 points (40 % to 50 %)" in first.text
    assert "epoch 5, validation accuracy hardly changed" in second.text


def test_a_thaw_that_forgets_is_told_with_whether_it_recovered():
    recovered = run(train_loss=[1, 0.9, 0.9, 0.6], validation_accuracy=[0.6, 0.7, 0.6, 0.75])
    assert "first cost 10 points of validation accuracy, and it won them back" in texts(
        recovered, thaws=[2]
    )
    worse = run(train_loss=[1, 0.9, 0.9, 0.6], validation_accuracy=[0.6, 0.7, 0.6, 0.65])
    assert "and it ended 5 points lower (70 % to 65 %)" in texts(worse, thaws=[2])


def test_what_thaws_before_the_first_epoch_is_no_thaw():
    epochs = run(train_loss=[1, 0.8], validation_accuracy=[0.5, 0.6])
    assert "thaw" not in rules(epochs, thaws=[0, 2, 7])


def test_a_gap_between_training_and_validation_is_told():
    epochs = run(
        train_loss=[1, 0.5, 0.4], train_accuracy=[0.7, 0.9, 0.95], validation_accuracy=[0.6] * 3
    )
    assert "training accuracy lies 35 points above validation accuracy (95 % and 60 %)" in texts(
        epochs
    )


def test_epochs_that_changed_nothing_are_told():
    epochs = run(
        train_loss=[1, 0.5, 0.4, 0.4, 0.4, 0.4], validation_accuracy=[0.5, 0.7, 0.7, 0.7, 0.7, 0.7]
    )
    assert "Little changed after epoch 3" not in texts(epochs)
    slow = [0.5, 0.6, 0.65, 0.7, 0.75, 0.8]
    epochs = run(
        train_loss=[1, 0.5, 0.46, 0.46, 0.46, 0.46],
        validation_accuracy=[0.5, 0.7, 0.7, 0.7, 0.7, 0.7],
    )
    assert "Little changed after epoch 2: fewer epochs would have done." in texts(epochs)
    assert "flat" not in rules(run(train_loss=[1] * 6, validation_accuracy=slow))


def test_a_loss_that_jumps_is_told():
    jumping = run(train_loss=[1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3],
                  validation_loss=[1, 0.6, 1, 0.6, 1, 0.6, 1, 0.6])  # fmt: skip
    assert "jumpy" in rules(jumping)
    assert "jumpy" not in rules(OVERFIT)


def test_a_head_start_is_told():
    epochs = run(train_loss=[1, 0.5, 0.4], validation_accuracy=[0.68, 0.7, 0.75])
    assert "validation accuracy was 68 % then, and 75 % at best" in texts(epochs)
    assert "at once" not in rules(run(train_loss=[1] * 3, validation_accuracy=[0.3, 0.5, 0.7]))


def test_there_is_always_something_to_read():
    assert rules(EVEN) == ["even"]
    assert rules([]) == ["empty"]
    assert rules([{"train_loss": 1.0}]) == ["even"]


def falling_to(level, epochs, jitter, seed):
    """A loss that falls for five epochs and then stands still, but for chance."""
    truth = level + 0.5 * np.exp(-np.minimum(np.arange(epochs), 5))
    return truth * (1 + jitter * np.random.default_rng(seed).normal(size=epochs))


def test_a_flat_loss_is_called_overfitting_at_most_once_in_twenty_and_a_rising_one_mostly():
    training = 0.5 * np.exp(-np.arange(20) / 10) + 0.05
    rising = np.maximum(1, 1 + 0.2 * (np.arange(20) - 6) / 13)
    for jitter in (0.02, 0.05, 0.1):
        flat = [falling_to(0.5, 20, jitter, seed) for seed in range(100)]
        said = [rules(run(train_loss=training, validation_loss=losses)) for losses in flat]
        assert sum("overfitting" in each for each in said) <= 5, jitter
    steady = [rising * falling_to(0.5, 20, 0.02, seed) for seed in range(50)]
    said = [rules(run(train_loss=training, validation_loss=losses)) for losses in steady]
    assert sum("overfitting" in each for each in said) >= 45


def test_the_best_of_many_guessed_epochs_has_not_learned():
    told = 0
    for seed in range(60):
        guessed = np.random.default_rng(seed).binomial(500, 0.1, 50) / 500
        epochs = run(train_loss=[2.3] * 50, validation_accuracy=guessed)
        told += rules(epochs, classes=10, pictures=500) == ["did not learn"]
    assert told >= 55


def test_always_saying_the_commonest_class_is_not_learning():
    epochs = run(train_loss=[0.7, 0.5, 0.4], validation_accuracy=[0.9, 0.9, 0.9])
    said = texts(epochs, classes=2, pictures=500, commonest=0.9)
    assert said == (
        "It did not learn: 90 % at best, and always saying the commonest class gives 90 %."
    )
