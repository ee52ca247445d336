"""What the demo of the first page showed: in numbers, in a sentence, and on pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import streamlit as st

from tlcore import presets
from tlcore.analysis.comparison import difference
from tlcore.analysis.intervals import Interval
from tlcore.analysis.predictions import Predictions
from tlcore.runs.owners import Owner
from tlcore.runs.results import read_predictions, read_result
from tlcore.runs.store import RunStore
from tlcore.runs.thumbnails import count_thumbnails
from tlcore.ui.draft import packed
from tlcore.ui.linking import link
from tlcore.ui.pictures_route import picture_address
from tlcore.ui.start_demo import SYSTEMS, Demo
from tlcore.ui.start_task import Figure, show_strip
from tlcore.ui.words import percent


def show_verdict(store: RunStore, demo: Demo, by: Owner) -> None:
    """What the untouched test set says of both, and whether that could be chance."""
    predictions = {preset: read_predictions(store, demo[preset].id, by=by) for preset in SYSTEMS}
    gain = difference(predictions["demo-scratch"], predictions["demo-transfer"])
    st.subheader(_headline(gain), anchor=False)
    for column, preset in zip(st.columns(2), SYSTEMS, strict=True):
        result = read_result(store, demo[preset].id, by=by)
        accuracy = result["report"]["accuracy"]
        column.metric(f"Right, {SYSTEMS[preset]}", percent(accuracy["value"]), border=True)
        column.caption(
            f"95 % interval: {percent(accuracy['low'])} to {percent(accuracy['high'])} of all such "
            f"pictures, judged by {accuracy['n']:,} that it had never seen. Trained and "
            f"tested in {result['seconds']:.0f} s."
        )
    if gain is not None:
        st.markdown(in_words(gain))
    _show_pictures(store, demo, predictions, by)


def in_words(gain: Interval) -> str:
    """The difference as a sentence, which says so if it could be chance.

    >>> in_words(Interval(0.2, 0.15, 0.25, 1000))[:56]
    'On the same 1,000 test pictures, transfer is right **20.'
    >>> "could be chance" in in_words(Interval(0.01, -0.01, 0.03, 1000))
    True
    """
    low, high = sorted((100 * gain.low, 100 * gain.high))
    points = f"{abs(100 * gain.value):.1f} percentage points"
    which = "more" if gain.value >= 0 else "less"
    sentence = (
        f"On the same {gain.n:,} test pictures, transfer is right **{points} {which} often** than "
        f"learning from scratch (95 % interval of the difference: {low:+.1f} to {high:+.1f}). "
    )
    if low <= 0 <= high:
        return sentence + "Zero lies within the interval, so the difference could be chance."
    return sentence + "Zero lies outside the interval, so chance is no likely explanation."


def show_next(demo: Demo) -> None:
    """Where to go from here, with these very runs."""
    runs = ",".join(demo[preset].id for preset in SYSTEMS)
    st.markdown("**What next?**")
    with st.container(horizontal=True):
        recipe = packed(presets.find("demo-transfer").recipe)
        link("train", "Change when it thaws", icon=":material/tune:", recipe=recipe)
        transfer = demo["demo-transfer"].id
        link("results", "See its mistakes", icon=":material/fact_check:", run=transfer)
        link("compare", "Compare the two", icon=":material/compare_arrows:", run=runs)
        link("runs", "Both on the page Runs", icon=":material/list:", run=transfer)


def _headline(gain: Interval | None) -> str:
    if gain is None:
        return "Both are trained"
    if gain.low > 0:
        return "Transfer wins"
    return "From scratch wins" if gain.high < 0 else "No clear winner"


def _show_pictures(
    store: RunStore, demo: Demo, predictions: dict[str, Predictions], by: Owner
) -> None:
    """One test picture of each class, and what each of the two calls it."""
    figures = list(_figures(store, demo, predictions, by))
    if figures:
        st.markdown("**The same test pictures, seen by both**")
        st.caption("What it is; what the network by transfer says; what the one from scratch says.")
        show_strip(figures)


def _figures(
    store: RunStore, demo: Demo, predictions: dict[str, Predictions], by: Owner
) -> Iterator[Figure]:
    run = demo["demo-transfer"].id
    kept = store.artifact(run, "pictures", by=by)
    if kept is None:
        return
    transfer, scratch = (predictions[preset] for preset in SYSTEMS)
    rows = {str(name): row for row, name in enumerate(scratch.ids)}
    for label, truth in enumerate(transfer.classes):
        row = int(np.argmax(transfer.labels == label))
        if row < count_thumbnails(kept) and str(transfer.ids[row]) in rows:
            other = rows[str(transfer.ids[row])]
            called = transfer.predicted[row], scratch.predicted[other]
            lines = tuple(
                f"{'✓' if each == label else '✗'} {transfer.classes[each]}" for each in called
            )
            yield Figure(picture_address(run, kept, row), f"a drawn {truth}", (truth, *lines))
