import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.support.makers import everything_in, picture, there
from tlcore.data import cifar
from tlcore.data.cifar import CIFAR10, CIFAR100, open_cifar
from tlcore.data.load import load, open_dataset
from tlcore.errors import DataError, DataMissing
from tlcore.recipe import Data, Input

FINE = sorted(name for names in CIFAR100.values() for name in names)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The data folder."""
    folder = tmp_path / "sets"
    folder.mkdir()
    monkeypatch.setenv("TL_DATA", str(folder))
    return folder


def rows(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)


def write_pickle(path, table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(table, protocol=2))


def batch(seed: int, count: int = 20, **changes) -> dict[bytes, object]:
    table = {"data": rows(count, seed), "labels": [row % 10 for row in range(count)]}
    return {name.encode(): value for name, value in (table | changes).items()}


def write_cifar10(folder) -> None:
    for number in range(1, 6):
        write_pickle(folder / "cifar-10-batches-py" / f"data_batch_{number}", batch(number))
    write_pickle(folder / "cifar-10-batches-py" / "test_batch", batch(9))


def write_cifar100(folder) -> None:
    coarse = [next(i for i, names in enumerate(CIFAR100.values()) if fine in names)
              for fine in FINE]  # fmt: skip
    for seed, side in enumerate(("train", "test")):
        fine = list(range(100)) * 2
        table = {b"data": rows(200, seed), b"fine_labels": fine,
                 b"coarse_labels": [coarse[label] for label in fine]}  # fmt: skip
        write_pickle(folder / "cifar-100-python" / side, table)


def write_parquet(path, labels, pictures=None, column="img", label="label") -> None:
    pictures = pictures or [picture(row, (32, 32)) for row in range(len(labels))]
    path.parent.mkdir(parents=True, exist_ok=True)
    structs = [{"bytes": content, "path": None} for content in pictures]
    pq.write_table(pa.table({column: structs, label: labels}), path)


def write_hub(folder, name="cifar10", **how) -> None:
    for side, count in (("train", 30), ("test", 20)):
        labels = [row % 10 for row in range(count)]
        write_parquet(folder / name / f"{side}-00000-of-00001.parquet", labels, **how)


def test_torchvisions_files_give_pictures_labels_and_names(place):
    write_cifar10(place)
    data = open_cifar("cifar10")
    assert (len(data.train), len(there(data.test))) == (100, 20)
    assert data.classes == CIFAR10
    first = rows(20, 1)[0].reshape(3, 32, 32).transpose(1, 2, 0)
    assert np.array_equal(data.train.pixels[0], first)
    assert data.train.labels[:12].tolist() == [*range(10), 0, 1]
    assert any("Only 100 of CIFAR-10's 50,000 train" in note for note in data.notes)


@pytest.mark.parametrize("where", [".", "a", "a/b", "cifar10/nested"])
def test_it_is_found_in_folders_below_the_data_folder(place, where):
    write_cifar10(place / where)
    assert len(open_cifar("cifar10").train) == 100


@pytest.mark.parametrize("where", [".", "cifar10", "sets/cifar-10", "a/cifar10"])
def test_the_hubs_files_are_found_too(place, where):
    write_hub(place / where)
    data = open_cifar("cifar10")
    assert (len(data.train), len(there(data.test))) == (30, 20)
    assert data.train.pixels.shape == (30, 32, 32, 3)


def test_a_data_folder_may_be_the_data_set_itself(place, monkeypatch):
    write_hub(place)
    monkeypatch.setenv("TL_DATA", str(place / "cifar10"))
    assert len(open_cifar("cifar10").train) == 30


def test_one_cifar_is_not_taken_for_the_other(place):
    write_hub(place, "cifar100", label="fine_label")
    assert cifar.find("cifar10") is None
    assert cifar.find("cifar100") is not None


def test_fine_and_coarse_labels_are_the_same_pictures(place):
    write_cifar100(place)
    fine, coarse = open_cifar("cifar100"), open_cifar("cifar100", "coarse")
    assert (len(fine.classes), len(coarse.classes)) == (100, 20)
    assert fine.fingerprint == coarse.fingerprint
    assert np.array_equal(fine.train.pixels, coarse.train.pixels)
    names = [fine.classes[label] for label in fine.train.labels]
    assert [fine.superclasses[name] for name in names] == [
        coarse.classes[label] for label in coarse.train.labels
    ]
    assert coarse.train.groups["fine"].tolist() == names


def test_our_coarse_labels_are_those_in_the_official_files(place):
    write_cifar100(place)
    official = pickle.loads((place / "cifar-100-python" / "train").read_bytes(), encoding="bytes")
    coarse = open_cifar("cifar100", "coarse").train.labels
    assert coarse.tolist() == official[b"coarse_labels"]


def test_what_was_decoded_once_is_not_decoded_again(place, monkeypatch):
    write_hub(place)
    first = open_cifar("cifar10")
    monkeypatch.setattr(cifar, "_decode", None)
    assert np.array_equal(open_cifar("cifar10").train.pixels, first.train.pixels)


def test_changed_content_is_noticed(place):
    write_cifar10(place)
    before = open_cifar("cifar10").fingerprint
    write_pickle(place / "cifar-10-batches-py" / "test_batch", batch(8))
    assert open_cifar("cifar10").fingerprint != before


def test_pictures_are_enlarged_once_if_asked_for(place):
    write_cifar10(place)
    data, large = Data(name="cifar10"), Input(size=40, resize="once")
    assert open_dataset(data, large).train.pixels.shape == (100, 40, 40, 3)
    assert load(data, large).test.pixels.shape == (20, 40, 40, 3)
    assert load(data, Input(size=40)).test.pixels.shape == (20, 32, 32, 3)


def test_a_large_enlarged_set_is_mapped_from_disk_with_the_same_pixels(place, monkeypatch):
    write_cifar10(place)
    data, large = Data(name="cifar10"), Input(size=40, resize="once", interpolation="bicubic")
    in_memory = load(data, large)
    monkeypatch.setattr("tlcore.data.pictures.IN_MEMORY", 0)
    mapped = load(data, large)
    assert isinstance(mapped.train.pixels.base, np.memmap)
    assert np.array_equal(mapped.train.pixels, in_memory.train.pixels)


def test_missing_data_says_where_it_was_looked_for_and_what_to_put_there(place):
    with pytest.raises(DataMissing) as caught:
        open_cifar("cifar100")
    assert str(place) in caught.value.remedy
    assert "cifar-100-python.tar.gz" in caught.value.remedy


def test_an_archive_that_was_not_unpacked_is_pointed_at(place):
    (place / "cifar-10-python.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(DataMissing) as caught:
        open_cifar("cifar10")
    assert "unpack it there" in caught.value.remedy


class Evil:
    """A pickle that would run a command."""

    def __reduce__(self):
        import os

        return os.system, ("touch evil-was-here",)


class Loads:
    """A pickle that would read another one."""

    def __reduce__(self):
        return pickle.loads, (b"N.",)


def first_batch(content) -> object:
    def write(place) -> None:
        write_cifar10(place)
        path = place / "cifar-10-batches-py" / "data_batch_1"
        path.write_bytes(content) if isinstance(content, bytes) else write_pickle(path, content)

    return write


def train_parquet(write) -> object:
    def break_it(place) -> None:
        write_hub(place)
        write(place / "cifar10" / "train-00000-of-00001.parquet")

    return break_it


TINY, LARGE = picture(1, (8, 8)), picture(2, (64, 64))

BROKEN = {
    "a command": (first_batch({b"data": Evil(), b"labels": []}), "posix.system"),
    "another pickle": (first_batch({b"data": Loads(), b"labels": []}), "pickle.loads"),
    "no pickle": (first_batch(b"hello"), "damaged"),
    "an empty pickle": (first_batch(b""), "damaged"),
    "half a pickle": (first_batch(pickle.dumps(batch(1), protocol=2)[:5000]), "damaged"),
    "a list": (first_batch([1, 2]), "no table"),
    "no pictures": (first_batch({b"labels": [1]}), "no table `data`"),
    "pictures of another shape": (first_batch(batch(1, data=rows(20, 1)[:, :300])), "3,072"),
    "pictures of real numbers": (first_batch(batch(1, data=rows(20, 1) / 255)), "3,072"),
    "no labels": (first_batch({b"data": rows(2, 1)}), "labels"),
    "too few labels": (first_batch(batch(1, labels=[1, 2])), "20 pictures and 2 labels"),
    "a label too high": (first_batch(batch(1, labels=[10] * 20)), "labels outside 0 to 9"),
    "a label below nought": (first_batch(batch(1, labels=[-1] * 20)), "labels outside 0 to 9"),
    "labels in words": (first_batch(batch(1, labels=["cat"] * 20)), "whole numbers"),
    "labels of labels": (first_batch(batch(1, labels=[[1], [1, 2]] * 10)), "whole numbers"),
    "no parquet": (train_parquet(lambda p: p.write_bytes(b"PAR1 no PAR1")), "isn't what"),
    "half a parquet": (
        train_parquet(lambda p: p.write_bytes(p.read_bytes()[:2000])), "isn't what"),
    "other columns": (
        train_parquet(lambda p: write_parquet(p, [1], column="photo")), "no columns img"),
    "no label column": (
        train_parquet(lambda p: write_parquet(p, [1], label="kind")), "no columns img"),
    "large pictures": (train_parquet(lambda p: write_parquet(p, [1], [LARGE])), "64 x 64"),
    "small pictures": (train_parquet(lambda p: write_parquet(p, [1], [TINY])), "8 x 8"),
    "no readable picture": (
        train_parquet(lambda p: write_parquet(p, [1, 2], [b"x", b"y"])), "none of its pictures"),
    "empty labels": (train_parquet(lambda p: write_parquet(p, [None, None])), "whole numbers"),
}  # fmt: skip


@pytest.mark.parametrize(("write", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_clear_error_and_is_left_as_it_is(write, reason, place, tmp_path):
    write(place)
    before = everything_in(tmp_path / "sets")
    with pytest.raises(DataError, match=reason) as caught:
        open_cifar("cifar10")
    assert str(place) in caught.value.where
    assert everything_in(tmp_path / "sets") == before
    assert not list(tmp_path.rglob("evil*"))


def test_a_damaged_picture_among_good_ones_is_left_out_and_told(place):
    good = picture(1, (32, 32))
    write_hub(place)
    path = place / "cifar10" / "train-00000-of-00001.parquet"
    write_parquet(path, [1, 2, 3], [good, b"broken", good])
    data = open_cifar("cifar10")
    assert data.train.labels.tolist() == [1, 3]
    assert any("1 damaged" in note for note in data.notes)
