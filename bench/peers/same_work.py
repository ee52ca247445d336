"""What all peers share: the same network as the lab's, and the answer that the race reads."""

from __future__ import annotations

import json
import sys
from typing import Any

from torch import nn

from bench.race.with_thaw import contestant
from bench.race.works import WORKS, Work
from tlcore.nn.networks.build import build
from tlcore.nn.networks.network import Network


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
