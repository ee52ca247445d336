"""The ten lines that use an exported network, written for the run that it comes from.

They need onnxruntime, numpy and Pillow alone, and prepare a picture as the lab does: upright, what
is see-through laid on white, brought to the size that the network learned from. All that comes
after (scale, mean and deviation, enlarging) is within the network's own file.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tlcore import paths
from tlcore.errors import ThawError
from tlcore.files import force_to_disk, written_whole
from tlcore.inference.picture import kept_size, stored_size
from tlcore.machine import how_to_install, libraries
from tlcore.paths import PROJECT
from tlcore.recipe import Recipe

_PACKED_ALREADY = {".onnx", ".safetensors"}


@contextmanager
def written_bundle(place: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it becomes `place` only if nothing went wrong.

    What ends in `.zip` is a zip of that folder, everything else the folder itself, which must be
    new or empty: nothing is ever written into a folder that has something in it.

    >>> from tempfile import mkdtemp
    >>> target = Path(mkdtemp()) / "all.zip"
    >>> with written_bundle(target) as folder:
    ...     _ = (folder / "note.txt").write_text("thawed")
    >>> zipfile.ZipFile(target).namelist()
    ['all/note.txt']
    """
    zipped = place.suffix.lower() == ".zip"
    if place.is_dir() if zipped else _is_taken(place):
        raise ThawError(
            "There is something at this place already",
            where=str(place),
            remedy="Name a new folder, an empty one, or a file that ends in .zip.",
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".thaw-", dir=place.parent) as above:
        folder = Path(above) / (place.stem if zipped else place.name)
        folder.mkdir()
        yield folder
        if zipped:
            with written_whole(place) as draft:
                _zip(folder, draft)
        else:
            _settle(folder, place)


def _is_taken(place: Path) -> bool:
    return place.exists() and not (place.is_dir() and not any(place.iterdir()))


def _settle(folder: Path, place: Path) -> None:
    for file in folder.rglob("*"):
        force_to_disk(file)
    os.replace(folder, place)  # of an empty folder nothing is lost
    force_to_disk(place.parent)


def _zip(folder: Path, file: Path) -> None:
    """With the folder in it, so that unpacking doesn't strew files about."""
    with zipfile.ZipFile(file, "w") as archive:
        for each in sorted(path for path in folder.rglob("*") if path.is_file()):
            packed = each.suffix in _PACKED_ALREADY
            way = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.write(each, each.relative_to(folder.parent), way)


FILE = "requirements-ship.txt"


def missing() -> tuple[str, ...]:
    """Names of those that aren't installed, or in another version than the lab was tested with."""
    return tuple(each.name for each in libraries(paths.PROJECT / FILE) if not each.fits)


def require() -> None:
    """Refuse to go on without them.

    Raises:
        ThawError: With what to do.
    """
    if lacking := missing():
        verb = "is" if len(lacking) == 1 else "are"
        raise ThawError(
            f"{', '.join(lacking)} {verb} not installed in a version that fits, and taking a "
            "network elsewhere needs it",
            remedy=f"Install what it needs: {how_to_install(FILE)}",
        )


MODEL, MODEL_EIGHT = "model.onnx", "model-int8.onnx"
SCRIPT, LABELS = "predict.py", "labels.json"

_SCRIPT = '''\
"""What is on these pictures? python predict.py PICTURE [PICTURE ...]"""
import json, sys, numpy, onnxruntime
from PIL import Image, ImageOps
labels = json.load(open(f"{sys.path[0]}/labels.json"))
network = onnxruntime.InferenceSession(f"{sys.path[0]}/model.onnx")
for name in sys.argv[1:]:
    seen = ImageOps.exif_transpose(Image.open(name)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    picture = FITTED
    [shares] = network.run(None, {"pictures": numpy.asarray(picture)[None]})[0].tolist()
    print(json.dumps({"picture": name, "answer": max(zip(shares, labels))[1], "shares": shares}))
'''
_METHODS = {"nearest": "NEAREST", "bilinear": "BILINEAR", "bicubic": "BICUBIC"}


def predict_script(recipe: Recipe) -> str:
    """The script: what it is for, and ten lines.

    >>> len(predict_script(Recipe()).splitlines())
    11
    """
    return _SCRIPT.replace("FITTED", _fitted(recipe))


def labels_file(classes: Sequence[str]) -> str:
    """The classes in the order of the network's answers."""
    return json.dumps(list(classes), indent=1) + "\n"


def requirements() -> str:
    """What the script needs, as it was tested."""
    known = {each.name: each for each in (*libraries(), *libraries(PROJECT / FILE))}
    wanted = (known[name] for name in ("onnxruntime", "numpy", "Pillow"))
    return "".join(f"{each.name}{each.wanted}\n" for each in wanted)


def _fitted(recipe: Recipe) -> str:
    """How a picture comes to the form in which the run keeps its own."""
    stored, kept = stored_size(recipe), kept_size(recipe)
    method = f"Image.{_METHODS[recipe.input.interpolation]}"
    size = f"({stored}, {stored})"
    text = {
        "crop": f"ImageOps.fit(flat, {size}, {method})",
        "squash": f"flat.resize({size}, {method})",
        # a hair to the left and top of the middle, where the lab puts it, too
        "pad": f"ImageOps.pad(flat, {size}, {method}, centering=(0.499, 0.499))",
    }[recipe.input.fit]
    return text if kept == stored else f"{text}.resize(({kept}, {kept}), {method})"
