"""The small test pictures of runs, one address each, for galleries.

An address names the very file that a picture is in, so what it gives never changes, and a browser
asks for it once.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tlcore.errors import RunError, StoreError
from tlcore.runs.thumbnails import read_thumbnail
from tlcore.ui.shared.session import owner_of, store

_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def picture_address(run: str, pictures: Path, row: int) -> str:
    """Where the browser finds a test picture of a run.

    >>> picture_address("a-run", Path("runs/a-run/pictures-4.zip"), 7)
    '/api/runs/a-run/pictures-4/7'

    Args:
        run: Its id.
        pictures: Its file of small pictures, as the store knows it.
        row: Of the predictions.
    """
    return f"/api/runs/{run}/{pictures.stem}/{row}"


def answer(request: Request) -> Response:
    """The picture, if whoever asks may see the run."""
    wanted = request.path_params
    by = owner_of(request)
    if by is None:
        return _refused("This browser keeps no cookie of the lab's, so it has no runs here.", 403)
    try:
        path = store().artifact(wanted["run"], "pictures", by=by)
        if path is None or path.stem != f"pictures-{wanted['file']}":
            return _refused("These pictures are not kept any more.", 404)
        content = read_thumbnail(path, wanted["row"])
    except StoreError as error:
        return _refused(str(error), 503)
    except RunError as error:
        return _refused(error.what, 404)
    return Response(content, media_type="image/jpeg", headers=_HEADERS)


ROUTE = Route("/api/runs/{run}/pictures-{file:int}/{row:int}", answer)


def _refused(why: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(why, status, {"Cache-Control": "no-store"})
