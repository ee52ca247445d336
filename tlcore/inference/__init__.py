"""Asking trained networks about pictures, in a process that has torch: the side without torch.

`ask.predict` and `ask.explain` are what pages call; the other side is `tlcore.nn.inference.answer`.
"""
