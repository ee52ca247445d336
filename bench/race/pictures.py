"""The pictures of a race, as everybody can read them: JPEG files in class folders."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from PIL import Image

from tlcore import paths
from tlcore.data import load
from tlcore.data.pictures import Pictures
from tlcore.errors import DataMissing
from tlcore.recipe import Data, Input, Shapes

TRAIN, TEST = 2000, 1000
PHOTOS = "hymenoptera_ants_bees.zip"


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


def lay_out_photos(folder: Path) -> str:
    """The same for the ants and bees of PyTorch's transfer tutorial, where their zip is here."""
    found = [place / PHOTOS for place in paths.data_folders() if (place / PHOTOS).is_file()]
    if not found:
        raise DataMissing(
            "The photos of ants and bees aren't here",
            where=PHOTOS,
            remedy="Put the zip into the data folder, or name its folder in TL_DATA.",
        )
    counts = {"train": 0, "test": 0}
    with zipfile.ZipFile(found[0]) as archive:
        for name in archive.namelist():
            *_, part, label, file = ("", "", *PurePosixPath(name).parts)
            if part in ("train", "val") and file.lower().endswith(".jpg"):
                side = "train" if part == "train" else "test"
                place = folder / side / label
                place.mkdir(parents=True, exist_ok=True)
                (place / file).write_bytes(archive.read(name))
                counts[side] += 1
    return f"{counts['train']:,} photos of ants and bees, tested on {counts['test']:,}"


def _write(pictures: Pictures, classes: tuple[str, ...], folder: Path) -> None:
    for name in classes:
        (folder / name).mkdir(parents=True)
    for row, (pixels, label) in enumerate(zip(pictures.pixels, pictures.labels, strict=True)):
        Image.fromarray(pixels).save(folder / classes[label] / f"{row}.jpg", quality=95)
