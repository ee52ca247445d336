"""Answers as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.heatmaps import rank_correlation
from tlcore.formatting import literal, percent
from tlcore.inference.client import Why

_RATHER = 0.5
_HARDLY = 0.01
_MANY = 10
_BELIEVABLE, _ALIKE = 0.5, 0.5


def share_in_words(share: float) -> str:
    """Never a bare zero: a network leaves every class a little.

    >>> share_in_words(0.0001), share_in_words(0.712), share_in_words(0.9997)
    ('< 1 %', '71 %', '> 99 %')
    """
    if 0 < share < _HARDLY:
        return "< 1 %"
    return "> 99 %" if 1 - _HARDLY < share < 1 else percent(share, 0)


def in_words(classes: Sequence[str], ranked: Sequence[tuple[int, float]]) -> str:
    r"""What a network says, as Markdown.

    >>> in_words(("cat", "dog"), [(0, 0.71), (1, 0.29)])
    'By its own account **cat**, 71 %; second: dog, 29 %.'
    >>> in_words(("cat", "dog"), [(1, 0.96), (0, 0.04)])
    'By its own account **dog**, 96 %; second: cat, 4 %.'
    >>> in_words(("cat", "dog", "key"), [(1, 0.4), (0, 0.35), (2, 0.25)])
    'Undecided: **dog**, 40 %, or cat, 35 %.'
    """
    (first, sure), *others = ranked
    best = f"**{literal(classes[first])}**, {share_in_words(sure)}"
    if not others:
        return f"{best}: the only class it knows."
    second, less = others[0]
    next_best = f"{literal(classes[second])}, {share_in_words(less)}"
    if sure < _RATHER:
        return f"Undecided: {best}, or {next_best}."
    return f"By its own account {best}; second: {next_best}."


def verdict(said: str, truth: str) -> str:
    """Whether that is what the picture is, where it is known.

    >>> verdict("cat", "cat"), verdict("cat", "dog"), verdict("cat", "")
    (':material/check: Right.', ':material/close: Wrong: it is **dog**.', '')
    """
    if not truth:
        return ""
    if said == truth:
        return ":material/check: Right."
    return f":material/close: Wrong: it is **{literal(truth)}**."


def what_it_can_say(classes: Sequence[str]) -> str:
    """That a network chooses among its classes, whatever it is shown.

    >>> what_it_can_say(("cat", "dog"))
    'It can only say cat or dog, whatever it is shown.'
    """
    if len(classes) > _MANY:
        return f"It can only say one of its {len(classes)} classes, whatever it is shown."
    *most, last = map(literal, classes)
    named = f"{', '.join(most)} or {last}" if most else last
    return f"It can only say {named}, whatever it is shown."


def reading(way: str, found: Why) -> str:
    """What a map alone doesn't say.

    >>> reading("lime", Why(np.float32([[1]]), {"parts": 49, "fidelity": 0.42}))
    '49 parts. This explanation matches the network only in part (42 %): don’t trust the details.'
    """
    facts = found.facts
    if not found.map.any():
        return "Nothing speaks for it here."
    if way == "grad-cam":
        return f"Seen in {facts['down']:.0f} × {facts['across']:.0f} large squares."
    if way == "lime":
        follows = percent(max(0.0, facts["fidelity"]), 0)
        parts, good = f"{facts['parts']:.0f} parts", facts["fidelity"] > _BELIEVABLE
        if good:
            return f"{parts}. This explanation matches the network well ({follows})."
        return (
            f"{parts}. This explanation matches the network only in part ({follows}): don’t trust "
            "the details."
        )
    if way == "occlusion":
        return f"Covering the strongest place costs it {100 * float(found.map.max()):.0f} points."
    return ""


def resemblance(trained: NDArray[np.float32], random: NDArray[np.float32]) -> str:
    """How much the map of trained weights is like that of shuffled ones.

    >>> resemblance(np.float32([[1, 2], [3, 4]]), np.float32([[2, 4], [6, 9]]))
    'Rank correlation 1.00: much alike, so the map says little of what was learned.'
    """
    alike = rank_correlation(trained, random)
    text = f"Rank correlation {alike:.2f}: ".replace("-", "−")
    if alike > _ALIKE:
        return f"{text}much alike, so the map says little of what was learned."
    return f"{text}another map, so the first is about what was learned."


def allows_camera(address: str | None) -> bool:
    """Whether browsers lend their camera to a page at this address: not without encryption.

    >>> allows_camera("http://localhost:8501"), allows_camera("http://192.168.1.7:8501/try_it")
    (True, False)
    """
    if not address:
        return True
    parts = urlsplit(address)
    host = parts.hostname or ""
    near = host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")
    return parts.scheme == "https" or near
