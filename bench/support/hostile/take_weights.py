"""Reads each weight file or checkpoint: `python -m bench.support.hostile.take_weights FILE...`

What is loaded is compared with the sound weights that all files were made from: a file that loads
with other numbers was loaded in silence. (Of kinds that carry no sum, that is all one can expect.)
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from bench.support.hostile.footprint import swallow
from bench.support.hostile.weights import sound
from tlcore.nn.engine.saved_network import read
from tlcore.nn.networks.weight_reader import read_weights

torch.set_num_threads(1)
SOUND = sound()


def take(path: Path) -> str:
    tensors = read(path, "state")[0] if path.suffix == ".state" else read_weights(path).tensors
    same = tensors.keys() == SOUND.keys() and all(
        torch.equal(tensors[name], SOUND[name]) for name in SOUND
    )
    if same:
        return "loaded as it was saved"
    if "unsealed" in path.name and tensors.keys() == SOUND.keys():
        return "loaded, of a kind that carries no sum"
    return f"loaded with other content: {list(tensors)[:5]}"


if __name__ == "__main__":
    swallow(take, sys.argv[1:])
