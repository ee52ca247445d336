"""Training: a recipe goes in, a stream of events comes out.

Read `loop.py` first; the other files are what it is written in terms of.
"""

from tlcore.nn.engine.loop import train

__all__ = ["train"]
