"""fastai as its course begins (lesson 1): resnet18, `fine_tune(3)`, everything else its default.

Called as `fine_tune_with_fastai.py PICTURES WEIGHTS`, with folders of PNG files by class in
PICTURES/train and PICTURES/test. The weights are given as a file, since nothing is fetched here.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from fastai.vision.all import (
    CategoryBlock,
    DataBlock,
    ImageBlock,
    Normalize,
    RandomSplitter,
    accuracy,
    get_image_files,
    imagenet_stats,
    parent_label,
    set_seed,
    vision_learner,
)
from safetensors.torch import load_file
from torchvision.models import resnet18

BATCH, EPOCHS = 32, 3
BODY = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")

pictures, weights = Path(sys.argv[1]), Path(sys.argv[2])
began = time.perf_counter()
set_seed(0)
files = get_image_files(pictures / "train")
block = DataBlock(
    blocks=(ImageBlock, CategoryBlock),
    get_items=lambda _: files,
    splitter=RandomSplitter(0.2, seed=42),
    get_y=parent_label,
    batch_tfms=Normalize.from_stats(*imagenet_stats),
)
data = block.dataloaders(pictures, bs=BATCH, num_workers=0)
learner = vision_learner(data, resnet18, metrics=accuracy, pretrained=False, normalize=False)
network = resnet18()
network.load_state_dict(load_file(weights))
for place, name in enumerate(BODY):
    learner.model[0][place].load_state_dict(getattr(network, name).state_dict())
learner.freeze()
with learner.no_bar(), learner.no_logging():
    learner.fine_tune(EPOCHS)
    tested = get_image_files(pictures / "test")
    said, _ = learner.get_preds(dl=data.test_dl(tested, num_workers=0))
seconds = time.perf_counter() - began
called = [int(data.vocab[each]) for each in said.argmax(dim=1).tolist()]
answers = {path.stem: label for path, label in zip(tested, called, strict=True)}
print(json.dumps({"seconds": seconds, "said": answers}))
