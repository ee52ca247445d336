import subprocess
import sys

import numpy as np
import pytest

from bench.support.makers import there
from tlcore import paths
from tlcore.data import describe, load, open_dataset
from tlcore.recipe import Data, Input, Shapes

FEW = Data(shapes=Shapes(per_class=20, test_per_class=12), validation=0.25)


def test_the_same_recipe_gives_the_same_bytes():
    first, again = load(FEW, Input()), load(FEW, Input())
    for side, other in ((first.train, again.train), (first.test, again.test)):
        assert np.array_equal(side.pixels, other.pixels)
        assert side.ids.tolist() == other.ids.tolist()
    assert first.fingerprint == again.fingerprint


def test_digits_are_split_for_they_bring_no_test_set():
    data = open_dataset(Data(name="digits"), Input())
    assert (len(data.train), data.test) == (1797, None)
    assert data.train.pixels.max() == 255
    parts = load(Data(name="digits"), Input())
    sizes = [len(side) for side in (parts.train, there(parts.validation), parts.test)]
    assert sum(sizes) == 1797
    assert sizes[2] == pytest.approx(0.2 * 1797, abs=5)


def test_pictures_keep_their_own_size_unless_they_are_to_be_enlarged_once():
    assert load(FEW, Input(size=48)).train.pixels.shape[1:] == (32, 32, 3)
    once = load(FEW, Input(size=48, resize="once"))
    sides = (once.train, there(once.validation), once.test)
    assert {side.pixels.shape[1:] for side in sides} == {(48, 48, 3)}
    whole = open_dataset(FEW, Input(size=48, resize="once"))
    assert there(whole.test).pixels.shape == (120, 48, 48, 3)


def test_what_the_quick_checks_find_is_among_the_notes():
    lopsided = Shapes(per_class=60, test_per_class=5, imbalance=30)
    notes = " ".join(load(Data(shapes=lopsided), Input()).notes)
    assert "Lopsided" in notes
    assert "too few to judge a class by" in notes


def test_a_card_says_what_is_here_and_what_to_do_about_the_rest():
    cards = {card.name: card for card in describe()}
    assert list(cards) == ["shapes", "digits", "cifar10", "cifar100", "folder"]
    assert cards["shapes"].here
    assert not cards["cifar10"].here
    assert "cifar-10-python.tar.gz" in cards["cifar10"].remedy
    assert all(card.here != bool(card.remedy) for card in cards.values())


def test_data_sets_can_be_named_without_loading_heavy_libraries():
    script = (
        "import sys, tlcore.data; tlcore.data.describe();"
        "heavy = {'torch', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'streamlit'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=paths.PROJECT, check=True, timeout=60)
