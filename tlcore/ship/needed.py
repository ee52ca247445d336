"""The libraries that only taking a network elsewhere needs, and whether they are here."""

from __future__ import annotations

from tlcore import paths
from tlcore.errors import ThawError
from tlcore.libraries import libraries

FILE = "requirements-ship.txt"


def missing() -> tuple[str, ...]:
    """Names of those that aren't installed, or in another version than the lab was tested with."""
    return tuple(each.name for each in libraries(paths.PROJECT / FILE) if not each.fits)


def require() -> None:
    """Refuse to go on without them.

    Raises:
        ThawError: With what to do.
    """
    if lacking := missing():
        verb = "is" if len(lacking) == 1 else "are"
        raise ThawError(
            f"{', '.join(lacking)} {verb} not installed in a version that fits, and taking a "
            "network elsewhere needs it",
            remedy=f"Install what it needs: pip install -r {FILE}",
        )
