"""What a network said of every test picture: the table that all analysis starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tlcore.errors import DataError, RunError
from tlcore.files import written_whole

if TYPE_CHECKING:
    import pyarrow as pa

SMALLEST = 1e-12
_CLASSES = b"thaw.classes"
_GROUP = "group:"
_BELONGING = ("group", "copy_of")
"""Columns of pictures that belong together: of `data.group_by`, and of near copies."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """One row a picture.

    >>> table = Predictions(
    ...     ids=np.array(["a.png", "b.png"]),
    ...     labels=np.array([0, 1]),
    ...     probabilities=np.array([[0.9, 0.1], [0.6, 0.4]], dtype=np.float32),
    ...     classes=("cat", "dog"),
    ... )
    >>> table.predicted.tolist(), table.correct.tolist(), table.loss.round(2).tolist()
    ([0, 0], [True, False], [0.11, 0.92])

    Attributes:
        ids: The picture's lasting name.
        labels: `int64`, its class as a place in `classes`.
        probabilities: `float32`, n x k, each row adds up to 1.
        classes: Class names, any text.
        groups: What else is known of each picture, such as `cue`: column name to text values.
    """

    ids: NDArray[np.str_]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if fault := _fault(self):
            raise DataError(f"These predictions can't be right: {fault}.")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def pictures(self) -> NDArray[np.str_]:
        """The ids without the folders that all of them lie in: the same whether a zip was uploaded
        or read where it lies, with its class folders in a folder or not.

        >>> ids = np.array(["pets/cat/1.jpg", "pets/dog/1.jpg"])
        >>> Predictions(ids, np.array([0, 1]), np.eye(2), ("cat", "dog")).pictures.tolist()
        ['cat/1.jpg', 'dog/1.jpg']
        """
        names = self.ids.tolist() or [""]
        first, last = (name.split("/")[:-1] for name in (min(names), max(names)))
        shared = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
        cut = sum(len(folder) + 1 for folder, _ in shared)
        return np.array([name[cut:] for name in names]) if cut else self.ids

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest class of each picture."""
        likeliest: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return likeliest

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of the likeliest class."""
        highest: NDArray[np.float32] = self.probabilities.max(axis=1)
        return highest

    @cached_property
    def loss(self) -> NDArray[np.float64]:
        """Cross-entropy of each picture, in nats. A probability of 0 counts as 1e-12, so that
        one hopeless picture doesn't make the mean infinite."""
        given = self.probabilities[np.arange(len(self)), self.labels].astype(np.float64)
        return -np.log(np.maximum(given, SMALLEST))

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        right: NDArray[np.bool_] = self.predicted == self.labels
        return right

    @cached_property
    def belonging(self) -> NDArray[np.int64] | None:
        """The number of the group that each picture belongs to (one patient, one video, one
        picture that others nearly copy); None where every picture stands for itself."""
        for column in _BELONGING:
            if column in self.groups:
                values = self.groups[column]
                own = np.where(values == "", np.char.add("\0", self.ids), values)
                _, numbers = np.unique(own, return_inverse=True)
                if numbers.max(initial=0) + 1 < len(self):
                    return numbers.astype(np.int64)
        return None

    def write(self, path: Path) -> None:
        """Save as Parquet, with checksums that `read` verifies."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = _as_table(self)
        texts = [name for name in table.column_names if pa.types.is_string(table[name].type)]
        with written_whole(path) as draft:
            pq.write_table(
                table,
                draft,
                compression="zstd",
                write_page_checksum=True,
                use_dictionary=texts,  # probabilities hardly repeat, and are read faster without
            )

    @classmethod
    def read(cls, path: Path) -> Predictions:
        """Load what `write` saved, or raise one `RunError`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not path.is_file():
            raise RunError("The predictions were never saved.", where=str(path), remedy=_AGAIN)
        try:
            # The open file keeps pyarrow from reading folder names such as `label=1` as columns.
            with path.open("rb") as file:
                return _from_table(pq.read_table(file, page_checksum_verification=True))
        except (pa.ArrowException, OSError, KeyError, ValueError, TypeError, DataError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RunError(
                f"The saved predictions are damaged: {reason}", where=str(path), remedy=_AGAIN
            ) from None


_AGAIN = "Run the recipe again; its numbers will be the same."


def _fault(table: Predictions) -> str:
    """What is wrong with a table, in words; empty when nothing is."""
    n, k = len(table.labels), len(table.classes)
    if len(table.ids) != n or table.probabilities.shape != (n, k):
        shape = " x ".join(str(side) for side in table.probabilities.shape)
        return f"{len(table.ids)} ids, {n} labels, {k} classes and probabilities of {shape}"
    for name, column in table.groups.items():
        if len(column) != n:
            return f"group {name!r} describes {len(column)} pictures of {n}"
    if n and not (table.labels.min() >= 0 and table.labels.max() < k):
        return f"labels run from {table.labels.min()} to {table.labels.max()}, with {k} classes"
    sums = table.probabilities.sum(axis=1)
    if not np.allclose(sums, 1, atol=0.01) or table.probabilities.min(initial=0) < 0:
        return "the probabilities of a picture don't add up to 1"
    return ""


def _as_table(predictions: Predictions) -> pa.Table:
    import pyarrow as pa

    columns = {
        "id": _text(predictions.ids),
        "label": pa.array(predictions.labels, pa.int64()),
        "probabilities": pa.FixedSizeListArray.from_arrays(
            pa.array(predictions.probabilities.ravel(), pa.float32()), len(predictions.classes)
        ),
        **{_GROUP + name: _text(column) for name, column in predictions.groups.items()},
    }
    return pa.table(columns).replace_schema_metadata({_CLASSES: json.dumps(predictions.classes)})


def _text(column: NDArray[np.str_]) -> pa.Array:
    """Text as Parquet takes it: half a surrogate pair (a file name that is not UTF-8) is
    written out as `\\udc80`."""
    import pyarrow as pa

    values = [text.encode("utf-8", "backslashreplace").decode() for text in column.tolist()]
    return pa.array(values, pa.string())


def _from_table(table: pa.Table) -> Predictions:
    classes = tuple(json.loads((table.schema.metadata or {})[_CLASSES]))
    values = table["probabilities"].combine_chunks().flatten().to_numpy()
    groups = {
        name.removeprefix(_GROUP): np.array(table[name].to_pylist(), dtype=np.str_)
        for name in table.column_names
        if name.startswith(_GROUP)
    }
    return Predictions(
        ids=np.array(table["id"].to_pylist(), dtype=np.str_),
        labels=table["label"].to_numpy(),
        probabilities=values.reshape(len(table), len(classes)),
        classes=classes,
        groups=groups,
    )
