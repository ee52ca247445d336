"""Work on a finished run that takes a while: a command in a process of its own, which goes on when
nobody looks, beside whose run lie what it says and a lock for as long as it lives.

>>> ERRAND = Errand("map", "embed")
>>> ERRAND.lock_of(Path("runs/a-run")).name, ERRAND.log_of(Path("runs/a-run")).name
('map.lock', 'map.log')
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from tlcore.errors import RunError
from tlcore.runs.launch import start_apart
from tlcore.runs.lock import is_locked

_END = 2000


@dataclass(frozen=True)
class Errand:
    """A command that is run for a page.

    Attributes:
        name: Of its files.
        verb: Of the command line; the run's id comes after it.
    """

    name: str
    verb: str
    _started: dict[Path, Popen[bytes]] = field(default_factory=dict, repr=False, compare=False)

    def lock_of(self, folder: Path) -> Path:
        """Held by whoever is at it, however it was started.

        Args:
            folder: Of the run, here and below; its name is the run's id.
        """
        return folder / f"{self.name}.lock"

    def log_of(self, folder: Path) -> Path:
        """What a process says that was started from here."""
        return folder / f"{self.name}.log"

    def start(self, home: Path, folder: Path) -> None:
        """Have it done in the background, unless somebody is at it."""
        if self.goes_on(folder):
            return
        log = self.log_of(folder)
        log.unlink(missing_ok=True)
        try:
            # Held until they end, so that they leave no zombies.
            self._started[folder] = start_apart(["tlcore", self.verb, folder.name], home, log)
        except OSError as error:
            remedy = "Free some memory or disk space, then try again."
            raise RunError(f"No process can be started: {error.strerror}", remedy=remedy) from None

    def goes_on(self, folder: Path) -> bool:
        """Whether somebody is at it, or about to be."""
        ours = self._started.get(folder)
        return (ours is not None and ours.poll() is None) or is_locked(self.lock_of(folder))

    def last_words(self, folder: Path) -> str:
        """The last line that it has said; empty if it has said nothing."""
        lines = self._said(folder).strip().splitlines()
        return lines[-1] if lines else ""

    def failure_of(self, folder: Path) -> str:
        """Why the last one that was started from here came to no good end; empty if it did, or
        still goes on."""
        ours = self._started.get(folder)
        if ours is None or not ours.poll():
            return ""
        said = self._said(folder).rpartition("Error: ")[2].strip()
        return said or f"It ended with code {ours.poll()}."

    def _said(self, folder: Path) -> str:
        try:
            return self.log_of(folder).read_text(encoding="utf-8", errors="replace")[-_END:]
        except OSError:
            return ""


MAP = Errand("map", "embed")
"""A map of the test pictures (`tlcore.asking.embed`)."""
