"""What the server answers beside the pages: points of curves and small pictures, never a rerun.

Everything here is read-only, and asks whose run it is before it answers.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from tlcore.ui import pictures_route, points_route, small_pictures


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
