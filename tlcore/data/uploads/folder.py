"""How an upload lies on disk, and how it gets there whole.

    uploads/3fa9...              called after its content
        content.json             the class and name of each picture, its file, size and SHA-256
        pictures/00000.jpg ...   under names of ours
        holders/5d41....json     who has it, what they call it, and whether it is in their bin

The same pictures uploaded by two people are kept once. Recipes name an upload by its content
alone (`upload:3fa9...`), so they hold no path of this machine, and whoever uploads the same
pictures elsewhere can use the same recipe there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from tlcore import paths
from tlcore.errors import DataError, DataMissing
from tlcore.files import force_to_disk, held, is_held, written_whole

SCHEME = "upload:"
_ID = re.compile(r"[0-9a-f]{32}")
_CONTENT, _PICTURES, _HOLDERS = "content.json", "pictures", "holders"
_PATIENCE = 10.0
_ABANDONED = 24 * 3600  # seconds after which a draft that nobody holds may go
_AT_ONCE = 16  # a disk takes many files at once in the time of a few


@dataclass(frozen=True)
class Item:
    """One picture of an upload.

    Attributes:
        name: Its class and what people call it: `dogs/1.jpg`.
        file: What we call it.
        bytes: Its size.
        sha256: Of its content.
    """

    name: str
    file: str
    bytes: int
    sha256: str


class Draft:
    """An upload in the making. Nothing of it can be seen until it is put in its place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items: list[Item] = []

    def add(self, name: str, ending: str, content: bytes) -> None:
        """Keep one picture."""
        file = f"{len(self.items):05}{ending}"
        (self.folder / _PICTURES / file).write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        self.items.append(Item(name, file, len(content), sha256))

    @property
    def upload(self) -> str:
        """Its id: the same pictures in the same classes, the same id, in whatever order."""
        named = sorted((item.name, item.sha256) for item in self.items)
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32]

    def put(self, holder: str, fields: Mapping[str, Any], check: Callable[[], None]) -> str:
        """Give it its place and its holder; what is there already is as good. Give its id.

        Args:
            holder: Who has it from now on.
            fields: What they say of it.
            check: Raises if there is no room for it; nothing else changes meanwhile.
        """
        _write_holder(self.folder, holder, fields)
        items = [asdict(item) for item in self.items]
        _write(self.folder / _CONTENT, {"format": 1, "pictures": items})
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(force_to_disk, (self.folder / _PICTURES).iterdir()))
        force_to_disk(self.folder / _PICTURES)
        folder = folder_of(self.upload)
        damaged = folder.exists() and not _is_sound(self.upload)
        with changing():
            check()
            if damaged and folder.exists():
                _make_way(folder, self.folder)
            if folder.exists():
                _write_holder(folder, holder, fields)
            else:
                self.folder.rename(folder)
                force_to_disk(folder.parent)
        return self.upload


@contextmanager
def drafted() -> Iterator[Draft]:
    """A folder to fill. Unless it is put in its place, it is gone in the end."""
    paths.uploads().mkdir(parents=True, exist_ok=True)
    sweep()
    folder = paths.uploads() / f".{secrets.token_hex(8)}.tmp"
    (folder / _PICTURES).mkdir(parents=True)
    try:
        with held(folder):
            yield Draft(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def spooled(file: BinaryIO) -> Iterator[Path]:
    """A file from memory on disk, for those who have to read it there."""
    paths.uploads().mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=paths.uploads(), prefix=".", suffix=".tmp") as spool:
        file.seek(0)
        shutil.copyfileobj(file, spool)
        spool.flush()
        with held(Path(spool.name)):
            yield Path(spool.name)


@contextmanager
def changing() -> Iterator[None]:
    """Alone in changing which uploads there are."""
    paths.uploads().mkdir(parents=True, exist_ok=True)
    with (paths.uploads() / "lock").open("ab") as file:
        _wait_for(file)
        yield


def is_address(path: str) -> bool:
    """Whether a recipe's path names an upload, here or elsewhere."""
    return path.startswith(SCHEME) and _ID.fullmatch(path.removeprefix(SCHEME)) is not None


def folder_of(upload: str) -> Path:
    """Where an upload lies. What is no id never becomes a path."""
    if not _ID.fullmatch(upload):
        raise missing(upload)
    return paths.uploads() / upload


def all_ids() -> list[str]:
    """Every upload on this machine."""
    return sorted(path.name for path in paths.uploads().glob("*") if _ID.fullmatch(path.name))


def read_items(upload: str) -> tuple[Item, ...]:
    """What is in it."""
    path = folder_of(upload) / _CONTENT
    try:
        return tuple(Item(**fields) for fields in json.loads(path.read_bytes())["pictures"])
    except FileNotFoundError:
        raise missing(upload) from None
    except (ValueError, KeyError, TypeError):
        remedy = "Upload the same pictures again; they will take this one's place."
        raise DataError("The upload is damaged", where=str(path), remedy=remedy) from None


def read_holders(upload: str) -> dict[str, dict[str, Any]]:
    """Who has it: whatever was written with `write_holder`. A damaged one has nobody."""
    found = {}
    for path in sorted((folder_of(upload) / _HOLDERS).glob("*.json")):
        try:
            fields = json.loads(path.read_bytes())
            found[str(fields["owner"])] = fields
        except (ValueError, KeyError, TypeError):
            continue
    return found


def read_holder(upload: str, holder: str) -> dict[str, Any] | None:
    """What one of them wrote; None if they don't have it."""
    try:
        fields = json.loads(_holder_file(folder_of(upload), holder).read_bytes())
        return fields if fields["owner"] == holder else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_holder(upload: str, holder: str, fields: Mapping[str, Any]) -> None:
    """Note who has it; only while `changing`."""
    _write_holder(folder_of(upload), holder, fields)


def drop_holders(upload: str, holders: Collection[str]) -> bool:
    """Somebody has it no longer; what nobody has is deleted for good. Whether it was."""
    with changing():
        if not set(read_holders(upload)) - set(holders):
            _remove(upload)
            return True
        for holder in holders:
            _holder_file(folder_of(upload), holder).unlink(missing_ok=True)
        return False


def abandoned() -> list[Path]:
    """What killed processes left behind. A clock that was put right makes a draft look old, so
    nothing that somebody holds is among it."""
    oldest = time.time() - _ABANDONED
    drafts = paths.uploads().glob(".*.tmp")
    return [path for path in drafts if path.stat().st_mtime < oldest and not is_held(path)]


def sweep() -> None:
    """Remove what is abandoned."""
    for path in abandoned():
        path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)


def missing(upload: str) -> DataMissing:
    """The one error for an upload that isn't here."""
    return DataMissing(
        "These uploaded pictures are not on this machine",
        where=f"{SCHEME}{upload}"[:100],
        remedy="Upload the same pictures here: they are known by their content.",
    )


def open_upload(path: str) -> UploadSource:
    """The upload that a recipe names; one that is in everybody's bin first has to be restored."""
    upload = path.removeprefix(SCHEME)
    source = UploadSource(upload)
    if all(fields.get("binned") for fields in read_holders(upload).values()):
        remedy = "Restore them, or upload them again."
        raise DataMissing("These uploaded pictures are in the bin", where=path, remedy=remedy)
    return source


class UploadSource:
    """The pictures of an upload by the names that people gave them, as a folder's would be."""

    def __init__(self, upload: str) -> None:
        self._pictures = folder_of(upload) / _PICTURES
        self._items = {item.name: item for item in read_items(upload)}

    def names(self) -> list[str]:
        return list(self._items)

    def left_out(self) -> list[str]:
        """Nothing: what was left out was so when it was uploaded."""
        return []

    def read(self, name: str) -> bytes:
        item = self._items[name]
        try:
            content = (self._pictures / Path(item.file).name).read_bytes()
        except OSError as error:
            raise DataError(f"can't be read ({error.strerror})") from None
        if hashlib.sha256(content).hexdigest() != item.sha256:
            raise DataError("changed on disk since it was uploaded")
        return content


def _make_way(damaged: Path, draft: Path) -> None:
    """Remove an upload whose pictures were changed on disk; who has it is not forgotten."""
    for path in (damaged / _HOLDERS).glob("*.json"):
        if not (draft / _HOLDERS / path.name).exists():
            shutil.copy2(path, draft / _HOLDERS)
    _remove(damaged.name)


def _is_sound(upload: str) -> bool:
    try:
        source = UploadSource(upload)
        for name in source.names():
            source.read(name)
    except DataError:
        return False
    return True


def _remove(upload: str) -> None:
    """First out of its place: after a power cut it is whole, or a draft to be swept away."""
    gone = paths.uploads() / f".{upload}.{secrets.token_hex(8)}.tmp"
    folder_of(upload).rename(gone)
    force_to_disk(paths.uploads())
    shutil.rmtree(gone, ignore_errors=True)


def _write_holder(folder: Path, holder: str, fields: Mapping[str, Any]) -> None:
    _write(_holder_file(folder, holder), {**fields, "owner": holder})


def _holder_file(folder: Path, holder: str) -> Path:
    return folder / _HOLDERS / f"{hashlib.sha256(holder.encode()).hexdigest()[:32]}.json"


def _write(path: Path, fields: Mapping[str, Any]) -> None:
    with written_whole(path) as draft:
        draft.write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")


def _wait_for(file: IO[bytes]) -> None:
    """Take the lock; it ends with the process that has it, which needs it for milliseconds."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise DataError(
                    "Another process has been changing the uploads for long",
                    where=file.name,
                    remedy="Try again; if it stays so, end the processes of the lab.",
                ) from None
            time.sleep(0.01)
