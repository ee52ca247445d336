"""Where a network puts pictures: its features, turned so that most of them can be seen in two.

The principal components are had at once; how well the classes are parted is measured among the
nearest neighbours, where no map can deceive. t-SNE draws neighbours together and says nothing of
distances between the groups that come of it.

>>> chance = np.random.default_rng(0)
>>> labels = np.arange(60) % 2
>>> parted = project(np.float32(chance.normal(size=(60, 5)) + 9 * labels[:, None]))
>>> parted.explained[0] > 0.9, float(purity(parted.components, labels).mean())
(True, 1.0)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tlcore.analysis.intervals import Interval, Rows, bounded, by_groups, paired_mean
from tlcore.errors import RunError
from tlcore.files import written_whole

if TYPE_CHECKING:
    import pyarrow as pa

MOST_PICTURES = 2000
COMPONENTS = 50
"""Kept of each cloud: as many as t-SNE is usually given."""

NEIGHBOURS = 10

FEWEST = 3
"""Pictures that make a map."""

_AT_ONCE = 512
_FACTS = b"thaw.embedding"
_AGAIN = "Have the map made again."


@dataclass(frozen=True, eq=False)
class Cloud:
    """Pictures as points.

    Attributes:
        components: `float32`, n x c: the first principal components of each picture's features.
        explained: Which share of the features' variance each component has.
    """

    components: NDArray[np.float32]
    explained: tuple[float, ...]

    @cached_property
    def flat(self) -> NDArray[np.float32]:
        """The first two."""
        return self.components[:, :2]


@dataclass(frozen=True, eq=False)
class Embedding:
    """Test pictures as the trained network sees them, and as it saw them before it was trained.

    Attributes:
        rows: Of the run's predictions.
        after: By the network that the run kept.
        before: By the network that it began as; None where that can't be had.
        network: The name of the file of the network that was asked.
        why_not: Why there is no `before`, in words; else empty.
    """

    rows: Rows
    after: Cloud
    before: Cloud | None
    network: str
    why_not: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def write(self, path: Path) -> None:
        """Save as Parquet, with checksums that `read` verifies."""
        import pyarrow.parquet as pq

        with written_whole(path) as draft:
            pq.write_table(_as_table(self), draft, compression="zstd", write_page_checksum=True)

    @classmethod
    def read(cls, path: Path) -> Embedding:
        """Load what `write` saved, or raise one `RunError`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with path.open("rb") as file:
                return _from_table(pq.read_table(file, page_checksum_verification=True))
        except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            what = f"The saved map is damaged: {reason}"
            raise RunError(what, where=str(path), remedy=_AGAIN) from None


def choose_rows(count: int, *, most: int = MOST_PICTURES) -> Rows:
    """All rows, or an even part of them.

    >>> choose_rows(3).tolist(), choose_rows(9, most=3).tolist()
    ([0, 1, 2], [0, 4, 8])
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def project(features: NDArray[np.float32], *, components: int = COMPONENTS) -> Cloud:
    """The principal components of features (n x d). Which way a component points is arbitrary: its
    largest weight is made positive, so that it is the same every time."""
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    left, strengths, right = np.linalg.svd(centred, full_matrices=False)
    kept = min(components, len(strengths))
    turned = right[np.arange(kept), np.abs(right[:kept]).argmax(axis=1)]
    points = left[:, :kept] * strengths[:kept] * np.where(turned < 0, -1, 1)
    if kept < 2:  # one feature alone still has to be drawn
        points = np.pad(points, ((0, 0), (0, 2 - kept)))
    variance = strengths**2
    shares = variance[:kept] / max(float(variance.sum()), 1e-300)
    return Cloud(points.astype(np.float32), tuple(float(share) for share in shares))


def purity(
    components: NDArray[np.float32], labels: NDArray[np.int64], *, neighbours: int = NEIGHBOURS
) -> NDArray[np.float64]:
    """For each picture the share of its nearest ones that have its label."""
    count = min(neighbours, len(labels) - 1)
    points = components.astype(np.float64)
    squares = np.square(points).sum(axis=1)
    shares = np.empty(len(points))
    for start in range(0, len(points), _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, len(points)))
        distances = squares - 2 * points[rows] @ points.T  # but for the same term in each row
        distances[np.arange(len(rows)), rows] = np.inf
        nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
        shares[rows] = (labels[nearest] == labels[rows, None]).mean(axis=1)
    return shares


def mean_purity(shares: NDArray[np.float64], belonging: Rows | None = None) -> Interval:
    """The mean over all pictures, which may belong together, with its interval."""
    return by_groups(bounded(shares), shares, belonging)


def gained(
    before: NDArray[np.float64], after: NDArray[np.float64], belonging: Rows | None = None
) -> Interval:
    """By how much training has raised it, on the same pictures."""
    return paired_mean(after - before, belonging)


def by_chance(labels: NDArray[np.int64]) -> float:
    """What it would be if pictures lay anywhere.

    >>> round(by_chance(np.array([0, 0, 1, 1])), 3)
    0.333
    """
    counts = np.bincount(labels)
    return float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))


def unfold(components: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.float32]:
    """t-SNE: neighbours lie together, whatever becomes of the rest. A dozen seconds for 2,000."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(components) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    drawn: NDArray[np.float32] = tsne.fit_transform(components).astype(np.float32)
    return drawn


def _as_table(embedding: Embedding) -> pa.Table:
    import pyarrow as pa

    clouds = {"after": embedding.after}
    if embedding.before is not None:
        clouds["before"] = embedding.before
    columns = {
        "row": pa.array(embedding.rows, pa.int64()),
        **{name: _column(cloud.components) for name, cloud in clouds.items()},
    }
    facts = {
        "network": embedding.network,
        "why_not": embedding.why_not,
        "explained": {name: cloud.explained for name, cloud in clouds.items()},
    }
    return pa.table(columns).replace_schema_metadata({_FACTS: json.dumps(facts)})


def _column(values: NDArray[np.float32]) -> pa.Array:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(
        pa.array(values.ravel(), pa.float32()), values.shape[1]
    )


def _from_table(table: pa.Table) -> Embedding:
    facts = json.loads((table.schema.metadata or {})[_FACTS])
    rows = table["row"].to_numpy()
    clouds = {
        name: Cloud(_values(table[name], len(rows)), _shares(explained))
        for name, explained in facts["explained"].items()
    }
    if not len(rows) or rows.min() < 0:
        raise ValueError("it has no pictures")
    return Embedding(
        rows=rows,
        after=clouds["after"],
        before=clouds.get("before"),
        network=str(facts["network"]),
        why_not=str(facts["why_not"]),
    )


def _values(column: Any, count: int) -> NDArray[np.float32]:
    flat = column.combine_chunks().flatten().to_numpy()
    values: NDArray[np.float32] = flat.reshape(count, -1)
    if values.shape[1] < 2 or not np.isfinite(values).all():
        raise ValueError("it has points that lie nowhere")
    return values


def _shares(given: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(share) for share in given)
