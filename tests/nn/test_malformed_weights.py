import json
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save, save_file

from tlcore.errors import WeightsError
from tlcore.nn.networks.build import build
from tlcore.nn.networks.weights import load_into, source_for
from tlcore.recipe import Model

NAME = "mobilenetv1_025"
MODEL = Model(backbone=NAME, weights="none")


@pytest.fixture(scope="module")
def network():
    """A network to load into; whatever fails must leave it as it was."""
    return build(MODEL, 10, 32, seed=0)


@pytest.fixture(scope="module")
def tensors():
    """Weights that fit it, and are not its own."""
    state = build(MODEL, 10, 32, seed=1).backbone.state_dict()
    return {name: tensor.contiguous() for name, tensor in state.items()}


def _state(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def _same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def _header(path, header, length=None, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)


def _torch(path, content):
    torch.save(content, path.with_suffix(".pt"))
    return path.with_suffix(".pt")


def _bytes(data):
    return lambda path, tensors: path.write_bytes(data)


def _empty_folder(path, tensors):
    path.mkdir()


def _truncated(path, tensors):
    path.write_bytes(save(tensors)[:-1000])


def _cut_in_header(path, tensors):
    path.write_bytes(save(tensors)[:100])


def _huge_header(path, tensors):
    _header(path, b"{}", length=2**62)


def _header_longer_than_file(path, tensors):
    _header(path, b"{}", length=10_000)


def _header_over_the_limit(path, tensors):
    _header(path, b"{" + b" " * (17 * 2**20) + b"}")


def _header_no_json(path, tensors):
    _header(path, b"not json at all")


def _header_deep(path, tensors):
    _header(path, b'{"a":' * 20_000 + b"1" + b"}" * 20_000)


def _offsets_lie(path, tensors):
    _header(path, {"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}, data=b"1234")


def _offsets_overlap(path, tensors):
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    _header(path, {"a": entry, "b": entry}, data=b"1234")


def _unknown_dtype(path, tensors):
    _header(path, {"a": {"dtype": "F31", "shape": [1], "data_offsets": [0, 4]}}, data=b"1234")


def _no_tensors(path, tensors):
    save_file({}, path)


def _one_missing(path, tensors):
    save_file({n: t for n, t in tensors.items() if n != "conv_stem.weight"}, path)


def _one_too_many(path, tensors):
    save_file({**tensors, "evil.weight": torch.zeros(1)}, path)


def _other_shape(path, tensors):
    save_file({**tensors, "conv_stem.weight": torch.zeros(8, 3, 5, 5)}, path)


def _other_rank(path, tensors):
    save_file({**tensors, "bn1.weight": torch.zeros(8, 1)}, path)


def _whole_numbers(path, tensors):
    save_file({**tensors, "bn1.weight": torch.zeros(8, dtype=torch.int64)}, path)


def _nan(path, tensors):
    save_file({**tensors, "bn1.weight": torch.full((8,), torch.nan)}, path)


def _infinite(path, tensors):
    save_file({**tensors, "bn1.weight": torch.full((8,), torch.inf)}, path)


def _another_network(path, tensors):
    other = build(Model(backbone="scratch-e", weights="none"), 10, 32, seed=0)
    save_file(other.backbone.state_dict(), path, metadata={"architecture": "scratch-e"})


def _dangerous(path, tensors):
    class Trap:
        def __reduce__(self):
            return (warnings.warn, ("the trap went off",))

    return _torch(path, {"a": Trap()})


def _whole_module(path, tensors):
    return _torch(path, torch.nn.Linear(2, 2))


def _list(path, tensors):
    return _torch(path, [1, 2, 3])


def _numbers_by_name(path, tensors):
    return _torch(path, {"epoch": 3, **tensors})


def _sparse(path, tensors):
    return _torch(path, {**tensors, "bn1.weight": torch.zeros(8).to_sparse()})


def _expanded(path, tensors):
    return _torch(path, {**tensors, "conv_stem.weight": torch.zeros(1).expand(8, 3, 3, 3)})


def _complex(path, tensors):
    return _torch(path, {**tensors, "bn1.weight": torch.zeros(8, dtype=torch.complex64)})


def _meta(path, tensors):
    return _torch(path, {**tensors, "bn1.weight": torch.zeros(8, device="meta")})


def _compressed(path, tensors):
    with zipfile.ZipFile(path.with_suffix(".pt"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 10**6)
    return path.with_suffix(".pt")


def _torn_zip(path, tensors):
    file = _torch(path, tensors)
    file.write_bytes(file.read_bytes()[: 10**5])
    return file


def _no_pickle(path, tensors):
    path.with_suffix(".pth").write_bytes(b"\x80\x02}q\x00garbage")
    return path.with_suffix(".pth")


def _empty_torch(path, tensors):
    path.with_suffix(".bin").write_bytes(b"")
    return path.with_suffix(".bin")


MALFORMED = [
    (_bytes(b""), "0 bytes"),
    (_bytes(b"1234567"), "7 bytes"),
    (_bytes(b"<html>404 not found</html>" * 9), "header"),
    (_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99), "header"),
    (_empty_folder, "a folder"),
    (_truncated, "can't be used"),
    (_cut_in_header, "header"),
    (_huge_header, "4,611,686,018,427,387,904"),
    (_header_longer_than_file, "10,000"),
    (_header_over_the_limit, "header"),
    (_header_no_json, "can't be used"),
    (_header_deep, "can't be used"),
    (_offsets_lie, "can't be used"),
    (_offsets_overlap, "can't be used"),
    (_unknown_dtype, "can't be used"),
    (_no_tensors, "missing: conv_stem.weight"),
    (_one_missing, "missing: conv_stem.weight"),
    (_one_too_many, "unexpected: evil.weight"),
    (_other_shape, "conv_stem.weight is 8x3x5x5, not 8x3x3x3"),
    (_other_rank, "bn1.weight is 8x1, not 8"),
    (_whole_numbers, "bn1.weight is 8 int64, not 8"),
    (_nan, "bn1.weight holds infinite values or NaN"),
    (_infinite, "bn1.weight holds infinite values or NaN"),
    (_another_network, "made for scratch-e"),
    (_dangerous, "never run"),
    (_whole_module, "never run"),
    (_list, "no weights by name"),
    (_numbers_by_name, "'epoch'"),
    (_sparse, "more than plain tensors"),
    (_expanded, "conv_stem.weight claims more numbers"),
    (_complex, "bn1.weight is not a plain dense tensor"),
    (_meta, "more than plain tensors"),
    (_compressed, "compressed"),
    (_torn_zip, "can't be used"),
    (_no_pickle, "can't be used"),
    (_empty_torch, "can't be used"),
]


@pytest.mark.parametrize(("spoil", "words"), MALFORMED)
def test_a_malformed_file_gives_one_clear_error_and_changes_nothing(
    network, tensors, tmp_path, spoil, words
):
    path = tmp_path / "weights.safetensors"
    made = spoil(path, tensors)
    path = made if isinstance(made, Path) else path
    before = _state(network)
    with pytest.raises(WeightsError) as caught:
        load_into(network, path)
    assert words in str(caught.value)
    assert caught.value.remedy
    assert "Traceback" not in str(caught.value)
    assert _same(_state(network), before)


METADATA = [
    ({"thaw": "{}"}, "no network that a run left behind"),
    ({"thaw": "[1, 2"}, "no network that a run left behind"),
    ({"thaw": '{"options": {"file": "x"}, "prepare": {"mean": 1, "std": 1}}'}, "file"),
    ({"mean": "[0.5, 0.5]", "std": "[1, 1, 1]"}, "no mean or deviation"),
    ({"mean": "grey", "std": "[1, 1, 1]"}, "no mean or deviation"),
    ({"mean": "[0.5, 0.5, 0.5]", "std": "[0, 1, 1]"}, "no mean or deviation"),
    ({"mean": "[0.5, 0.5, 0.5]", "std": "[NaN, 1, 1]"}, "no mean or deviation"),
    ({"create_kwargs": "checkpoint_path='/etc/passwd'"}, "checkpoint_path"),
    ({"create_kwargs": "pad_type='valid'"}, "pad_type='valid'"),
    ({"create_kwargs": "bn_eps=__import__('os')"}, "bn_eps"),
]


@pytest.mark.parametrize(("metadata", "words"), METADATA)
def test_a_header_that_says_nonsense_is_refused_before_anything_is_built(
    tensors, tmp_path, metadata, words
):
    path = tmp_path / "weights.safetensors"
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(WeightsError, match="can't be used as weights") as caught:
        source_for(Model(backbone=NAME, weights=str(path)))
    assert words in str(caught.value)
