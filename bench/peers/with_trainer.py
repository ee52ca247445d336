"""Hugging Face's Trainer at a piece of work, with pictures prepared as its guide does."""

from __future__ import annotations

import os
import time
from tempfile import mkdtemp
from typing import Any

import torch
from same_work import answer, asked, network_for
from torch import nn
from torch.nn.functional import cross_entropy
from torchvision import datasets, transforms
from transformers import Trainer, TrainingArguments
from with_tutorial import thaw

from bench.race.works import BATCH, RATE

fields, work = asked()
network, model = network_for(fields)
mean, std = network.trained_with or ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class WithLoss(nn.Module):
    """What Trainer expects of a network."""

    def __init__(self) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
        logits = self.model(pixel_values)
        return {"loss": cross_entropy(logits, labels), "logits": logits}


def collate(pairs: list[tuple[torch.Tensor, int]]) -> dict[str, torch.Tensor]:
    pictures, labels = zip(*pairs, strict=True)
    return {"pixel_values": torch.stack(pictures), "labels": torch.tensor(labels)}


side = fields["size"]
prepare = transforms.Compose(
    [transforms.Resize((side, side)), transforms.ToTensor(), transforms.Normalize(mean, std)]
)
began = time.perf_counter()
training, test = (
    datasets.ImageFolder(f"{fields['pictures']}/{part}", prepare) for part in ("train", "test")
)
for epoch in range(work.epochs):
    thaw(network, work.thawed(network.outline.blocks, epoch))
    arguments = TrainingArguments(
        mkdtemp(),
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        learning_rate=RATE,
        num_train_epochs=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
        dataloader_num_workers=min(4, os.cpu_count() or 1),
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
    )
    trainer = Trainer(WithLoss(), arguments, data_collator=collate, train_dataset=training)
    trainer.train()
found = trainer.predict(test)
right = float((found.predictions.argmax(axis=1) == found.label_ids).mean())
answer(time.perf_counter() - began, right)
