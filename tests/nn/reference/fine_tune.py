"""Fine-tuning in forty lines: what the lab does to a network, without the lab.

Nothing is kept, folded, split into parts or resumed here, and nothing is fast. What the engine
does beside these lines may change how long a run takes, never what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda groups: torch.optim.SGD(groups, momentum=0.9),
    "nesterov": lambda groups: torch.optim.SGD(groups, momentum=0.9, nesterov=True),
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


def cross_entropy(logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
    """The usual loss: the mean of what each picture's own class should have got."""
    return F.cross_entropy(logits, labels)


def fine_tune(
    network: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor, Tensor]],
    rates: Callable[[int, str], float],
    *,
    optimiser: str = "sgd",
    decay: float = 0.0,
    l1: float = 0.0,
    clip: float = 0.0,
    norms: str = "trained",
    loss_of: Callable[[Tensor, Tensor, Tensor], Tensor] = cross_entropy,
) -> list[float]:
    """Train on these batches and give the loss of each.

    Args:
        batches: Pictures, their classes, and their numbers.
        rates: The learning rate of a parameter at a step; 0 if it is frozen then.
        norms: What BatchNorm of the backbone does: `trained` (as its own weights), `frozen`
            (nothing) or `adapted` (it always learns its statistics).
    """
    weights = dict(network.named_parameters())
    shrink = {name: decay if value.ndim > 1 else 0.0 for name, value in weights.items()}
    groups = [{"params": [weights[n]], "weight_decay": shrink[n], "lr": 1.0} for n in weights]
    learner = OPTIMISERS[optimiser](groups)
    losses = []
    for step, (pictures, labels, rows) in enumerate(batches):
        for group, (name, value) in zip(learner.param_groups, weights.items(), strict=True):
            group["lr"] = rates(step, name)
            value.requires_grad_(group["lr"] > 0)
        network.train()
        for module in network.get_submodule("backbone").modules():
            if isinstance(module, nn.BatchNorm2d):
                learns = module.weight.requires_grad
                module.train({"trained": learns, "frozen": False, "adapted": True}[norms])
        loss = loss_of(network(pictures), labels, rows)
        learner.zero_grad()
        loss.backward()
        for value in weights.values():
            if l1 and value.ndim > 1 and value.grad is not None:
                value.grad += l1 * value.detach().sign()
        if clip:
            nn.utils.clip_grad_norm_(weights.values(), clip)
        learner.step()
        losses.append(loss.item())
    return losses
