"""The ten lines that use an exported network, written for the run that it comes from.

They need onnxruntime, numpy and Pillow alone, and prepare a picture as the lab does: upright, what
is see-through laid on white, brought to the size that the network learned from. All that comes
after (scale, mean and deviation, enlarging) is within the network's own file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tlcore.asking.picture import kept_size, stored_size
from tlcore.libraries import libraries
from tlcore.paths import PROJECT
from tlcore.recipe import Recipe
from tlcore.ship.needed import FILE

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
