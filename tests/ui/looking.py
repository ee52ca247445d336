"""Pages without a browser: opened, and what their own widgets were given."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.runs import fake_run
from tlcore import paths
from tlcore.access import LOCAL, Owner
from tlcore.errors import NotFinite
from tlcore.nn import worker
from tlcore.recipe import Recipe
from tlcore.runs.store import RunStore

MAIN = str(paths.PACKAGE / "ui" / "main.py")


def open_page(name: str = "", **query: str) -> AppTest:
    """A page of the lab, drawn once, without an exception."""
    page = AppTest.from_file(MAIN, default_timeout=30)
    for field, value in query.items():
        page.query_params[field] = value
    page.run()
    if name:
        page.switch_page(str(paths.PROJECT / "pages" / f"{name}.py")).run()
    assert not page.exception
    return page


def given_to(page: AppTest, widget: str) -> dict[str, Any]:
    """What a page gave to a widget of the lab's own, the first of its kind."""
    found = [
        each.proto
        for each in page.get("bidi_component")
        if each.proto.component_name.endswith(f"_{widget}")
    ]
    assert found, f"the page shows no {widget}"
    data: dict[str, Any] = json.loads(found[0].json)
    return data


def button(page: AppTest, label: str) -> Any:
    """The button that says this."""
    found = [each for each in page.button if each.label == label]
    assert found, f"no button says {label}, only {[each.label for each in page.button]}"
    return found[0]


def finish(
    monkeypatch: Any, preset: str = "", train: Any = fake_run.train, *, name: str = "",
    by: Owner = LOCAL,
) -> str:  # fmt: skip
    """Have a rehearsal of a run done, to its end or to its failure."""
    monkeypatch.setattr(worker, "load_engine", lambda threads: train)
    store = RunStore()
    run = store.submit(Recipe(epochs=3), by=by, preset=preset, name=name)
    attempt = store.claim(device="cpu", run=run.id)
    assert attempt is not None
    with suppress(NotFinite):
        worker.work(store, attempt)
    return run.id
