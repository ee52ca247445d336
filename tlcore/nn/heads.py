"""The new classifier on top of a backbone's pooled features."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from tlcore.recipe import Head

CLASSIFIER_SPREAD = 0.01
"""So small that a fresh head says about the same of every class: training starts at the loss
of a guess. (timm's own start for MobileNetV2 with ten classes is a loss of 7.5 against 2.3.)"""


def build_head(head: Head, features: int, classes: int) -> nn.Sequential:
    """Each hidden layer is dropout, dense, ReLU and, if asked for, batch norm; then dropout, dense.

    >>> head = build_head(Head(hidden=(256,), batchnorm=True), features=1280, classes=100)
    >>> sum(parameter.numel() for parameter in head.parameters())
    354148
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in enumerate(head.hidden, start=1):
        layers[f"dropout{number}"] = nn.Dropout(head.dropout)
        layers[f"dense{number}"] = _hidden(features, width)
        layers[f"relu{number}"] = nn.ReLU()
        if head.batchnorm:
            layers[f"norm{number}"] = nn.BatchNorm1d(width)
        features = width
    final = head.dropout if head.final_dropout is None else head.final_dropout
    layers["dropout"] = nn.Dropout(final)
    layers["classifier"] = _classifier(features, classes)
    return nn.Sequential(layers)


def _hidden(features: int, width: int) -> nn.Linear:
    """He's initialisation: a ReLU follows."""
    dense = nn.Linear(features, width)
    nn.init.kaiming_normal_(dense.weight, nonlinearity="relu")
    nn.init.zeros_(dense.bias)
    return dense


def _classifier(features: int, classes: int) -> nn.Linear:
    dense = nn.Linear(features, classes)
    nn.init.normal_(dense.weight, std=CLASSIFIER_SPREAD)
    nn.init.zeros_(dense.bias)
    return dense
