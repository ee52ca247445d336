"""What may be wrong with a split: leaks from training to test, lopsided and tiny classes.

`find_exact` is quick and runs whenever a recipe's data are loaded. `find_near` compares
thumbnails of all pictures with each other and takes seconds; the pages ask for it.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tlcore.data.pictures import Pictures, Splits

CELLS = 8
"""Down and across."""

NEAR = 0.97
"""The least correlation that counts as nearly the same picture."""

_FLAT = 2.0  # grey levels: what varies less is noise, and noise correlates with nothing
_LIKENESS_AT_ONCE = 512


def directions(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Coarse pictures as vectors of mean 0 and length 1: their products are correlations."""
    flat = coarse(pixels).reshape(len(pixels), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    spread = flat.std(axis=1, keepdims=True)
    flat /= np.maximum(spread, _FLAT) * math.sqrt(flat.shape[1])
    return flat


def coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean colour of each cell of a coarse grid: n x colour x across x down."""
    starts = range(0, len(pixels), _LIKENESS_AT_ONCE)
    parts = [_shrunk(pixels[start : start + _LIKENESS_AT_ONCE]) for start in starts]
    return np.concatenate(parts) if parts else np.zeros((0, 3, CELLS, CELLS), np.float32)


def thumbnails(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same as pictures of eight by eight pixels, which can stand in for the large ones."""
    return coarse(pixels).round().astype(np.uint8).transpose(0, 3, 2, 1)


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    down, across = (_cells(side) for side in pixels.shape[1:3])
    rows = np.tensordot(pixels.astype(np.float32), across, axes=(2, 1))
    small: NDArray[np.float32] = np.tensordot(rows, down, axes=(1, 1))
    return small


def _cells(side: int) -> NDArray[np.float32]:
    """How much of each pixel goes into each cell, where cells may cut through pixels."""
    edges = np.linspace(0, side, CELLS + 1)
    pixel = np.arange(side)
    overlap = [np.minimum(b, pixel + 1) - np.maximum(a, pixel) for a, b in pairwise(edges)]
    shares: NDArray[np.float32] = np.maximum(overlap, 0).astype(np.float32)
    return shares * np.float32(CELLS / side)


LOPSIDED = 10.0
"""Pictures of the commonest class for each one of the rarest, from which a note is due."""

TINY = 5
FEW_TO_TEST = 10

_NAMED = 5
_AT_ONCE = 1000  # test pictures compared with everything at a time


@dataclass(frozen=True)
class Leak:
    """Two pictures, one on each side of a split, that are the same or nearly so.

    Attributes:
        side: `test` or `validation`.
        id: The picture there.
        other_side: `train` or `validation`.
        other_id: Its double.
        similarity: 1 for the same pixels, else the correlation of the thumbnails.
        same_class: Whether both have the same label.
    """

    side: str
    id: str
    other_side: str
    other_id: str
    similarity: float
    same_class: bool


def find_exact(splits: Splits) -> tuple[Leak, ...]:
    """Pictures with the very same pixels on two sides."""
    return _exact(splits, _digests_of(splits))


def find_near(splits: Splits, *, threshold: float = NEAR) -> tuple[Leak, ...]:
    """For each picture set aside, its nearest double on another side, if near enough; the
    most alike first. Exact doubles are among them."""
    leaks = []
    for (side, pictures), (other_side, others) in _sides(splits):
        best, similarity = nearest(pictures, others)
        for row in np.flatnonzero(similarity > threshold):
            found = float(similarity[row])
            leaks.append(_leak(side, pictures, int(row), other_side, others, int(best[row]), found))
    return tuple(sorted(leaks, key=lambda leak: -leak.similarity))


def nearest(pictures: Pictures, others: Pictures) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each picture the most alike of the others: its row, and their correlation."""
    looked_in = directions(others.pixels).T
    best = np.empty(len(pictures), dtype=np.int64)
    similarity = np.empty(len(pictures), dtype=np.float32)
    for start in range(0, len(pictures), _AT_ONCE):
        rows = slice(start, min(start + _AT_ONCE, len(pictures)))
        alike = directions(pictures.pixels[rows]) @ looked_in
        best[rows] = alike.argmax(axis=1)
        similarity[rows] = np.take_along_axis(alike, best[rows, None], axis=1)[:, 0]
    return best, np.minimum(similarity, 1)


def find_doubtful(
    pictures: Pictures, *, threshold: float = NEAR
) -> tuple[tuple[int, int, float], ...]:
    """Pairs of nearly the same picture under two labels, of which one must be wrong: two rows and
    how alike they are, the most alike first.

    >>> twice = Pictures(
    ...     np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), np.uint8).repeat(2, axis=0),
    ...     np.array([0, 1]), np.array(["a", "b"]),
    ... )
    >>> find_doubtful(twice)
    ((0, 1, 1.0),)
    """
    thumbnails = directions(pictures.pixels)
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(pictures), _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, len(pictures)))
        alike = thumbnails[rows] @ thumbnails.T
        alike[pictures.labels[rows, None] == pictures.labels] = -1
        best = alike.argmax(axis=1)
        nearest_other = alike[np.arange(len(rows)), best]
        for place in np.flatnonzero(nearest_other > threshold):
            first, second = sorted((int(rows[place]), int(best[place])))
            found[first, second] = min(1.0, round(float(nearest_other[place]), 4))
    pairs = ((*rows, similarity) for rows, similarity in found.items())
    return tuple(sorted(pairs, key=lambda pair: (-pair[2], pair[:2])))


def quick_notes(splits: Splits) -> tuple[str, ...]:
    """What is cheap to find out, in sentences."""
    digests = _digests_of(splits)
    notes = [
        *_notes_on_leaks(_exact(splits, digests)),
        _note_on_contradictions(splits, digests),
        *_notes_on_sizes(splits),
    ]
    return tuple(filter(None, notes))


def _exact(splits: Splits, digests: Mapping[str, list[bytes]]) -> tuple[Leak, ...]:
    leaks = []
    for (side, pictures), (other_side, others) in _sides(splits):
        rows = {digest: row for row, digest in reversed(list(enumerate(digests[other_side])))}
        for row, digest in enumerate(digests[side]):
            if digest in rows:
                leaks.append(_leak(side, pictures, row, other_side, others, rows[digest], 1.0))
    return tuple(leaks)


def _sides(
    splits: Splits,
) -> Iterator[tuple[tuple[str, Pictures], tuple[str, Pictures]]]:
    """Each pair of sides between which nothing may leak."""
    train, test = ("train", splits.train), ("test", splits.test)
    yield test, train
    if splits.validation is not None:
        validation = ("validation", splits.validation)
        yield test, validation
        yield validation, train


def _leak(
    side: str, pictures: Pictures, row: int, other_side: str, others: Pictures, other: int,
    similarity: float,
) -> Leak:  # fmt: skip
    same_class = bool(pictures.labels[row] == others.labels[other])
    ids = str(pictures.ids[row]), str(others.ids[other])
    return Leak(side, ids[0], other_side, ids[1], similarity, same_class)


def _digests_of(splits: Splits) -> dict[str, list[bytes]]:
    """A short name for the pixels of every picture of every side."""
    sides = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    return {
        side: [hashlib.blake2b(p.tobytes(), digest_size=16).digest() for p in pictures.pixels]
        for side, pictures in sides.items()
        if pictures is not None
    }


def _notes_on_leaks(leaks: tuple[Leak, ...]) -> list[str]:
    """One sentence for each pair of sides."""
    notes = []
    for sides, count in Counter((leak.side, leak.other_side) for leak in leaks).items():
        side, other = sides
        subject = f"1 {side} picture is" if count == 1 else f"{count:,} {side} pictures are"
        notes.append(f"Leak: {subject} also among the {other} pictures, pixel for pixel.")
    return notes


def _note_on_contradictions(splits: Splits, digests: Mapping[str, list[bytes]]) -> str:
    """The same pixels under two labels: one of them must be wrong."""
    labels: dict[bytes, set[int]] = defaultdict(set)
    for side, names in digests.items():
        for digest, label in zip(names, getattr(splits, side).labels.tolist(), strict=True):
            labels[digest].add(label)
    torn = [found for found in labels.values() if len(found) > 1]
    if not torn:
        return ""
    classes = " and ".join(sorted(splits.classes[label] for label in torn[0])[:2])
    count = "1 picture appears" if len(torn) == 1 else f"{len(torn):,} pictures appear"
    return f"Label noise: {count} under more than one label, such as {classes}."


def _notes_on_sizes(splits: Splits) -> list[str]:
    """Lopsided and tiny classes, with their numbers."""
    train = np.bincount(splits.train.labels, minlength=len(splits.classes))
    test = np.bincount(splits.test.labels, minlength=len(splits.classes))
    notes = [
        _on_small(train, 1, splits.classes, "No training picture is left of"),
        _on_small(np.where(train == 0, TINY, train), TINY, splits.classes,
                  f"Fewer than {TINY} training pictures of"),
        _on_small(test, FEW_TO_TEST, splits.classes,
                  f"Fewer than {FEW_TO_TEST} test pictures, too few to judge a class by, of"),
    ]  # fmt: skip
    most, least = int(train.argmax()), int(np.where(train == 0, train.max(), train).argmin())
    if train[most] >= LOPSIDED * train[least]:
        notes.append(
            f"Lopsided: {train[most]:,} training pictures of {splits.classes[most]} and "
            f"{train[least]:,} of {splits.classes[least]}. Look at each class's accuracy, or "
            "balance the classes."
        )
    return notes


def _on_small(counts: NDArray[np.int64], limit: int, classes: tuple[str, ...], words: str) -> str:
    small = [classes[label] for label in np.flatnonzero(counts < limit)]
    more = f" and {len(small) - _NAMED} more" if len(small) > _NAMED else ""
    return f"{words} {', '.join(small[:_NAMED])}{more}." if small else ""
