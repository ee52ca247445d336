"""What the server does once, as it opens: load what the first visitor would wait for."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from tlcore import paths
from tlcore.files import make_private
from tlcore.ui.shared import pictures_route, points_route, small_pictures


@asynccontextmanager
async def opening(app: Any) -> AsyncIterator[None]:
    """In a thread of its own, so that the first page is answered meanwhile."""
    with suppress(OSError):  # which the first page tells in words
        make_private(paths.home())
    threading.Thread(target=_load_ahead, daemon=True).start()
    yield


def _load_ahead() -> None:
    """The slow imports of the pages."""
    import altair  # noqa: F401
    import pandas  # noqa: F401
    import plotly.graph_objects
    import pyarrow.parquet  # noqa: F401

    import tlcore.report
    import tlcore.runs.store  # noqa: F401
    from tlcore.recipe.presets import presets

    plotly.graph_objects.Figure()  # which loads what the import only promises
    presets()


def to_start(request: Request) -> RedirectResponse:
    """The first page has no name of its own in Streamlit; people type one all the same."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"./{query}")


ROUTES: tuple[BaseRoute, ...] = (
    points_route.ROUTE,
    pictures_route.ROUTE,
    small_pictures.ROUTE,
    Route("/start", to_start),
)
