"""Pages under test start nothing: a page's run would load torch for each of them."""

from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def nothing_is_started(monkeypatch):
    """Whoever asks for a dispatcher gets none."""
    nobody = SimpleNamespace(poll=lambda: 0)
    monkeypatch.setattr("tlcore.runs.dispatcher.start_apart", lambda *command: nobody)
