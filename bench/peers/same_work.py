"""What all peers share: the same network as the lab's, and the answer that the race reads."""

from __future__ import annotations

import json
import sys
from typing import Any

from torch import nn

from tlcore.bench.works import WORKS, Work
from tlcore.nn.backbones import build
from tlcore.nn.bench.thaw import contestant
from tlcore.nn.network import Network


def asked() -> tuple[dict[str, Any], Work]:
    """What to do."""
    fields = json.loads(sys.argv[1])
    return fields, WORKS[fields["work"]]


def network_for(fields: dict[str, Any]) -> tuple[Network, nn.Module]:
    """The network, and what a library sees of it."""
    network = build(contestant(fields), fields["classes"], fields["size"], seed=0)
    return network, nn.Sequential(network.backbone, network.head)


def answer(seconds: float, accuracy: float) -> None:
    """Tell the race."""
    print(json.dumps({"seconds": seconds, "accuracy": accuracy}))
