"""Small pictures lie in the order of the predictions, and any of them is read alone."""

import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tlcore.errors import RunError
from tlcore.runs import thumbnails
from tlcore.runs.thumbnails import read_thumbnail, write_thumbnails


def noise(count, height=32, width=32):
    """As hard to pack as a photograph."""
    dice = np.random.default_rng(0)
    coarse = dice.integers(0, 256, (count, height // 4, width // 4, 3), dtype=np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)


def opened(path, row):
    return np.asarray(Image.open(BytesIO(read_thumbnail(path, row))).convert("RGB"), dtype=int)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pictures-1.zip"


def test_each_row_is_its_own_picture_in_its_own_size(path):
    pictures = noise(12)
    write_thumbnails(pictures, path)
    for row in (11, 0, 5):
        seen = opened(path, row)
        assert seen.shape == (32, 32, 3)
        errors = np.abs(pictures.astype(int) - seen).mean(axis=(1, 2, 3))
        assert errors.argmin() == row
        assert errors[row] < 4


@pytest.mark.parametrize(
    ("shape", "small"), [((64, 64), (64, 64)), ((128, 128), (64, 64)), ((200, 100), (64, 32))]
)
def test_large_pictures_become_small_in_their_proportions(path, shape, small):
    write_thumbnails(noise(1, *shape), path)
    assert opened(path, 0).shape[:2] == small


def test_the_same_pictures_are_the_same_bytes(path, tmp_path):
    for each in (path, tmp_path / "again.zip"):
        write_thumbnails(noise(5), each)
    assert path.read_bytes() == (tmp_path / "again.zip").read_bytes()


@pytest.mark.parametrize("row", [-1, 3, 10**12])
def test_a_picture_that_was_not_kept_is_told_in_words(path, row):
    write_thumbnails(noise(3), path)
    with pytest.raises(RunError, match=r"no picture .* among the 3"):
        read_thumbnail(path, row)


def test_no_more_are_kept_than_there_may_be(path, monkeypatch):
    monkeypatch.setattr(thumbnails, "MOST_PICTURES", 2)
    write_thumbnails(noise(3), path)
    read_thumbnail(path, 1)
    with pytest.raises(RunError, match="among the 2"):
        read_thumbnail(path, 2)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\5\6" + b"\0" * 18 + b"x"])
def test_a_damaged_file_is_told_in_words(path, content):
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"can't be read|among the 0"):
        read_thumbnail(path, 0)


def test_a_file_that_is_gone_is_told_in_words(path):
    with pytest.raises(RunError, match="can't be read"):
        read_thumbnail(path, 0)


def test_ten_thousand_pictures_of_cifar_size_take_a_few_seconds_and_megabytes(path):
    pictures = noise(1000)
    start = time.perf_counter()
    write_thumbnails(pictures, path)
    assert time.perf_counter() - start < 1  # alone on a core it is a tenth of that
    assert path.stat().st_size < 2_000_000
