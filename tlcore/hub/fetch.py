"""Fetching: what it would take is asked first, then file after file comes, is checked and kept.

The hub's own tools do the transfer, without their second protocol, so that what is tested is what
happens. Whoever calls this has a process to themselves: see `tlcore.hub.downloads`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from tlcore.access import usual_rules
from tlcore.catalog.weight_files import hub_cache
from tlcore.data.sources import repository
from tlcore.data.sources.columns import front_matter
from tlcore.data.sources.repository import Fetched, Found
from tlcore.errors import FetchError
from tlcore.hub import faults
from tlcore.hub.things import WEIGHTS, Thing

CHUNK = 64 * 1024
"""Bytes between two looks at the progress; the hub's tools would take 10 MB."""

STALLED = 60.0
"""Seconds without a chunk after which nobody waits any longer: a kilobyte a second."""

FREE = 500 * 10**6
"""Bytes that stay free beside what is fetched."""

_CONVERTED = "refs/convert/parquet"
_PATIENCE = 10.0
_SPARE = 0.02  # of the size, for folders and lists
_PAGE = "README.md"
_held: dict[str, IO[bytes]] = {}
"""Locks of what this process fetches, by its folder in the cache."""


@dataclass(frozen=True)
class Wanted:
    """A file to fetch.

    Attributes:
        path: Its name in the repository.
        bytes: Its size.
        sum: What its content has to add up to: sha256, or git's sum of a small file.
    """

    path: str
    bytes: int
    sum: str


@dataclass(frozen=True)
class Offer:
    """What the hub says of a thing, before anything is fetched.

    Attributes:
        thing: With the commit and the configuration that are meant.
        files: All that has to be here in the end.
        licence: As its page states it; empty where it states none.
    """

    thing: Thing
    files: tuple[Wanted, ...]
    licence: str

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(file.bytes for file in self.files)


class Meter:
    """Counts bytes as they come, and notices when none do.

    Args:
        tell: Called with all bytes so far, now and then.
    """

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.done = 0
        self.last = time.monotonic()
        self._tell = tell

    def add(self, count: int) -> None:
        """Some came; a transfer that begins again takes them back."""
        self.done += count
        self.last = time.monotonic()
        self._tell(self.done)

    def watch(self, give_up: Callable[[], None]) -> Callable[[], None]:
        """Have `give_up` called from a thread once nothing has come for long; gives what ends the
        watch."""
        over, patience = threading.Event(), float(os.environ.get("TL_STALLED") or STALLED)

        def look() -> None:
            while not over.wait(min(1.0, patience / 4)):
                if time.monotonic() - self.last > patience:
                    give_up()
                    return

        threading.Thread(target=look, daemon=True).start()
        return over.set


def ask(thing: Thing) -> Offer:
    """What would be fetched: the commit, each file with its size and sum, and the licence.

    Raises:
        FetchError: The hub has no such thing, or can't be reached.
    """
    with faults.explained(thing):
        hub = _hub()
        if thing.kind == "model":
            return _weights(thing, hub)
        found = _info(hub, thing, thing.revision)
        files = _listed(found)
        if not repository.configs_of(list(files)) and not thing.revision:
            files |= _listed(found := _info(hub, thing, _CONVERTED))
        configs = repository.configs_of(list(files))
        config = repository.chosen(configs, thing.config, thing.repo)
        wanted = [*configs[config].files, *([_PAGE] if _PAGE in files else [])]
        if lacking := repository.incomplete(configs[config].files):
            raise FetchError(f"{thing.repo} lacks {lacking}", remedy="Tell its owner.")
        meant = replace(thing, revision=found.sha, config=config)
        return Offer(meant, tuple(files[name] for name in wanted), _licence(found))


def fetch(offer: Offer, meter: Meter) -> None:
    """Fetch and check every file, then say that the thing is here.

    Raises:
        FetchError: In a sentence; what came whole is kept, for the next try.
    """
    with faults.explained(offer.thing):
        sweep(offer.thing)
        _refuse_full(offer)
        with _in_use(offer.thing):
            fetched = [_fetched(offer.thing, file, meter) for file in offer.files]
        if offer.thing.kind == "dataset":
            thing = offer.thing
            licence = offer.licence or _licence_of_page(thing)
            repository.keep(
                Found(thing.repo, thing.revision, thing.config, licence, tuple(fetched))
            )


def sweep(thing: Thing) -> int:
    """Take away what was fetched in part, which nothing goes on with; how many bytes that were.

    Another lab may share the cache: while it fetches the same thing, nothing is touched.
    """
    gone = 0
    with suppress(OSError), ExitStack() as stack:
        # A process that gives up holds the lock itself, and nobody else may.
        lock = _held.get(thing.slug) or stack.enter_context(_lock(thing).open("ab"))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in (hub_cache() / thing.slug / "blobs").glob("*.incomplete"):
            with suppress(OSError):
                gone += path.stat().st_size
                path.unlink()
    return gone


@contextmanager
def _in_use(thing: Thing) -> Iterator[None]:
    """Show other labs that what is there in part is being worked on; ends with the process."""
    with _lock(thing).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        _held[thing.slug] = lock
        try:
            yield
        finally:
            del _held[thing.slug]


def _lock(thing: Thing) -> Path:
    """In the cache, which labs may share, and not in the home, which they don't."""
    path = hub_cache() / ".locks" / thing.slug / "thaw.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _hub() -> Any:
    """The hub's own tools, set up once for this process."""
    os.environ["HF_HUB_DISABLE_XET"] = "1"
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.utils import logging

    if constants.HF_HUB_OFFLINE:
        raise faults.offline()
    logging.get_logger().setLevel("ERROR")  # errors are told in our own words
    constants.HF_HUB_DISABLE_XET = True
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    return huggingface_hub


def _endpoint() -> str | None:
    """Where the hub is asked, if not where it usually is."""
    return os.environ.get("HF_ENDPOINT") or None


def _info(hub: Any, thing: Thing, revision: str) -> Any:
    return hub.HfApi(endpoint=_endpoint()).dataset_info(
        thing.repo, revision=revision or None, files_metadata=True, timeout=_PATIENCE
    )


def _weights(thing: Thing, hub: Any) -> Offer:
    found = hub.HfApi(endpoint=_endpoint()).model_info(
        thing.repo, files_metadata=True, timeout=_PATIENCE
    )
    files = _listed(found)
    if WEIGHTS not in files:
        raise FetchError(f"{thing.repo} has no {WEIGHTS}", remedy="Choose another backbone.")
    return Offer(replace(thing, revision=found.sha), (files[WEIGHTS],), _licence(found))


def _listed(found: Any) -> dict[str, Wanted]:
    return {
        each.rfilename: Wanted(
            each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs else each.blob_id or ""
        )
        for each in found.siblings or ()
    }


def _licence(found: Any) -> str:
    card = found.card_data or {}
    licence = card.get("license") or ""
    licence = ", ".join(licence) if isinstance(licence, list) else str(licence)
    if licence == "other":
        return str(card.get("license_name") or "")
    return "" if licence == "unknown" else licence


def _licence_of_page(thing: Thing) -> str:
    found = Found(thing.repo, thing.revision, thing.config, "", ())
    licence = front_matter(found.readme).get("license")
    return "" if licence in (None, "unknown", "other") else str(licence)


def _refuse_full(offer: Offer) -> None:
    """The disk is asked before anything comes."""
    folder = hub_cache()
    folder.mkdir(parents=True, exist_ok=True)
    here = sum(file.bytes for file in offer.files if _place(offer.thing, file).exists())
    needed = int((offer.bytes - here) * (1 + _SPARE))
    free = shutil.disk_usage(folder).free
    if needed + (usual_rules().free_bytes or FREE) > free:
        raise faults.too_full(needed, free)


def _fetched(thing: Thing, file: Wanted, meter: Meter) -> Fetched:
    """One file, whole and checked."""
    path = _place(thing, file)
    if path.exists():
        if sha256 := _checked(path, file):
            meter.add(file.bytes)
            return Fetched(file.path, file.bytes, sha256)
        _throw_away(path)  # the disk, or somebody's hand, has changed it
    # By its branch a model's commit is noted, too, by which the lab finds it without asking.
    revision = None if thing.kind == "model" else thing.revision
    path = Path(_hub().hf_hub_download(
        thing.repo, file.path, repo_type=thing.kind, revision=revision,
        cache_dir=hub_cache(), tqdm_class=_bar(meter), endpoint=_endpoint(),
    ))  # fmt: skip
    sha256 = _checked(path, file)
    if not sha256:
        _throw_away(path)
        raise faults.damaged(file.path)
    return Fetched(file.path, path.stat().st_size, sha256)


def _throw_away(path: Path) -> None:
    """A file that is not what it should be, and the name that leads to it."""
    with suppress(OSError):
        path.resolve().unlink()
    path.unlink(missing_ok=True)


def _place(thing: Thing, file: Wanted) -> Path:
    return hub_cache() / thing.slug / "snapshots" / thing.revision / file.path


def _checked(path: Path, file: Wanted) -> str:
    """The file's sha256 if it is what was promised; else nothing."""
    sha256 = hashlib.sha256()
    git = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as opened:
        while part := opened.read(2**20):
            sha256.update(part)
            git.update(part)
    promised = {"": "", 64: sha256.hexdigest(), 40: git.hexdigest()}
    right = not file.sum or file.sum == promised.get(len(file.sum))
    return sha256.hexdigest() if right else ""


def _bar(meter: Meter) -> Any:
    """What the hub's tools tell of their progress, as they want it."""
    from huggingface_hub import utils

    tqdm: Any = getattr(utils, "tqdm")  # noqa: B009  it is not declared as theirs

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            named.pop("name", None)
            super().__init__(*given, **{**named, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            meter.add(int(n or 0))
            return None

    return Bar
