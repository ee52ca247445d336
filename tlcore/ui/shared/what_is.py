"""What is this? Three sentences beside what needs them, folded until somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from tlcore.analysis.intervals import Interval
from tlcore.formatting import EMBER, ICE
from tlcore.schedule.outline import HEAD
from tlcore.schedule.plan import Plan
from tlcore.ui.shared.sentences import say

NOTES: Mapping[str, tuple[str, str]] = {
    "strip": (
        "The strip",
        "Each row is a block of the network, each column a round through the pictures. Blue blocks "
        "are frozen and stay as they are; orange ones learn. Paint to change what learns when.",
    ),
    "phase": (
        "A phase",
        "A phase is a stretch of rounds in which the same blocks learn. Most schedules have one or "
        "two: first the new head alone, then more. A new phase begins where something thaws.",
    ),
    "batchnorm": (
        "BatchNorm",
        "A BatchNorm layer shifts what comes in to an average that it has remembered. Frozen, it "
        "keeps the averages of the pictures it was first trained with. If your pictures look quite "
        "different, these averages don't fit them, and then it helps to let them adapt.",
    ),
    "rates": (
        "The learning rate",
        "The learning rate says how big each step of learning is. A high one learns quickly and "
        "may wipe out what was known; a low one keeps it and takes longer. That is why thawed "
        "blocks often get a tenth of the head's rate.",
    ),
    "validation": (
        "The validation share",
        "These pictures are kept aside and never learned from. They tell while it trains whether "
        "it gets better on new pictures or only learns its own by heart. The test pictures stay "
        "untouched until the very end.",
    ),
    "interval": (
        "The interval",
        "With other test pictures the number would be a little different. The interval says how "
        "much: in 95 of 100 such tests it holds the true value. Few pictures make it wide.",
    ),
    "mcnemar": (
        "Luck or not? (McNemar)",
        "We only look at pictures on which the two networks disagree. If luck alone decided who is "
        "right there, it would be about half and half, like tossing coins. The number says how "
        "often luck would give a split as uneven as this one.",
    ),
    "calibration": (
        "Calibration",
        "A network says how sure it is. If it is calibrated, then of 100 answers of which it is "
        "80 % sure, 80 are right. Bars below the line mean that it promises more than it holds.",
    ),
    "grad-cam": (
        "Grad-CAM",
        "The colours show where in the picture the network found signs of this class. It asks the "
        "last block: which places would have to change for the answer to change? The map is as "
        "coarse as that block sees, so it shows a region and no outline.",
    ),
}
"""By what they are beside: a title, and three sentences."""


def what_is(name: str, *, picture: str = "", place: str = "") -> None:
    """A note that opens when somebody asks.

    Args:
        name: One of `NOTES`.
        picture: A small drawing of what is meant, as SVG: of this very run where there is one.
        place: Tells two of the same note on one page apart.
    """
    title, words = NOTES[name]
    with st.popover(
        say("What is this?"), icon=":material/help:", type="tertiary", key=f"note {name}{place}"
    ):
        st.markdown(f"**{say(title)}**")
        st.markdown(say(words))
        if picture:
            st.html(picture)


def interval_picture(found: Interval) -> str:
    """This very number with its interval, on a line from 0 to 100 %."""
    low, value, high = (10 + 240 * share for share in (found.low, found.value, found.high))
    label = escape(f"{found.value:.0%}, from {found.low:.0%} to {found.high:.0%}")
    return (
        f'<svg viewBox="0 0 260 44" width="260" role="img" aria-label="{label}">'
        '<line x1="10" y1="16" x2="250" y2="16" stroke="currentColor" stroke-opacity="0.3"/>'
        f'<line x1="{low:.1f}" y1="16" x2="{high:.1f}" y2="16" stroke="{EMBER}" stroke-width="6"/>'
        f'<circle cx="{value:.1f}" cy="16" r="6" fill="currentColor"/>'
        '<text x="10" y="40" font-size="13" fill="currentColor">0 %</text>'
        '<text x="250" y="40" font-size="13" fill="currentColor" text-anchor="end">100 %</text>'
        "</svg>"
    )


def strip_picture(plan: Plan) -> str:
    """This very schedule, small: blocks from the head down, rounds from left to right."""
    blocks = (HEAD, *reversed(plan.outline.blocks))
    wide, cells = 240 / plan.epochs, []
    for thaw in plan.thaws:
        learning = {
            layer.block
            for layer in plan.outline.layers
            if any(name in thaw.trainable for name, _ in layer.parameters)
        }
        for row, block in enumerate(blocks):
            cells.append(
                f'<rect x="{thaw.start * wide:.1f}" y="{14 * row}" height="12" '
                f'width="{max(1.0, thaw.epochs * wide - 1):.1f}" '
                f'fill="{EMBER if block in learning else ICE}"/>'
            )
    height = 14 * len(blocks)
    return (
        f'<svg viewBox="0 0 240 {height}" width="240" role="img" '
        f'aria-label="{escape(say("This schedule, small"))}">{"".join(cells)}</svg>'
    )
