"""What the names of a folder data set's files say: class, side and group of each picture.

>>> layout = arrange(["pets/cat/1.jpg", "pets/cat/2.jpg", "pets/dog/1.jpg", "pets/README.txt"])
>>> [(entry.class_name, entry.name) for entry in layout.entries][-1]
('dog', 'pets/dog/1.jpg')
>>> layout.notes
('1 file is no picture and was left out: pets/README.txt.',)
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from tlcore.data.decode import SUFFIXES
from tlcore.errors import DataError

Side: TypeAlias = Literal["train", "test"]
GroupBy: TypeAlias = Literal["", "prefix", "subfolder"]

LONGEST_NAME = 300

TRAIN = {"train", "training"}
TEST = {"test", "testing"}
VALIDATION = {"val", "valid", "validation"}
"""What sides are called, in folders and elsewhere."""

_MOST_DOMAINS = 50
_NEARLY_ALL = 0.9
_NAMED = 3  # how many files a note names
_DAMAGED_NAMED = 5


@dataclass(frozen=True)
class Entry:
    """One picture file.

    Attributes:
        name: As its source names it.
        class_name: The folder it lies in, as text.
        side: The side that the folders put it on; without such folders, train.
        group: What must stay together; empty where nobody asked.
        place: The name without folders that only hold the class folders.
    """

    name: str
    class_name: str
    side: Side
    group: str = ""
    place: str = ""


@dataclass(frozen=True)
class Layout:
    """All pictures, and what was left out or moved."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]


def arrange(names: Sequence[str], group_by: GroupBy = "") -> Layout:
    """Sort files into classes and sides by their folders; names of folders end in /."""
    seen = sorted(name for name in names if not is_clutter(name))
    files = [name for name in seen if not name.endswith("/")]
    pictures = [name for name in files if PurePosixPath(name).suffix.lower() in SUFFIXES]
    notes = [note_on("no picture", set(files) - set(pictures), "is", "are")]
    parts = _unwrapped([PurePosixPath(name).parts for name in pictures])
    sides = _sides(parts)
    entries, outside, class_folders = [], [], set()
    for name, place in zip(pictures, parts, strict=True):
        side = sides.get(place[0].casefold()) if sides else "train"
        inner = place[1:] if sides else place
        if side is None or len(inner) < 2:
            outside.append(name)
            continue
        group = _group(inner, group_by)
        entries.append(Entry(name, as_text(inner[0]), side, group, "/".join(place)))
        class_folders.add(PurePosixPath(name).parents[len(inner) - 2])
    notes.append(note_on("outside any class folder", outside, "lies", "lie"))
    notes += _notes_on_empty(seen, class_folders)
    notes.append(_note_on_validation(parts, sides))
    _check_classes(entries, parts, sides)
    return Layout(tuple(entries), tuple(filter(None, notes)))


def domains_of(names: Sequence[str], classes: Sequence[str]) -> tuple[str, ...] | None:
    """The folder inside the class folder that each picture lies in, where such folders look like
    groups: nearly every picture is in one, and most of them are in more than one class.

    >>> domains_of(["cat/art/1.jpg", "cat/photo/2.jpg", "dog/art/3.jpg"], ["cat", "cat", "dog"])
    ('art', 'photo', 'art')

    Args:
        names: Of the pictures.
        classes: The class of each.
    """
    found, within = [], defaultdict(set)
    for name, label in zip(names, classes, strict=True):
        parts = name.split("/")
        inside = len(parts) > 2 and as_text(parts[-3]) == label
        found.append(parts[-2] if inside else "")
        if inside:
            within[parts[-2]].add(label)
    shared = sum(len(each) > 1 for each in within.values())
    known = sum(map(bool, found))
    if not 2 <= len(within) <= _MOST_DOMAINS or 2 * shared < len(within):
        return None
    return tuple(found) if known >= _NEARLY_ALL * len(found) else None


def as_text(name: str) -> str:
    """A name from disk as text that can be shown and stored: composed, trimmed, never empty."""
    composed = unicodedata.normalize("NFC", readable(name)).strip()
    return composed[:LONGEST_NAME] or "(no name)"


def note_on(what: str, names: Iterable[str], one: str, many: str) -> str:
    """`3 files are no picture and were left out: a, b, c.`; nothing where there are none."""
    ordered = [readable(name)[:100] for name in sorted(names)]
    if not ordered:
        return ""
    shown = ", ".join(ordered[:_NAMED])
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    count = f"1 file {one}" if len(ordered) == 1 else f"{len(ordered)} files {many}"
    left = "was" if len(ordered) == 1 else "were"
    return f"{count} {what} and {left} left out: {shown}{more}."


def note_on_damage(problems: Mapping[str, str]) -> str:
    """`2 pictures were left out, for they can't be read: a.png: empty; b.png: damaged.`"""
    if not problems:
        return ""
    shown = "; ".join(f"{name}: {why}" for name, why in list(problems.items())[:_DAMAGED_NAMED])
    more = f"; and {len(problems) - _DAMAGED_NAMED} more" if len(problems) > _DAMAGED_NAMED else ""
    count = "1 picture was" if len(problems) == 1 else f"{len(problems)} pictures were"
    return f"{count} left out, for they can't be read: {shown}{more}."


def readable(name: str) -> str:
    """A name from disk as text, bytes that are no UTF-8 written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_clutter(name: str) -> bool:
    """What operating systems leave behind, hidden files, and names of nothing."""
    parts = PurePosixPath(name).parts
    if not parts:
        return True
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return hidden or parts[-1].lower() in {"thumbs.db", "desktop.ini"}


def _unwrapped(parts: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Without folders that merely hold the class folders."""
    while parts and all(len(p) > 2 for p in parts) and len({p[0] for p in parts}) == 1:
        parts = [p[1:] for p in parts]
    return parts


def _sides(parts: list[tuple[str, ...]]) -> dict[str, Side]:
    """Which top folder is which side; empty where the top folders are classes."""
    tops = {p[0].casefold() for p in parts if len(p) > 2}
    every = {p[0].casefold() for p in parts}
    if not tops & TRAIN or not every & (TEST | VALIDATION):
        return {}
    test = TEST if tops & TEST else VALIDATION
    sides: dict[str, Side] = dict.fromkeys(TRAIN | VALIDATION, "train")
    return sides | dict.fromkeys(test, "test")


def _note_on_validation(parts: list[tuple[str, ...]], sides: dict[str, Side]) -> str:
    joined = {p[0] for p in parts if sides and p[0].casefold() in VALIDATION}
    if not joined or sides[next(iter(joined)).casefold()] == "test":
        return ""
    return (
        f"The pictures in {next(iter(joined))} joined the training pictures, of which the "
        "recipe's validation share is set aside."
    )


def _notes_on_empty(names: list[str], class_folders: set[PurePosixPath]) -> list[str]:
    """Folders beside the class folders that hold no picture."""
    folders = {PurePosixPath(name) for name in names if name.endswith("/")}
    folders |= {parent for name in names for parent in PurePosixPath(name).parents}
    beside = {folder.parent for folder in class_folders}
    empty = sorted(f for f in folders - class_folders if f.name and f.parent in beside)
    shown = [as_text(str(folder)) for folder in empty]
    return [f"The class folder {name!r} has no pictures and was left out." for name in shown]


def _group(inner: tuple[str, ...], group_by: GroupBy) -> str:
    """What a picture belongs to, wherever it lies."""
    if group_by == "prefix":
        stem = PurePosixPath(inner[-1]).stem
        return readable(re.sub(r"\d+\D*$", "", stem) or stem)
    if group_by == "subfolder":
        return readable("/".join(inner[1:-1]) or "/".join(inner))
    return ""


def _check_classes(
    entries: list[Entry], parts: list[tuple[str, ...]], sides: dict[str, Side]
) -> None:
    """At least two classes, and no two that a person would take for one."""
    folders = {(p[1] if sides else p[0]) for p in parts if len(p) > (2 if sides else 1)}
    alike = defaultdict(set)
    for folder in folders:
        alike[as_text(folder).casefold()].add(folder)
    for group in alike.values():
        if len(group) > 1:
            first, second, *_ = sorted(readable(name)[:100] for name in group)
            raise DataError(
                f"Two class folders have the same name: {first!r} and {second!r}",
                remedy="Rename one, or put their pictures into one folder.",
            )
    if len({entry.class_name for entry in entries}) < 2:
        raise _too_few({entry.class_name for entry in entries})


def _too_few(classes: set[str]) -> DataError:
    found = f"only one class folder, {next(iter(classes))!r}" if classes else "no class folder"
    return DataError(
        f"There is {found} with pictures in it",
        remedy="Make one folder for each class, at least two, and put pictures into each: "
        "cats/1.jpg, dogs/1.jpg.",
    )
