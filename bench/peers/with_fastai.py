"""fastai at a piece of work: data loaders from folders, a Learner, one cycle."""

from __future__ import annotations

import time

from fastai.vision.all import (
    ImageDataLoaders,
    Learner,
    Normalize,
    Resize,
    ResizeMethod,
    accuracy,
)
from same_work import answer, asked, network_for
from torch.nn.functional import cross_entropy
from with_tutorial import thaw

from bench.race.works import BATCH, RATE

fields, work = asked()
network, model = network_for(fields)
mean, std = network.trained_with or ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
began = time.perf_counter()
data = ImageDataLoaders.from_folder(
    fields["pictures"],
    train="train",
    valid="test",
    item_tfms=Resize(fields["size"], method=ResizeMethod.Squish),
    batch_tfms=Normalize.from_stats(mean, std),
    bs=BATCH,
)
learner = Learner(data, model, loss_func=cross_entropy, metrics=accuracy)
with learner.no_bar(), learner.no_logging():
    for epoch in range(work.epochs):
        thaw(network, work.thawed(network.outline.blocks, epoch))
        learner.create_opt()
        learner.fit(1, RATE)
    _, right = learner.validate()
answer(time.perf_counter() - began, float(right))
