"""The data set `folder`: anybody's class folders, or a zip of them.

Nothing in it can stop a run with a traceback: what is unusable as a whole is one `DataError`, and
what is unusable in part is left out and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tlcore.data.cache import Facts, Write, kept, key_of
from tlcore.data.decode import VERSION, fit_picture, open_picture, quietly
from tlcore.data.layout import Entry, Side, arrange, note_on, note_on_damage, readable
from tlcore.data.pictures import Dataset, Pictures, in_batches
from tlcore.data.sources.files import Source, open_source
from tlcore.errors import DataError
from tlcore.recipe import Data, Input


def open_folder(data: Data, input: Input) -> Dataset:
    """All readable pictures, at the size that the network sees."""
    with open_source(data.path) as source, quietly():
        try:
            return _opened(source, data, input)
        except DataError as error:
            where = error.where or data.path
            raise DataError(error.what, where=where, remedy=error.remedy) from None


def _opened(source: Source, data: Data, input: Input) -> Dataset:
    layout = arrange(source.names(), data.group_by)
    digest = _digest(source, layout.entries)
    content = kept(
        key_of("folder", digest, input.size, input.fit, input.interpolation, VERSION),
        lambda write: _decode(source, layout.entries, input, write),
        of=digest,
    )
    entries = [layout.entries[row] for row in content.facts["kept"]]
    classes = _classes(layout.entries, entries)
    rows, more_notes = _testable(entries, classes)
    notes = (
        *layout.notes,
        note_on("a link out of the folder or unreadable", source.left_out(), "is", "are"),
        note_on_damage(content.facts["problems"]),
        *_notes_on_empty(layout.entries, classes),
        *more_notes,
    )
    test = rows["test"]
    return Dataset(
        name="folder",
        classes=classes,
        train=_pictures(content.pixels, entries, rows["train"], classes, data),
        test=_pictures(content.pixels, entries, test, classes, data) if len(test) else None,
        fingerprint=digest,
        notes=tuple(filter(None, notes)),
    )


def fingerprint_of(source: Source) -> str:
    """The fingerprint of the data set that these files are, whatever its recipe."""
    return _digest(source, arrange(source.names()).entries)


def _digest(source: Source, entries: Sequence[Entry]) -> str:
    """A hash over all names and bytes: the same for a folder and for a zip of it."""
    whole = hashlib.sha256()
    for batch in in_batches(lambda entry: _digest_of_one(source, entry), entries):
        whole.update("".join(batch).encode())
    return whole.hexdigest()


def _digest_of_one(source: Source, entry: Entry) -> str:
    try:
        content = hashlib.sha256(source.read(entry.name)).hexdigest()
    except DataError as error:
        content = error.what
    return f"{entry.side}\x00{readable(entry.name)}\x00{content}\x00"


def _decode(source: Source, entries: Sequence[Entry], input: Input, write: Write) -> Facts:
    def decode(entry: Entry) -> NDArray[np.uint8] | str:
        try:
            image = open_picture(source.read(entry.name), needed=input.size)
            return fit_picture(image, input.size, input.fit, input.interpolation)
        except DataError as error:
            return error.what

    kept_rows: list[int] = []
    problems: dict[str, str] = {}
    row = 0
    for batch in in_batches(decode, entries, size=128):
        good = [result for result in batch if not isinstance(result, str)]
        if good:
            write(np.stack(good))
        for result in batch:
            if isinstance(result, str):
                problems[readable(entries[row].name)] = result
            else:
                kept_rows.append(row)
            row += 1
    if not kept_rows:
        name, reason = next(iter(problems.items()))
        raise DataError(
            f"None of the {len(entries)} pictures can be read; the first is {reason}",
            where=name,
            remedy="Save the pictures again as JPEG or PNG.",
        )
    return {"kept": kept_rows, "problems": problems}


def _classes(found: Sequence[Entry], usable: Sequence[Entry]) -> tuple[str, ...]:
    """The classes that can be learnt, sorted: those with a readable training picture."""
    classes = sorted({entry.class_name for entry in usable if entry.side == "train"})
    if len(classes) < 2:
        raise DataError(
            f"Only {len(classes)} of {len({e.class_name for e in found})} class folders has "
            "training pictures that can be read",
            remedy="At least two classes are needed.",
        )
    return tuple(classes)


def _testable(
    entries: Sequence[Entry], classes: tuple[str, ...]
) -> tuple[dict[Side, NDArray[np.int64]], list[str]]:
    """The rows of each side; test pictures of a class that can't be learnt are left out."""
    unknown = sorted({e.class_name for e in entries} - set(classes))
    rows: dict[Side, NDArray[np.int64]] = {
        side: np.array(
            [r for r, e in enumerate(entries) if e.side == side and e.class_name not in unknown],
            dtype=np.int64,
        )
        for side in ("train", "test")
    }
    notes = [
        f"Class {name!r} has test pictures but none to learn from; they were left out."
        for name in unknown
    ]
    return rows, notes


def _notes_on_empty(found: Sequence[Entry], classes: tuple[str, ...]) -> list[str]:
    trained = {entry.class_name for entry in found if entry.side == "train"}
    return [
        f"Class {name!r} was left out: none of its training pictures can be read."
        for name in sorted(trained - set(classes))
    ]


def _pictures(
    pixels: NDArray[np.uint8],
    entries: Sequence[Entry],
    rows: NDArray[np.int64],
    classes: tuple[str, ...],
    data: Data,
) -> Pictures:
    chosen = [entries[row] for row in rows]
    number = {name: label for label, name in enumerate(classes)}
    groups = {"group": np.array([entry.group for entry in chosen])} if data.group_by else {}
    consecutive = len(rows) > 0 and rows[-1] - rows[0] + 1 == len(rows)
    return Pictures(
        pixels[rows[0] : rows[-1] + 1] if consecutive else pixels[rows],  # a slice is no copy
        np.array([number[entry.class_name] for entry in chosen], dtype=np.int64),
        np.array([readable(entry.name) for entry in chosen]),
        groups,
    )
