"""Downloads that go on by themselves: one process for each thing, whoever asked, whatever page is
open. What it has come to lies in the lab's home, so a reload or another server finds it again.

The lock ends with the process that holds it; a file that says `fetching` beside a lock that nobody
holds was left by one that was killed.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from tlcore import paths
from tlcore.errors import FetchError
from tlcore.hub import fetch
from tlcore.hub.things import Thing
from tlcore.runs import identity
from tlcore.runs.jobs import BackgroundJob
from tlcore.runs.lock import locked
from tlcore.runs.supervise import ask_to_end

State = Literal["asking", "fetching", "done", "failed", "cancelled", "interrupted"]

_BETWEEN_NOTES = 0.25
_WINDOW = 15.0
"""Seconds over which the speed is taken."""

_PATIENCE = 5.0


@dataclass(frozen=True)
class Download:
    """What a download has come to.

    Attributes:
        thing: What is fetched.
        state: How it goes.
        done: Bytes that are here.
        total: Bytes in all; 0 while the hub is asked.
        rate: Bytes a second, of late.
        changed: When this was noted, in seconds since 1970.
        pid: The process that fetches.
        what: Why it failed.
        remedy: What to do about that.
    """

    thing: Thing
    state: State = "asking"
    done: int = 0
    total: int = 0
    rate: float = 0.0
    changed: float = 0.0
    pid: int = 0
    what: str = ""
    remedy: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether somebody is at it."""
        return self.state in ("asking", "fetching")

    @property
    def share(self) -> float:
        """How much of it is here, from 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def words(self) -> str:
        """How far it is, and how long it will take.

        >>> thing = Thing("dataset", "beans", "Bean leaves", "a/beans")
        >>> Download(thing, "fetching", 45_000_000, 180_000_000, rate=5e6).words
        '45 of 180 MB, about 27 s left'
        """
        if not self.total:
            return "Asking the hub what it would take …"
        megabytes = f"{_megabytes(self.done)} of {_megabytes(self.total)} MB"
        if self.state != "fetching" or self.rate <= 0:
            return megabytes
        if self.done >= self.total:
            return f"{megabytes}, being checked"
        return f"{megabytes}, about {_duration((self.total - self.done) / self.rate)} left"


def folder() -> Path:
    """Where downloads are noted."""
    return paths.home() / "downloads"


def start(thing: Thing) -> None:
    """Have it fetched in the background, unless somebody is at it.

    Raises:
        RunError: No process can be started.
    """
    if goes_on(thing):
        return
    _note(Download(thing, changed=time.time()))
    token = {"HF_TOKEN": os.environ["HF_TOKEN"]} if os.environ.get("HF_TOKEN") else {}
    _job(thing).start(paths.home(), settings=token)


def cancel(thing: Thing) -> None:
    """End it, and take away what came in part; whole files stay for the next try."""
    found = look(thing)
    if found is None or not found.goes_on:
        return
    process = _job(thing).worker or (identity.of(found.pid) if found.pid else None)
    if process is not None:
        ask_to_end(process)
    deadline = time.monotonic() + _PATIENCE
    while goes_on(thing) and time.monotonic() < deadline:
        time.sleep(0.05)
    with locked(_job(thing).lock) as mine:
        if mine:
            fetch.sweep(thing)
            _note(replace(found, state="cancelled", rate=0.0))


def forget(thing: Thing) -> None:
    """Let go of what a download came to, once somebody has read it."""
    if not goes_on(thing):
        _file(thing).unlink(missing_ok=True)


def goes_on(thing: Thing) -> bool:
    """Whether somebody is at it, or about to be."""
    return _job(thing).goes_on


def look(thing: Thing) -> Download | None:
    """What a download has come to; None if nobody has asked for one."""
    found = _read(_file(thing))
    if found is None:
        return None
    if found.goes_on and not goes_on(thing):
        found = _read(_file(thing)) or found  # it may have ended a moment ago
        if found.goes_on:
            return replace(found, state="interrupted", rate=0.0, what=_job(thing).failure)
    return found


def every() -> tuple[Download, ...]:
    """All that are noted, the newest first."""
    noted = [found for path in folder().glob("*.json") if (found := _read(path))]
    here = [found for each in noted if (found := look(each.thing))]
    return tuple(sorted(here, key=lambda each: -each.changed))


@dataclass
class Recorder:
    """Notes what a download comes to; for the process that fetches."""

    thing: Thing
    download: Download
    _seen: deque[tuple[float, int]] = field(default_factory=deque)
    _next: float = 0.0

    def begin(self, thing: Thing, total: int) -> None:
        """The hub has said what it will take."""
        self.download = replace(self.download, state="fetching", total=total)
        self.note()

    def tell(self, done: int) -> None:
        """So many bytes are here."""
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        if now >= self._next:
            self._next = now + _BETWEEN_NOTES
            first, before = self._seen[0]
            seconds = now - first
            rate = max(0, done - before) / seconds if seconds > 0 else 0.0
            self.download = replace(self.download, done=done, rate=rate)
            self.note()

    def end(self, state: State, error: FetchError | None = None) -> None:
        """It is over."""
        done = self.download.total if state == "done" else self.download.done
        self.download = replace(
            self.download, state=state, done=done, rate=0.0,
            what=error.what if error else "", remedy=error.remedy if error else "",
        )  # fmt: skip
        self.note()

    def note(self) -> None:
        """Keep it where pages look."""
        self.download = replace(self.download, changed=time.time())
        _note(self.download)


@contextmanager
def recording(thing: Thing) -> Iterator[Recorder | None]:
    """Be the one that fetches a thing; gives None if somebody else is."""
    folder().mkdir(parents=True, exist_ok=True)
    with locked(_job(thing).lock) as mine:
        if not mine:
            yield None
            return
        recorder = Recorder(thing, Download(thing, pid=os.getpid()))
        recorder.note()
        yield recorder


def _job(thing: Thing) -> BackgroundJob:
    options = {"--revision": thing.revision, "--config": thing.config}
    named = [part for option in options.items() if option[1] for part in option]
    command = ("tlcore", "get", thing.name, *named)
    return BackgroundJob(folder() / thing.slug, command, "download")


def _file(thing: Thing) -> Path:
    return folder() / f"{thing.slug}.json"


def _note(download: Download) -> None:
    """In one piece; a power cut may lose the last one, which costs nothing."""
    path = _file(download.thing)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(asdict(download)), encoding="utf-8")
    os.replace(draft, path)


def _read(path: Path) -> Download | None:
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Download(**{**fields, "thing": Thing(**fields["thing"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _megabytes(size: int) -> str:
    """
    >>> _megabytes(3_400_000), _megabytes(340_000_000)
    ('3.4', '340')
    """
    return f"{size / 1e6:,.1f}" if size < 10e6 else f"{size / 1e6:,.0f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
