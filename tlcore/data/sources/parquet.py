"""The data set `hub`: pictures and labels out of parquet files that were fetched from the hub.

A commit names the files and their checksums were noted when they came, so the same recipe reads the
same bytes. Nothing is fetched from here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlcore.data.cache import Facts, Kept, Write, kept, key_of
from tlcore.data.decode import VERSION, fit_picture, open_picture, quietly
from tlcore.data.layout import as_text, note_on_damage
from tlcore.data.pictures import Dataset, Pictures, in_batches
from tlcore.data.sources.columns import (
    Columns,
    candidates,
    features_of_page,
    features_of_schema,
    find_columns,
)
from tlcore.data.sources.repository import Found, found_or_missing, remedy
from tlcore.errors import DataError
from tlcore.recipe import Data, Input

MOST_GROUPS = 60
"""Different values of a further column, up to which it tells groups apart."""

_AT_ONCE = 256
_DAMAGED_TOLD = 20


def open_hub(data: Data, input: Input) -> Dataset:
    """All readable pictures, at the size that the network sees."""
    found = found_or_missing(data.repo, data.revision, data.config)
    columns = columns_of(found, data)
    digest = _digest(found, columns)
    with quietly():
        content = kept(
            key_of("hub", digest, input.size, input.fit, input.interpolation, VERSION),
            lambda write: _decode(found, columns, input, write),
            of=digest,
        )
    return _assembled(found, columns, content, digest)


def columns_of(found: Found, data: Data) -> Columns:
    """Which columns are read, as its first file and its page say."""
    schema = _opened(found.folder / found.sides.train[0]).schema_arrow
    return find_columns(schema, found.readme, found.config, image=data.image, label=data.label)


def choices(found: Found) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that may hold the pictures, and those that may hold the labels."""
    schema = _opened(found.folder / found.sides.train[0]).schema_arrow
    said = features_of_schema(schema) or features_of_page(found.readme, found.config)
    pictures, labels = candidates(schema, said)
    return tuple(pictures), tuple(each for each in labels if each not in pictures)


def label_counts(found: Found, columns: Columns) -> tuple[list[int], list[int] | None]:
    """How many pictures each class has to learn from, and to be tested on."""
    sides = []
    for files in (found.sides.train, found.sides.test):
        counts: Counter[Any] = Counter()
        for file in files:
            for batch in rows_of(found.folder / file, [columns.label]):
                counts.update(batch[columns.label])
        sides.append(counts)
    train, test = sides
    named = range(len(columns.names))
    known = list(named) or [each for each in train if _is_label(each)]
    tested = [test[each] for each in known]
    return [train[each] for each in known], tested if any(tested) else None


def sample_of(found: Found, columns: Columns, count: int) -> list[bytes]:
    """The first pictures, as files."""
    first = next(rows_of(found.folder / found.sides.train[0], [columns.image], size=count), {})
    return [content for row in first.get(columns.image, []) if (content := content_of(row))]


def rows_of(
    path: Path, columns: Sequence[str], *, size: int = _AT_ONCE
) -> Iterator[dict[str, list[Any]]]:
    """Some rows at a time, so that memory doesn't grow with the file.

    Raises:
        DataError: It is no parquet file, is damaged, or lacks a column.
    """
    import pyarrow as pa

    file = _opened(path)
    if lacking := [name for name in columns if name not in file.schema_arrow.names]:
        raise foreign(path, f"it has no columns {' and '.join(columns)}; {lacking[0]} is missing")
    try:
        for batch in file.iter_batches(batch_size=size, columns=list(columns)):
            yield {name: batch.column(name).to_pylist() for name in columns}
    except (pa.ArrowException, OSError) as error:
        raise foreign(path, _reason(error)) from None


def column_names(path: Path) -> list[str]:
    """What the columns of a file are called."""
    return list(_opened(path).schema_arrow.names)


def content_of(row: object) -> bytes | None:
    """A picture's file out of its row; None where the row holds none."""
    content = row.get("bytes") if isinstance(row, dict) else row
    return content if isinstance(content, bytes) else None


def foreign(path: Path, why: str) -> DataError:
    """A file is not what its name promises."""
    return DataError(
        f"The file isn't what its name says: {why}", where=str(path), remedy="Fetch it again."
    )


def _opened(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise foreign(path, _reason(error)) from None


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or ["damaged"])[0][:200]


def _digest(found: Found, columns: Columns) -> str:
    """A hash of the content, and of which of it is read; what was damaged since is refused."""
    whole = hashlib.sha256(repr((columns.image, columns.label)).encode())
    sums = {file.path: file.sha256 for file in found.files}
    for side, files in (("train", found.sides.train), ("test", found.sides.test)):
        for file in files:
            path = found.folder / file
            with path.open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            if content != sums[file]:
                raise DataError(
                    "The file was changed or damaged after it was fetched", where=str(path),
                    remedy=f"{remedy(found.repo, found.revision)} --again",
                )  # fmt: skip
            whole.update(f"{side}\0{content}\0".encode())
    return whole.hexdigest()


def _decode(found: Found, columns: Columns, input: Input, write: Write) -> Facts:
    facts: Facts = {}
    for side, files in (("train", found.sides.train), ("test", found.sides.test)):
        facts[side] = _decode_side([found.folder / f for f in files], side, columns, input, write)
    if not facts["train"]["labels"]:
        raise DataError("None of its training pictures can be read", where=str(found.folder))
    return facts


def _decode_side(
    files: Sequence[Path], side: str, columns: Columns, input: Input, write: Write
) -> Facts:
    """Write the pictures of a side; keep which row each was, its label, and all that is said of
    it."""

    def decode(row: object) -> NDArray[np.uint8] | str:
        try:
            if (content := content_of(row)) is None:
                return "there is no picture in its row"
            image = open_picture(content, needed=input.size)
            return fit_picture(image, input.size, input.fit, input.interpolation)
        except DataError as error:
            return error.what

    rows: list[int] = []
    labels: list[Any] = []
    further: dict[str, list[str]] = {name: [] for name in columns.further}
    problems: dict[str, str] = {}
    unlabelled = start = damaged = 0
    for path in files:
        for batch in rows_of(path, [columns.image, columns.label, *columns.further]):
            pictures = [p for part in in_batches(decode, batch[columns.image]) for p in part]
            good = []
            for place, picture in enumerate(pictures):
                label = batch[columns.label][place]
                if not _is_label(label):
                    unlabelled += 1
                elif isinstance(picture, str):
                    damaged += 1
                    if len(problems) < _DAMAGED_TOLD:
                        problems[f"{side}/{start + place:05d}"] = picture
                else:
                    good.append(place)
            if good:
                write(np.stack([pictures[place] for place in good]))
            rows += [start + place for place in good]
            labels += [batch[columns.label][place] for place in good]
            _add_further(further, batch, good, columns)
            start += len(pictures)
    return {
        "rows": rows, "labels": labels, "further": further, "problems": problems,
        "damaged": damaged, "unlabelled": unlabelled,
    }  # fmt: skip


def _is_label(label: object) -> bool:
    """Whether somebody has labelled it: hidden labels are left out, or are -1."""
    return label is not None and label != -1


def _add_further(
    further: dict[str, list[str]], batch: dict[str, list[Any]], good: list[int], columns: Columns
) -> None:
    """Let go of a column as soon as it has too many values to tell groups apart."""
    for name in list(further):
        names = columns.further[name]
        further[name] += [_in_words(batch[name][place], names) for place in good]
        if len(set(further[name])) > max(MOST_GROUPS, len(names)):
            del further[name]


def _in_words(value: object, names: Sequence[str]) -> str:
    if names and isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return "" if value is None else as_text(str(value))


def _assembled(found: Found, columns: Columns, content: Kept, digest: str) -> Dataset:
    facts = content.facts
    labels = facts["train"]["labels"]
    classes, number = _classes(labels, columns, found)
    shared = set(facts["train"]["further"]) & set(facts["test"]["further"])
    sides, start, unknown = {}, 0, 0
    for side in ("train", "test"):
        end = start + len(facts[side]["labels"])
        pictures = _pictures(content.pixels[start:end], side, facts[side], number, shared)
        known = np.flatnonzero(pictures.labels >= 0)
        unknown += len(pictures) - len(known)
        sides[side] = pictures if len(known) == len(pictures) else pictures.take(known)
        start = end
    notes = [
        *found.sides.notes,
        *(note_on_damage(facts[side]["problems"]) for side in sides),
        _note_on(sum(facts[side]["unlabelled"] for side in sides), "no label"),
        _note_on(unknown, "a label that no training picture has"),
    ]
    return Dataset(
        name="hub",
        classes=classes,
        train=sides["train"],
        test=sides["test"] if len(sides["test"]) else None,
        fingerprint=digest,
        superclasses=_superclasses(sides["train"], classes, columns),
        notes=tuple(filter(None, notes)),
    )


def _classes(
    labels: Sequence[Any], columns: Columns, found: Found
) -> tuple[tuple[str, ...], dict[Any, int]]:
    """The names of the classes, and which of them a label means."""
    if columns.names:
        numbers = {number: number for number in range(len(columns.names))}
        if strange := next((label for label in labels if label not in numbers), None):
            where = str(found.folder)
            what = f"A label is {strange}, and there are {len(numbers)} classes"
            raise DataError(what, where=where, remedy="Choose another column as data.label.")
        return tuple(map(as_text, columns.names)), numbers
    values = sorted(set(labels))
    if len(values) < 2:
        raise DataError(
            f"The column {columns.label} has {len(values)} label, and at least two are needed",
            where=found.repo, remedy="Choose another column as data.label.",
        )  # fmt: skip
    return tuple(as_text(str(v)) for v in values), {v: n for n, v in enumerate(values)}


def _pictures(
    pixels: NDArray[np.uint8], side: str, facts: Facts, number: dict[Any, int], shared: set[str]
) -> Pictures:
    groups = {name: np.array(values) for name, values in facts["further"].items() if name in shared}
    return Pictures(
        pixels,
        np.array([number.get(label, -1) for label in facts["labels"]], dtype=np.int64),
        np.array([f"{side}/{row:05d}" for row in facts["rows"]], dtype=np.str_),
        groups,
    )


def _superclasses(train: Pictures, classes: Sequence[str], columns: Columns) -> dict[str, str]:
    """Coarser names: a column of named values that follows from the class."""
    for name, names in columns.further.items():
        if not names or name not in train.groups or not 2 <= len(names) < len(classes):
            continue
        pairs = set(zip(train.labels.tolist(), train.groups[name].tolist(), strict=True))
        if len(pairs) == len({label for label, _ in pairs}) == len(classes):
            return {classes[label]: coarse for label, coarse in pairs}
    return {}


def _note_on(count: int, what: str) -> str:
    if not count:
        return ""
    pictures = "1 picture has" if count == 1 else f"{count:,} pictures have"
    return f"{pictures} {what} and {'was' if count == 1 else 'were'} left out."
