"""Start: what is transfer learning?"""

import streamlit as st

from tlcore.access import Owner
from tlcore.formatting import literal
from tlcore.runs.store import RunStore
from tlcore.ui.shared.live import show_live
from tlcore.ui.shared.page import page_setup, told
from tlcore.ui.shared.sentences import say
from tlcore.ui.shared.session import me, store
from tlcore.ui.start.replay import show_replay
from tlcore.ui.start.task import (
    SYSTEMS,
    Demo,
    is_busy,
    is_done,
    latest_demo,
    may_replay,
    show_task,
    start_demo,
    warm_up,
)
from tlcore.ui.start.verdict import show_next, show_verdict

WORDS = """\
A network that has already learned to see **some** shapes needs only a few examples to learn
**new** ones: its layers know edges, corners and curves. *Freezing* keeps them as they are while
a new last layer, the *head*, learns to name the shapes; then they *thaw*, gently. Here two
networks of the same build learn these ten shapes from ten labelled pictures of each: one by
transfer, one from scratch."""


def show_start(runs: RunStore, by: Owner) -> None:
    """The idea and the task on the left, both curves on the right, the verdict below."""
    demo = latest_demo(runs, by)
    left, right = st.columns([1, 1.3], gap="large")
    with left:
        st.markdown(say(WORDS))
        show_task()
        show_button(runs, demo, by)
    with right:
        show_curves(runs, demo, by)
    if is_done(demo):
        with told():
            show_verdict(runs, demo, by)
            show_next(demo)


def show_button(runs: RunStore, demo: Demo, by: Owner) -> None:
    """The one thing to do here."""
    busy = is_busy(demo)
    label = say("Training both …" if busy else "Train both again" if demo else "Train both")
    icon = ":material/play_arrow:"
    if st.button(label, type="primary", icon=icon, disabled=busy, key="train both"):
        with told():
            start_demo(runs, by)
            st.rerun()
    if not demo:
        st.caption(
            say("Usually 15 to 30 seconds; longer if this computer is busy. Nothing can break.")
        )


def show_curves(runs: RunStore, demo: Demo, by: Owner) -> None:
    """Both, as they are measured; and why one of them came to no end, if that is so. Before that,
    a recording, unless it would give away what a lesson is still asking."""
    if not demo and may_replay(runs, by):
        show_replay()
        return
    if not demo:
        st.info(
            say("Your lesson asks for your prediction first. Two curves grow here once you train.")
        )
        return
    names = [say(SYSTEMS[preset]) for preset in demo]
    show_live(list(demo.values()), key="demo", measure="accuracy", height=380, names=names)
    for preset, run in demo.items():
        if run.state.resumable:
            st.error(f"The run {SYSTEMS[preset]} is {run.state}. {literal(run.reason)}")


with page_setup(say("Start"), say("What is transfer learning?")):
    warm_up(store().home)
    show_start(store(), me())
