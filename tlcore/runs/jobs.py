"""Work that a page has done beside it, in a process of its own that goes on when nobody looks.

What a job has come to lies in files, so that a reload or a server that was started anew finds it:
who works at it and whether it ended well (`.job`), what it says (`.log`), and a lock for as long as
somebody is at it (`.lock`), who may as well have typed the command.

>>> job = MAP.of(Path("runs/a-run"))
>>> job.lock.name, job.log.name, " ".join(job.command)
('map.lock', 'map.log', 'tlcore embed a-run')
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import Popen
from threading import Lock
from types import MappingProxyType

from tlcore.errors import RunError
from tlcore.files import written_whole
from tlcore.runs import identity
from tlcore.runs.identity import Identity
from tlcore.runs.lock import is_locked
from tlcore.runs.spawn import start_apart

ASKED = "TL_JOB"
"""The variable that tells a command whose record it ends."""

_LONGEST = 20_000
_NONE: Mapping[str, str] = MappingProxyType({})
_starting = Lock()
_children: list[Popen[bytes]] = []  # held until they end, so that they leave no zombies


@dataclass(frozen=True)
class BackgroundJob:
    """A command that is run for a page.

    Attributes:
        base: Path of its files but for their endings.
        command: The module that does it, and its arguments.
        title: What people call what it makes.
    """

    base: Path
    command: tuple[str, ...]
    title: str

    @property
    def lock(self) -> Path:
        """Held by whoever is at it, however it was started."""
        return self.base.with_name(f"{self.base.name}.lock")

    @property
    def log(self) -> Path:
        """What a process says that was started from here."""
        return self.base.with_name(f"{self.base.name}.log")

    @property
    def record(self) -> Path:
        """Who works at it, and whether that ended well."""
        return self.base.with_name(f"{self.base.name}.job")

    def start(
        self,
        home: Path,
        *words: str,
        rivals: Iterable[BackgroundJob] = (),
        settings: Mapping[str, str] = _NONE,
    ) -> None:
        """Have it done in the background, unless somebody is at it.

        Args:
            home: The state folder that it works in.
            words: More arguments of the command.
            rivals: Jobs of its kind, of which one goes on at a time.
            settings: Of the process, in its environment.

        Raises:
            RunError: A rival goes on, or no process can be started.
        """
        with _starting:
            if self.goes_on:
                return
            if any(rival.goes_on for rival in rivals):
                what = f"Another {self.title} is being made, and one is made at a time"
                raise RunError(what, remedy="Wait until it is ready, then ask again.")
            self.forget()
            try:
                process = start_apart(
                    [*self.command, *words], home, self.log, {**settings, ASKED: str(self.record)}
                )
            except OSError as error:
                raise RunError(
                    f"No process can be started: {error.strerror}",
                    remedy="Free some memory or disk space, then try again.",
                ) from None
            _children[:] = [each for each in _children if each.poll() is None] + [process]
            self._note(identity.of(process.pid))

    def _note(self, worker: Identity | None) -> None:
        """Unless it has ended well meanwhile, and said so itself."""
        draft = self.record.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps({"worker": asdict(worker) if worker else None}))
        try:
            os.link(draft, self.record)
        except FileExistsError:
            pass
        except OSError:  # a disk without links
            os.replace(draft, self.record)
        draft.unlink(missing_ok=True)

    @property
    def worker(self) -> Identity | None:
        """The process that was started for it and still is at it."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            found = Identity(**json.loads(self.record.read_bytes())["worker"])
            return found if identity.is_alive(found) else None
        return None

    @property
    def goes_on(self) -> bool:
        """Whether somebody is at it."""
        return self.worker is not None or is_locked(self.lock)

    @property
    def failure(self) -> str:
        """Why the last one that was started came to no good end; empty if it did, or still goes
        on."""
        if self.goes_on or not self.record.exists() or self._ended_well():
            return ""
        said = self.said()
        if found := re.search(r"^Error: (.*)", said, re.MULTILINE | re.DOTALL):
            return found[1].strip()
        return f"It ended before it was done. {self.last_words()[:300]}".strip()

    def _ended_well(self) -> bool:
        try:
            return bool(json.loads(self.record.read_bytes()).get("done"))
        except (OSError, ValueError, AttributeError):
            return False

    def said(self) -> str:
        """All that its process has said, or the end of that."""
        with suppress(OSError):
            return self.log.read_bytes()[-_LONGEST:].decode(errors="replace")
        return ""

    def last_words(self) -> str:
        """The last line that it has said; empty if it has said nothing."""
        lines = self.said().strip().splitlines()
        return lines[-1].strip() if lines else ""

    def forget(self) -> None:
        """Let go of what is known of it."""
        for file in (self.log, self.record):
            file.unlink(missing_ok=True)


def end_well(record: Path) -> None:
    """Said by the command itself once its work is done; whoever ends otherwise has failed."""
    with written_whole(record) as draft:
        draft.write_text(json.dumps({"done": True}))


@dataclass(frozen=True)
class JobKind:
    """Jobs that each have a folder, whose name their command is given.

    Attributes:
        name: Of their files.
        verb: Of the command line.
        title: What people call what they make.
    """

    name: str
    verb: str
    title: str

    def of(self, folder: Path) -> BackgroundJob:
        """The one of this folder."""
        return BackgroundJob(folder / self.name, ("tlcore", self.verb, folder.name), self.title)

    def beside(self, folder: Path) -> Iterable[BackgroundJob]:
        """Those of the folders around it that are or were at work, however they were started."""
        for ending in ("job", "lock"):
            for file in folder.parent.glob(f"*/{self.name}.{ending}"):
                if file.parent != folder:
                    yield self.of(file.parent)

    def start(
        self, home: Path, folder: Path, *words: str, settings: Mapping[str, str] = _NONE
    ) -> None:
        """Have the one of this folder done, as the only one of its kind around.

        Raises:
            RunError: Another one goes on, or no process can be started.
        """
        self.of(folder).start(home, *words, rivals=self.beside(folder), settings=settings)


MAP = JobKind("map", "embed", "map")
"""Of a run's test pictures (`tlcore.inference.embed`)."""

MEASUREMENT = JobKind("robustness", "robust", "measurement")
"""What a run's network calls rightly of corrupted pictures (`tlcore.runs.robustness`)."""
