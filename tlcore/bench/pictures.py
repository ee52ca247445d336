"""The pictures of a race, as everybody can read them: JPEG files in class folders."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tlcore.data import load
from tlcore.data.pictures import Pictures
from tlcore.errors import DataMissing
from tlcore.recipe import Data, Input, Shapes

TRAIN, TEST = 2000, 1000


def lay_out(folder: Path) -> str:
    """Write `train` and `test` folders; say what is in them.

    CIFAR-10 where it is here, else drawn shapes: they cost the same to learn from.
    """
    try:
        data = Data(name="cifar10", validation=0, limit_train=TRAIN, limit_test=TEST)
        splits, what = load(data, Input()), "CIFAR-10"
    except DataMissing:
        shapes = Shapes(per_class=TRAIN // 10, test_per_class=TEST // 10)
        splits, what = load(Data(validation=0, shapes=shapes), Input()), "drawn shapes"
    for part, pictures in (("train", splits.train), ("test", splits.test)):
        _write(pictures, splits.classes, folder / part)
    counts = f"{len(splits.train):,} pictures of {what}, tested on {len(splits.test):,}"
    return f"{counts}, all 32 pixels wide"


def _write(pictures: Pictures, classes: tuple[str, ...], folder: Path) -> None:
    for name in classes:
        (folder / name).mkdir(parents=True)
    for row, (pixels, label) in enumerate(zip(pictures.pixels, pictures.labels, strict=True)):
        Image.fromarray(pixels).save(folder / classes[label] / f"{row}.jpg", quality=95)
