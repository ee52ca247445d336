"""Training: a recipe goes in, a stream of events comes out.

Read `train.py` first; the other files are what it is written in terms of.
"""

from tlcore.nn.engine.train import train

__all__ = ["train"]
