"""The data sets `cifar10` and `cifar100`, as torchvision or the hub's parquet files lay them out.

They are looked for in every data folder and up to three folders below it, and never downloaded
from here: a run that needs a network should say so before it starts.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tlcore import paths
from tlcore.data.cache import Facts, Kept, Write, kept, key_of
from tlcore.data.decode import VERSION, open_picture, quietly
from tlcore.data.pictures import Dataset, Pictures, in_batches
from tlcore.data.sources import repository
from tlcore.data.sources.parquet import column_names, content_of, foreign, rows_of
from tlcore.errors import DataError, DataMissing

CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

CIFAR100 = {
    "aquatic_mammals": ("beaver", "dolphin", "otter", "seal", "whale"),
    "fish": ("aquarium_fish", "flatfish", "ray", "shark", "trout"),
    "flowers": ("orchid", "poppy", "rose", "sunflower", "tulip"),
    "food_containers": ("bottle", "bowl", "can", "cup", "plate"),
    "fruit_and_vegetables": ("apple", "mushroom", "orange", "pear", "sweet_pepper"),
    "household_electrical_devices": ("clock", "keyboard", "lamp", "telephone", "television"),
    "household_furniture": ("bed", "chair", "couch", "table", "wardrobe"),
    "insects": ("bee", "beetle", "butterfly", "caterpillar", "cockroach"),
    "large_carnivores": ("bear", "leopard", "lion", "tiger", "wolf"),
    "large_man-made_outdoor_things": ("bridge", "castle", "house", "road", "skyscraper"),
    "large_natural_outdoor_scenes": ("cloud", "forest", "mountain", "plain", "sea"),
    "large_omnivores_and_herbivores": ("camel", "cattle", "chimpanzee", "elephant", "kangaroo"),
    "medium_mammals": ("fox", "porcupine", "possum", "raccoon", "skunk"),
    "non-insect_invertebrates": ("crab", "lobster", "snail", "spider", "worm"),
    "people": ("baby", "boy", "girl", "man", "woman"),
    "reptiles": ("crocodile", "dinosaur", "lizard", "snake", "turtle"),
    "small_mammals": ("hamster", "mouse", "rabbit", "shrew", "squirrel"),
    "trees": ("maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"),
    "vehicles_1": ("bicycle", "bus", "motorcycle", "pickup_truck", "train"),
    "vehicles_2": ("lawn_mower", "rocket", "streetcar", "tank", "tractor"),
}
"""Superclass to its five classes. Sorted by name, both give the official numbers."""


def read_pickle(path: Path) -> dict[str, Any]:
    """The table in the file, its names as text."""
    try:
        with path.open("rb") as file:
            table = _Reader(file, encoding="bytes").load()
    except Exception as error:  # noqa: BLE001  a damaged pickle can raise almost anything
        raise DataError(
            f"The file is damaged or isn't CIFAR's: {str(error)[:200] or type(error).__name__}",
            where=str(path),
            remedy="Unpack the original archive again.",
        ) from None
    if not isinstance(table, dict):
        raise DataError("The file holds no table", where=str(path))
    return {name.decode() if isinstance(name, bytes) else str(name): v for name, v in table.items()}


def _encode(text: str, codec: str) -> bytes:
    """What Python 3 writes into old pickles for bytes; the codec is always this one."""
    if codec != "latin1":
        raise pickle.UnpicklingError(f"codec {codec!r} is not allowed")
    return text.encode("latin1")


def _reconstruct(kind: type, shape: tuple[int, ...], letter: bytes) -> np.ndarray[Any, Any]:
    """An empty array that the pickle then fills."""
    if kind is not np.ndarray or tuple(shape) != (0,):
        raise pickle.UnpicklingError("an array is declared in an unusual way")
    return np.ndarray((0,), "b")


_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no data set needs")
        return _ALLOWED[module, name]


Name: TypeAlias = Literal["cifar10", "cifar100"]

SIDE = 32
WHOLE = {"train": 50_000, "test": 10_000}

_DEPTH = 3
_MOST_FOLDERS = 2000
_TORCHVISION = {
    "cifar10": ("cifar-10-batches-py", [f"data_batch_{i}" for i in range(1, 6)], ["test_batch"]),
    "cifar100": ("cifar-100-python", ["train"], ["test"]),
}
_ARCHIVES = {"cifar10": "cifar-10-python.tar.gz", "cifar100": "cifar-100-python.tar.gz"}


@dataclass(frozen=True)
class Found:
    """Where a data set lies.

    Attributes:
        folder: The folder of its files.
        kind: How it is laid out.
        train: Its training files, in order.
        test: Its test files.
    """

    folder: Path
    kind: Literal["pickles", "parquet"]
    train: tuple[Path, ...]
    test: tuple[Path, ...]


@dataclass(frozen=True)
class _Part:
    """What one file holds: pictures, and the label of each among the finest classes."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    skipped: int = 0


def open_cifar(name: Name, labels: Literal["fine", "coarse"] = "fine") -> Dataset:
    """The data set, or a `DataMissing` that says where to put it."""
    found = find(name)
    if found is None:
        raise DataMissing(f"{_title(name)} is not on this machine", remedy=remedy(name))
    digest = _digest(found)
    with quietly():
        content = kept(key_of(name, digest, VERSION), lambda write: _decode(name, found, write))
    return _assembled(name, labels, content, digest)


def find(name: Name) -> Found | None:
    """The first place that holds the whole data set; what was got from the hub comes last."""
    places = (place for folder in paths.data_folders() for place in _nearby(folder))
    placed = next((found for place in places if (found := _recognised(name, place))), None)
    return placed or _fetched(name)


def _fetched(name: Name) -> Found | None:
    if (fetched := repository.find(f"uoft-cs/{name}")) is None:
        return None
    train, test = (
        tuple(fetched.folder / file for file in files)
        for files in (fetched.sides.train, fetched.sides.test)
    )
    return Found(fetched.folder, "parquet", train, test) if train and test else None


def remedy(name: Name) -> str:
    """What to do where it is missing."""
    folders = ", ".join(str(folder) for folder in paths.data_folders())
    archive = _ARCHIVES[name]
    for folder in paths.data_folders():
        if (folder / archive).is_file():
            return f"{archive} lies in {folder}: unpack it there (tar -xzf {archive})."
    return (
        f"Get it from the hub: python -m tlcore get {name}. By hand: looked in {folders}. Put "
        f"there either the folder {_TORCHVISION[name][0]} (unpacked from "
        f"{archive}, as torchvision leaves it), or a folder {name} with the parquet files of the "
        f"hub's uoft-cs/{name}. TL_DATA may name another folder."
    )


def _title(name: Name) -> str:
    return {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}[name]


def _nearby(folder: Path) -> Iterator[Path]:
    """The folder and those below it, the nearest first."""
    level = [folder]
    for _ in range(_DEPTH + 1):
        yield from level
        level = [child for parent in level for child in _subfolders(parent)][:_MOST_FOLDERS]


def _subfolders(folder: Path) -> list[Path]:
    try:
        children = sorted(folder.iterdir())
    except OSError:
        return []
    return [c for c in children if not c.name.startswith(".") and c.is_dir()]


def _recognised(name: Name, place: Path) -> Found | None:
    folder, train, test = _TORCHVISION[name]
    files = [place / file for file in (*train, *test)]
    if place.name == folder and all(file.is_file() for file in files):
        return Found(place, "pickles", tuple(files[: len(train)]), tuple(files[len(train) :]))
    if not _named_after(name, place):
        return None
    shards = [tuple(sorted(place.glob(f"{side}*.parquet"))) for side in ("train", "test")]
    return Found(place, "parquet", *shards) if all(shards) else None


def _named_after(name: Name, place: Path) -> bool:
    """Whether the folder or one just above it bears the data set's name."""
    nearest = [part.lower().replace("-", "").replace("_", "") for part in place.parts[-3:]]
    named = [part for part in nearest if "cifar10" in part]
    return bool(named) and ("cifar100" in named[-1]) == (name == "cifar100")


def _digest(found: Found) -> str:
    whole = hashlib.sha256()
    for path in (*found.train, *found.test):
        try:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise DataError(f"A file can't be read: {error.strerror}", where=str(path)) from None
    return whole.hexdigest()


def _decode(name: Name, found: Found, write: Write) -> Facts:
    facts: Facts = {}
    read = _read_pickle if found.kind == "pickles" else _read_parquet
    for side, files in (("train", found.train), ("test", found.test)):
        parts = [_checked(read(name, path), name, path) for path in files]
        for part in parts:
            write(part.pixels)
        facts[side] = [int(label) for part in parts for label in part.labels]
        facts[f"{side}_skipped"] = sum(part.skipped for part in parts)
    return facts


def _read_pickle(name: Name, path: Path) -> _Part:
    table = read_pickle(path)
    data = table.get("data")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3072,):
        raise foreign(path, "it has no table `data` of 3,072 bytes a picture")
    labels = table.get("fine_labels" if name == "cifar100" else "labels")
    pixels = data.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return _Part(pixels, _numbers(labels, path))


def _read_parquet(name: Name, path: Path) -> _Part:
    label = "fine_label" if name == "cifar100" else "label"
    column = next((c for c in ("img", "image") if c in column_names(path)), "img")
    labels: list[Any] = []
    decoded: list[NDArray[np.uint8] | None] = []
    for batch in rows_of(path, [column, label]):
        labels += batch[label]
        for part in in_batches(lambda row: _decoded(row, path), batch[column]):
            decoded += part
    good = np.array([picture is not None for picture in decoded], dtype=bool)
    if not good.any():
        raise foreign(path, "none of its pictures can be read")
    pixels = np.stack([picture for picture in decoded if picture is not None])
    return _Part(pixels, _numbers(labels, path)[good], int((~good).sum()))


def _decoded(row: object, path: Path) -> NDArray[np.uint8] | None:
    """A row's picture; None where it is damaged."""
    if (content := content_of(row)) is None:
        return None
    try:
        image = open_picture(content)
    except DataError:
        return None
    if image.size != (SIDE, SIDE):
        raise foreign(path, f"a picture is {image.width} x {image.height} pixels, not 32 x 32")
    return np.asarray(image)


def _numbers(labels: object, path: Path) -> NDArray[np.int64]:
    try:
        numbers = np.asarray(labels)
    except ValueError:
        numbers = np.empty((), dtype=object)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise foreign(path, "its labels are no list of whole numbers")
    return numbers.astype(np.int64)


def _checked(part: _Part, name: Name, path: Path) -> _Part:
    classes = 100 if name == "cifar100" else 10
    if len(part.labels) != len(part.pixels) or not len(part.labels):
        raise foreign(path, f"it has {len(part.pixels)} pictures and {len(part.labels)} labels")
    if part.labels.min() < 0 or part.labels.max() >= classes:
        raise foreign(path, f"it has labels outside 0 to {classes - 1}")
    return part


def _assembled(name: Name, labels: str, content: Kept, digest: str) -> Dataset:
    fine = tuple(name for names in CIFAR100.values() for name in names)
    classes = CIFAR10 if name == "cifar10" else tuple(sorted(fine))
    superclass = {f: s for s, names in CIFAR100.items() for f in names} if name != "cifar10" else {}
    train, test = (_side(content, side, classes) for side in ("train", "test"))
    if name == "cifar100" and labels == "coarse":
        coarse = tuple(CIFAR100)
        lookup = np.array([coarse.index(superclass[c]) for c in classes])
        train, test = (_relabelled(p, classes, lookup) for p in (train, test))
        classes, superclass = coarse, {}
    return Dataset(name, classes, train, test, digest, superclass, _notes(name, content.facts))


def _side(content: Kept, side: str, classes: tuple[str, ...]) -> Pictures:
    start = 0 if side == "train" else len(content.facts["train"])
    labels = np.array(content.facts[side], dtype=np.int64)
    ids = np.array([f"{side}/{row:05d}" for row in range(len(labels))])
    return Pictures(content.pixels[start : start + len(labels)], labels, ids)


def _relabelled(pictures: Pictures, fine: tuple[str, ...], lookup: NDArray[np.int64]) -> Pictures:
    groups = {"fine": np.array(fine)[pictures.labels]}
    return Pictures(pictures.pixels, lookup[pictures.labels], pictures.ids, groups)


def _notes(name: Name, facts: Facts) -> tuple[str, ...]:
    notes = [
        f"Only {len(facts[side]):,} of {_title(name)}'s {whole:,} {side} pictures are here."
        for side, whole in WHOLE.items()
        if len(facts[side]) != whole
    ]
    skipped = facts["train_skipped"] + facts["test_skipped"]
    if skipped:
        notes.append(f"{skipped} damaged pictures were left out.")
    return tuple(notes)
