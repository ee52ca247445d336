"""Predictions made up for tests."""

import numpy as np

from tlcore.analysis.predictions import Predictions


def predict_at_random(n, k, *, labels=None, skill=2.0, seed=0, groups=None):
    """Predictions of a classifier that is right fairly often."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, k, n) if labels is None else np.asarray(labels)
    logits = chance.normal(size=(n, k)) + skill * np.eye(k)[labels]
    raw = np.exp(logits)
    return Predictions(
        ids=np.arange(n).astype(str),
        labels=labels,
        probabilities=(raw / raw.sum(axis=1, keepdims=True)).astype(np.float32),
        classes=tuple(f"class {i}" for i in range(k)),
        groups=groups or {},
    )
