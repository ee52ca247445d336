"""Sweeps on the page Runs: how far each is, what its settings came to, whether the best is luck."""

from __future__ import annotations

import streamlit as st

from tlcore.access import Owner
from tlcore.analysis.sweep import Setting, Verdict, in_words, judge
from tlcore.errors import RunError
from tlcore.formatting import literal, with_interval
from tlcore.paths import PROJECT
from tlcore.runs.states import State
from tlcore.runs.store import RunStore
from tlcore.runs.sweeps import Sweep, find, stop, sweeps, tried
from tlcore.ui.shared.choosing import remember
from tlcore.ui.shared.page import show_error

LOOK = 2.0
"""Seconds between two looks at one that is under way."""

_COMPARE = PROJECT / "pages" / "compare.py"

AS_IT_IS = "the recipe as it is"


def show_sweeps(store: RunStore, by: Owner) -> None:
    """All of them; nothing where there is none."""
    there = sweeps(store, by=by)
    if not there:
        return
    st.subheader("Sweeps", anchor=False)
    st.caption("One recipe, trained with something varied. Each row below is one setting.")
    names = {each.id: f"{each.name} ({len(each.runs)} runs)" for each in there}
    wanted = st.query_params.get("sweep", "")
    first = list(names).index(wanted) if wanted in names else 0
    chosen = st.selectbox("Which sweep", list(names), first, format_func=names.__getitem__)
    busy = next(each for each in there if each.id == chosen)
    under_way = busy.ended < len(busy.runs)
    st.fragment(_show_one, run_every=LOOK if under_way else None)(chosen, under_way)


def _show_one(sweep: str, was_under_way: bool) -> None:
    from tlcore.ui.shared.session import me, store

    try:
        found = find(store(), sweep, by=me())
    except RunError as error:  # its last run has just been deleted
        show_error(error)
        return
    under_way = found.ended < len(found.runs)
    if was_under_way and not under_way:
        st.rerun()
    st.progress(
        found.ended / len(found.runs), f"{found.ended} of {len(found.runs)} runs have ended"
    )
    verdict = _judged(store(), me(), found)
    _show_table(found, verdict)
    if verdict is not None:
        _show_words(verdict, under_way=under_way)
    _show_acts(found, store(), me(), under_way=under_way)


def _judged(runs: RunStore, by: Owner, found: Sweep) -> Verdict | None:
    """Read once for each run that has finished: tables of predictions are large."""
    known = st.session_state.setdefault("judged sweeps", {})
    key = (found.id, found.finished)
    if key not in known:
        known.clear()
        known[key] = judge(tried(runs, found, by=by))
    verdict: Verdict | None = known[key]
    return verdict


def _show_table(found: Sweep, verdict: Verdict | None) -> None:
    judged = {s.name: s for s in verdict.settings} if verdict else {}
    settings = list(dict.fromkeys([*judged, *(setting for setting, _ in found.runs)]))
    rows = [_row(name, found, judged.get(name)) for name in settings]
    st.dataframe(rows, hide_index=True, width="stretch")


def _row(name: str, found: Sweep, judged: Setting | None) -> dict[str, str]:
    states = [run.state for setting, run in found.runs if setting == name]
    working = sum(state.active for state in states)
    ended = sum(state == State.FINISHED for state in states)
    told = f"{ended} of {len(states)} finished" + (f", {working} at work" if working else "")
    spread = judged.spread if judged else None
    return {
        "setting": name or AS_IT_IS,
        "runs": told,
        "accuracy (95 %)": with_interval(judged.accuracy) if judged else "",
        "spread of seeds": f"{100 * spread:.1f} points" if spread is not None else "",
    }


def _show_words(verdict: Verdict, *, under_way: bool) -> None:
    words = literal(in_words(verdict))
    if under_way:
        words = f"So far: {words}"
    if verdict.rivals:
        st.warning(words, icon=":material/casino:")
    else:
        st.success(words, icon=":material/trophy:")


def _show_acts(found: Sweep, runs: RunStore, by: Owner, *, under_way: bool) -> None:
    with st.container(horizontal=True):
        if under_way and st.button("Stop the sweep", icon=":material/stop:", key="stop sweep"):
            stop(runs, found, by=by)
            st.rerun()
        finished = [run.id for _, run in found.runs if run.state == State.FINISHED]
        if len(finished) > 1 and st.button("Compare its runs", icon=":material/compare_arrows:"):
            remember(finished[:8])
            st.switch_page(_COMPARE, query_params={"run": ",".join(finished[:8])})
