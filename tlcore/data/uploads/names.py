"""Names that anybody may have given to classes and pictures, made fit to be kept and shown.

Nothing that a name says ever becomes a path on disk; it only has to be one line that a person can
read, tell from others and find again.

>>> Cleaner().clean("Holiday\\u202e/dogs\\\\1.JPG")
'Holiday/dogs/1.JPG'
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import PurePosixPath

from tlcore.data.layout import is_clutter
from tlcore.errors import DataError

LONGEST = 100
"""Characters of a class or a picture's name."""

_INVISIBLE = frozenset(
    "\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff"  # of no width, or marks of direction
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # would turn the text around
)
"""Taken out. The joiners stay: emoji and Persian are written with them."""

_NOT_TEXT = ("Cc", "Cs", "Zl", "Zp")
_NAMED = 3  # how many changed names a note tells


class Cleaner:
    """Cleans the names of one upload, and sees to it that no two of them become one."""

    def __init__(self) -> None:
        self._folders: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._taken: set[tuple[str, str]] = set()
        self._times: defaultdict[tuple[str, str], int] = defaultdict(lambda: 1)
        self._changed: dict[str, str] = {}

    def clean(self, path: str) -> str:
        """A relative path such as `dogs/1.jpg`, its parts cleaned; the same file name again in
        the same folder gets a number. A folder's name ends in /, and may come again."""
        raw = tuple(part for part in path.replace("\\", "/").split("/") if part not in ("", "."))
        _check_inside(path, raw)
        depth = len(raw) if path.endswith(("/", "\\")) else len(raw) - 1
        folder = "".join(f"{self._folder(raw[: level + 1])}/" for level in range(depth))
        return folder if depth == len(raw) else folder + self._unused(folder, _file_name(raw[-1]))

    def clean_labelled(self, label: str, path: str) -> str:
        """The same for a picture whose class was said and not told by a folder."""
        name = path.replace("\\", "/").rstrip("/").rpartition("/")[2]
        folder = f"{self._class(label)}/"
        return folder + self._unused(folder, _file_name(name))

    def notes(self) -> list[str]:
        """What was changed of folders' and classes' names, in one sentence."""
        if not self._changed:
            return []
        changes = [f"{old!r} is now {new!r}" for old, new in self._changed.items()]
        more = f", and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
        return [f"Names were made readable: {', '.join(changes[:_NAMED])}{more}."]

    def _class(self, label: str) -> str:
        whole = "-".join(part for part in label.replace("\\", "/").split("/") if part.strip())
        name = _as_line(whole)[:LONGEST].strip()
        if is_clutter(name):
            raise DataError(
                f"{label[:LONGEST]!r} can't be the name of a class",
                remedy="Give the class a name of letters, such as dogs.",
            )
        return self._known((label,), name)

    def _folder(self, raw: tuple[str, ...]) -> str:
        return self._known(raw, _as_line(raw[-1])[:LONGEST].strip() or "(no name)")

    def _known(self, raw: tuple[str, ...], name: str) -> str:
        """Note which folder became this one; a second one may not."""
        first = self._folders.setdefault((*raw[:-1], name), raw)
        if first != raw:
            raise DataError(
                f"Two class folders have the same name: {first[-1][:LONGEST]!r} and "
                f"{raw[-1][:LONGEST]!r}",
                remedy="Rename one, or put their pictures into one folder.",
            )
        if raw[-1] != name:
            self._changed[raw[-1][:LONGEST]] = name
        return name

    def _unused(self, folder: str, name: str) -> str:
        """The name, with a number where it is taken already."""
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        free = name
        while (folder, free) in self._taken:
            self._times[folder, name] += 1
            free = f"{stem} ({self._times[folder, name]}){suffix}"
        self._taken.add((folder, free))
        return free


def _check_inside(path: str, parts: tuple[str, ...]) -> None:
    if not parts or ".." in parts or path.startswith(("/", "\\")):
        raise DataError(
            f"The upload is refused: it holds a file that would land outside its folder: "
            f"{path[:LONGEST]!r}",
            remedy="Upload the class folders alone.",
        )


def _as_line(name: str) -> str:
    """Composed and on one line, without what can't be seen."""
    seen = "".join(
        " " if unicodedata.category(letter) in _NOT_TEXT else letter
        for letter in unicodedata.normalize("NFC", name)
        if letter not in _INVISIBLE
    )
    return " ".join(seen.split())


def _file_name(raw: str) -> str:
    """A file's name, cut so that its ending stays."""
    name = _as_line(raw) or "unnamed"
    suffix = PurePosixPath(name).suffix if len(PurePosixPath(name).suffix) < 10 else ""
    return name if len(name) <= LONGEST else name[: LONGEST - len(suffix)] + suffix
