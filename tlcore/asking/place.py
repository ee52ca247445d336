"""Where the answering process of a home is reached, and how it shows that it is there."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from tlcore.errors import AnswerError

LONGEST = 100
"""Bytes of a socket's path: systems allow 104 to 108."""


def lock_of(home: Path) -> Path:
    """Held by the answering process as long as it lives."""
    return home / "answer.lock"


def log_of(home: Path) -> Path:
    """Where all that it prints is kept."""
    return home / "answer.log"


def socket_of(home: Path) -> Path:
    """Where it listens: in the home, or in a private temporary folder where that path is too long.

    >>> socket_of(Path("/srv/lab")).name
    'answer.sock'
    >>> len(str(socket_of(Path("/srv") / ("long" * 40)))) <= LONGEST
    True
    """
    usual = home / "answer.sock"
    if len(os.fsencode(usual)) <= LONGEST:
        return usual
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"thaw-{os.getuid()}" / f"{name}.sock"


def prepare_folder(file: Path) -> None:
    """See to it that the socket's folder is there; the temporary one must be ours alone.

    Anybody may write into the folder for temporary files, and could have put a trap there.
    """
    if not file.parent.name.startswith("thaw-"):
        return
    file.parent.mkdir(mode=0o700, exist_ok=True)
    found = file.parent.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise AnswerError(
            "The folder for the lab's socket belongs to somebody else",
            where=str(file.parent),
            remedy="Remove it, or set TL_HOME to a shorter path.",
        )
