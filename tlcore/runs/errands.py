"""Work on a finished run that takes a while: a command in a process of its own, which goes on when
nobody looks, beside whose run lie what it says and a lock for as long as it lives.

>>> ERRAND = Errand("map", "embed", "map")
>>> ERRAND.lock_of(Path("runs/a-run")).name, ERRAND.log_of(Path("runs/a-run")).name
('map.lock', 'map.log')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from threading import Lock
from types import MappingProxyType

from tlcore.errors import RunError
from tlcore.runs.lock import is_locked
from tlcore.runs.spawn import start_apart

_END = 2000
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Errand:
    """A command that is run for a page.

    Attributes:
        name: Of its files.
        verb: Of the command line; the run's id comes after it.
        title: What people call it.
    """

    name: str
    verb: str
    title: str
    _starting: Lock = field(default_factory=Lock, repr=False, compare=False)
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

    def command(self, folder: Path, *words: str) -> list[str]:
        """The module that does it, and its arguments.

        >>> MEASUREMENT.command(Path("runs/a-run"), "--pictures", "200")
        ['tlcore', 'robust', 'a-run', '--pictures', '200']
        """
        return ["tlcore", self.verb, folder.name, *words]

    def start(
        self, home: Path, folder: Path, *words: str, settings: Mapping[str, str] = _NONE
    ) -> None:
        """Have it done in the background, unless somebody is at it.

        Args:
            home: Whose run; one such errand goes on in it at a time.
            folder: Of the run.
            words: More arguments of the command.
            settings: Of the process, in its environment.

        Raises:
            RunError: It goes on for another run, or no process can be started.
        """
        with self._starting:
            if self.goes_on(folder):
                return
            if self._is_busy(home):
                what = f"Another run's {self.title} is being made, and one is made at a time"
                raise RunError(what, remedy="Wait until it is ready, then ask again.")
            self._start(home, folder, words, settings)

    def _is_busy(self, home: Path) -> bool:
        """Whether it goes on for any run, begun from here or elsewhere."""
        if any(process.poll() is None for process in self._started.values()):
            return True
        return any(map(is_locked, (home / "runs").glob(f"*/{self.name}.lock")))

    def _start(
        self, home: Path, folder: Path, words: Sequence[str], settings: Mapping[str, str]
    ) -> None:
        log = self.log_of(folder)
        log.unlink(missing_ok=True)
        try:
            # Held until they end, so that they leave no zombies.
            command = self.command(folder, *words)
            self._started[folder] = start_apart(command, home, log, settings)
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


MAP = Errand("map", "embed", "map")
"""A map of the test pictures (`tlcore.inference.embed`)."""

MEASUREMENT = Errand("robustness", "robust", "measurement")
"""What its network calls rightly of corrupted pictures (`tlcore.runs.robustness`)."""
