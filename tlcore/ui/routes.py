"""What the server answers beside the pages: points of curves and small pictures, never a rerun.

Everything here is read-only, and asks whose run it is before it answers.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from tlcore.ui import pictures_route, points_route, small_pictures

ROUTES: tuple[BaseRoute, ...] = (points_route.ROUTE, pictures_route.ROUTE, small_pictures.ROUTE)
