"""Torch's files, read without torch's reader: the same tensors, and nothing that isn't there."""

import hashlib

import pytest
import torch
from torch import nn

from bench.support.hostile.footprint import swallowed
from bench.support.hostile.weights import TRICKS, sound, sound_files, weights
from tlcore.errors import WeightsError
from tlcore.nn.networks.torch_files import read_torch
from tlcore.nn.networks.torch_pickle import Refused
from tlcore.nn.networks.weight_reader import read_weights

BIG = torch.arange(10_000.0).reshape(100, 100)
KINDS = {
    "a part of a tensor": BIG[3:7, ::2],
    "turned": BIG.t(),
    "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "nothing": torch.zeros(0, 4),
    "one number": torch.tensor(3.0),
    "yes and no": torch.tensor([True, False]),
    "half": torch.ones(3, dtype=torch.bfloat16),
    "bytes": torch.arange(5, dtype=torch.uint8),
    "long": torch.tensor(2**60),
    "a parameter": nn.Parameter(torch.ones(2, 2)),
}


@pytest.mark.parametrize("new", [True, False], ids=["zip", "before zips"])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_every_kind_of_tensor_comes_back_as_torch_saved_it(new, protocol, tmp_path):
    file = tmp_path / "x.pt"
    torch.save(KINDS, file, _use_new_zipfile_serialization=new, pickle_protocol=protocol)
    read = read_torch(file)
    assert list(read) == list(KINDS)
    for name, tensor in KINDS.items():
        assert read[name].dtype == tensor.dtype
        assert read[name].stride() == tensor.stride()
        assert torch.equal(read[name], tensor)


@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "before zips"])
def test_the_weights_of_a_training_script_are_found_beside_its_other_things(wrapper, new, tmp_path):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimiser = torch.optim.AdamW(network.parameters())
    network(torch.ones(2, 3, 5, 5)).sum().backward()
    optimiser.step()
    whole = {"epoch": 3, wrapper: network.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(whole, tmp_path / "x.pth", _use_new_zipfile_serialization=new)
    read = read_torch(tmp_path / "x.pth")
    assert read.keys() == network.state_dict().keys()
    assert all(torch.equal(read[name], network.state_dict()[name]) for name in read)


def test_two_names_for_one_tensor_are_fine(tmp_path):
    shared = torch.randn(5)
    torch.save({"a": shared, "b": shared}, tmp_path / "x.pt")
    read = read_torch(tmp_path / "x.pt")
    assert torch.equal(read["a"], read["b"])


@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(1).expand(9, 9), torch.zeros(18).as_strided((9, 9), (1, 1)),
     torch.zeros(9).expand(9, 9)],
)  # fmt: skip
def test_no_number_counts_twice_in_one_tensor(tensor, tmp_path):
    torch.save({"a": tensor}, tmp_path / "x.pt")
    with pytest.raises(Refused, match="a claims more numbers than the file holds"):
        read_torch(tmp_path / "x.pt")


def test_a_changed_bit_in_a_zip_is_noticed(tmp_path):
    torch.save({"a": torch.full((100,), 1.5)}, tmp_path / "x.pt")
    whole = bytearray((tmp_path / "x.pt").read_bytes())
    whole[whole.index(torch.full((100,), 1.5).numpy().tobytes()) + 50] ^= 1
    (tmp_path / "x.pt").write_bytes(whole)
    with pytest.raises(WeightsError, match="CRC"):
        read_weights(tmp_path / "x.pt")


def test_a_changed_bit_in_what_was_fetched_is_noticed_by_its_name(tmp_path):
    content = sound_files()[".safetensors"]
    blob = tmp_path / "blobs" / hashlib.sha256(content).hexdigest()
    link = tmp_path / "snapshots" / "main" / "model.safetensors"
    for path in (blob, link):
        path.parent.mkdir(parents=True)
    blob.write_bytes(content)
    link.symlink_to(blob)
    assert torch.equal(read_weights(link).tensors["head.weight"], sound()["head.weight"])
    blob.write_bytes(content[:-1] + b"\x01")
    with pytest.raises(WeightsError, match="changed since it was fetched"):
        read_weights(link)


def test_no_hostile_file_is_loaded_runs_or_fills_the_memory(tmp_path):
    """10,000 of them are in `bench/faults.py`."""
    files = []
    for number, (trick, ending, content) in enumerate(weights(6 * len(TRICKS))):
        files.append(tmp_path / f"{number:03} {trick}{ending}")
        files[-1].write_bytes(content)
    trials = swallowed("bench.support.hostile.take_weights", files)
    assert len(trials) == len(files)
    for trial in trials:
        assert trial.outcome.startswith("refused") or trial.outcome in (
            "loaded as it was saved", "loaded, of a kind that carries no sum"
        ), trial  # fmt: skip
    assert max(trial.megabytes for trial in trials) < 100
    assert max(trial.seconds for trial in trials) < 10
