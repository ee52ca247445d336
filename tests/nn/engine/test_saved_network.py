"""A saved file comes back as it was, or not at all."""

import json
import pickle
import random

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from tlcore.errors import CheckpointError
from tlcore.nn.engine.saved_network import read, write

TENSORS = {
    "weight": torch.arange(600.0).reshape(20, 30),
    "half": torch.ones(7, dtype=torch.bfloat16),
    "count": torch.tensor(3),
    "empty": torch.zeros(0, 4),
}
FACTS = {"epoch": 3, "name": "łäb 🧊"}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "state.safetensors"
    write(path, "state", TENSORS, FACTS)
    return path


def test_what_was_written_is_read_back(saved):
    tensors, facts = read(saved, "state")
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert facts["name"] == FACTS["name"]


def test_every_cut_is_noticed(saved):
    whole = saved.read_bytes()
    for length in range(0, len(whole), 97):
        saved.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            read(saved, "state")


def test_every_flipped_bit_is_noticed(saved):
    whole = saved.read_bytes()
    chance = random.Random(0)
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        saved.write_bytes(damaged)
        try:
            tensors, _ = read(saved, "state")
        except CheckpointError:
            continue
        # a bit of the header's own padding or spelling may not matter; the content must
        assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


class Trap:
    """What a hostile pickle would run."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('the trap ran')",))


FOREIGN = {
    "empty": b"",
    "text": b"not a checkpoint",
    "a pickle that runs code": pickle.dumps(Trap()),
    "a header longer than the file": (2**40).to_bytes(8, "little") + b"{}",
    "a header that is no JSON": (4).to_bytes(8, "little") + b"{{{{",
    "offsets outside the file": (lambda h: len(h).to_bytes(8, "little") + h)(
        json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()
    ),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_files_are_refused(content, tmp_path):
    path = tmp_path / "state.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        read(path, "state")
    assert path.read_bytes() == content


def test_a_safetensors_file_of_somebody_else_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file(TENSORS, path)
    with pytest.raises(CheckpointError, match="not written by this lab"):
        read(path, "state")


def test_another_kind_of_file_is_refused(saved):
    with pytest.raises(CheckpointError, match="is a state"):
        read(saved, "network")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere\.safetensors"):
        read(tmp_path / "nowhere.safetensors", "state")


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        SafetensorError(
            "Error while serializing: I/O error: No space left on device (os error 28)"
        ),
    ],
    ids=["the system's", "the library's"],
)
def test_on_a_full_disk_the_file_before_still_stands(saved, monkeypatch, error):
    before = saved.read_bytes()

    def full(*arguments, **more):
        raise error

    monkeypatch.setattr("tlcore.nn.engine.saved_network.save_file", full)
    with pytest.raises(CheckpointError, match="could not be saved: the disk is full"):
        write(saved, "state", TENSORS, {})
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
