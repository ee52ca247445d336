import torch
from torch import nn

from tlcore.catalog.outlines import head_layers
from tlcore.nn.networks.build import build_head
from tlcore.recipe import Head


def _sizes(head):
    sizes = [sum(p.numel() for p in layer.parameters()) for layer in head]
    return [size for size in sizes if size]


def test_without_hidden_layers_the_head_is_a_dropout_and_one_dense_layer():
    head = build_head(Head(dropout=0.3), features=512, classes=10)
    assert [type(layer) for layer in head] == [nn.Dropout, nn.Linear]
    assert head[0].p == 0.3
    assert _sizes(head) == [5130]


def test_report_c_has_its_dense_layers():
    head = build_head(Head(hidden=(1024, 512)), features=2048, classes=10)
    assert _sizes(head) == [2_098_176, 524_800, 5_130]


def test_report_d_has_its_head():
    head = build_head(Head(hidden=(256,), dropout=0.2, batchnorm=True), features=1280, classes=100)
    kinds = [type(layer) for layer in head]
    assert kinds == [nn.Dropout, nn.Linear, nn.ReLU, nn.BatchNorm1d, nn.Dropout, nn.Linear]
    assert sum(_sizes(head)) == 354_148


def test_the_last_dropout_may_differ_from_the_others():
    head = build_head(Head(hidden=(8, 8), dropout=0.1, final_dropout=0.6), features=4, classes=2)
    assert [layer.p for layer in head if isinstance(layer, nn.Dropout)] == [0.1, 0.1, 0.6]


def test_a_fresh_head_says_about_the_same_of_every_class():
    features = torch.randn(256, 1280)
    logits = build_head(Head(), features=1280, classes=10).eval()(features)
    loss = nn.functional.cross_entropy(logits, torch.arange(256) % 10)
    assert abs(loss.item() - torch.tensor(10.0).log().item()) < 0.15


def test_hidden_layers_pass_signals_of_the_same_size_on():
    head = build_head(Head(hidden=(512, 512)), features=512, classes=10).eval()
    last = head[:-1](torch.randn(256, 512))
    assert 0.5 < last.square().mean() < 2


def test_arithmetic_and_the_real_head_agree():
    spec = Head(hidden=(7, 5), batchnorm=True)
    head = build_head(spec, features=3, classes=2)
    counted = {n: size for layer in head_layers(spec, 3, 2) for n, size in layer.parameters}
    assert counted == {f"head.{n}": p.numel() for n, p in head.named_parameters()}
