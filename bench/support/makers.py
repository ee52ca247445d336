"""Small pictures, folders and archives for the tests of data sets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tlcore.data.pictures import Dataset, Pictures


def picture(
    seed: int = 0, size: tuple[int, int] = (12, 10), form: str = "PNG", **how: Any
) -> bytes:
    """A picture file of random colours."""
    colours = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return saved(Image.fromarray(colours), form, **how)


def saved(image: Image.Image, form: str = "PNG", **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def two_classes(count: int = 6) -> dict[str, bytes]:
    """Files of a sound data set: `cats/0.png` ..., `dogs/0.png` ..."""
    names = [f"{kind}/{number}.png" for kind in ("cats", "dogs") for number in range(count)]
    return {name: picture(seed) for seed, name in enumerate(names)}


def write_files(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zip(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def everything_in(root: Path) -> dict[str, bytes]:
    """All files below a folder, to see that nothing changed."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def pictures(
    labels: list[int], seed: int = 0, side: int = 8, groups: list[str] | None = None
) -> Pictures:
    """Random pictures with these labels, and groups where given."""
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), side, side, 3), np.uint8)
    ids = np.array([f"{seed}/{row}" for row in range(len(labels))])
    columns = {"group": np.array(groups)} if groups else {}
    return Pictures(pixels, np.array(labels, dtype=np.int64), ids, columns)


def there(side: Pictures | None) -> Pictures:
    """A side that must not be missing."""
    assert side is not None
    return side


def dataset(train: Pictures, test: Pictures | None = None) -> Dataset:
    count = int(train.labels.max()) + 1
    return Dataset("made", tuple("abcdefghijklmnop"[:count]), train, test, "f" * 64)
