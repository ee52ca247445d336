"""Keras on TensorFlow at a piece of work, as its transfer-learning guide does it.

Its networks are its own, so its weights are random here: compare the seconds, not the accuracy.
"""

from __future__ import annotations

import json
import sys
import time

import keras

from bench.race.works import BATCH, RATE, WORKS

NETWORKS = {"mobilenetv2_100": keras.applications.MobileNetV2}
TAILS = {"head": 0, "last": 12}  # MobileNetV2's last two blocks are its last 12 layers

fields = json.loads(sys.argv[1])
work = WORKS[fields["work"]]
if fields["backbone"] not in NETWORKS or work.kind == "gradual":
    raise SystemExit("Keras has no network or schedule to compare with here")
side = fields["size"]
began = time.perf_counter()
training, test = (
    keras.utils.image_dataset_from_directory(
        f"{fields['pictures']}/{part}", image_size=(side, side), batch_size=BATCH
    ).prefetch(2)
    for part in ("train", "test")
)
base = NETWORKS[fields["backbone"]](weights=None, include_top=False, input_shape=(side, side, 3))
tail = TAILS.get(work.kind, len(base.layers))
base.trainable = tail > 0
for layer in base.layers[: len(base.layers) - tail]:
    layer.trainable = False
inputs = keras.Input((side, side, 3))
features = base(keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs), training=work.kind != "head")
outputs = keras.layers.Dense(fields["classes"])(keras.layers.GlobalAveragePooling2D()(features))
model = keras.Model(inputs, outputs)
model.compile(
    keras.optimizers.AdamW(RATE),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(training, epochs=work.epochs, verbose=0)
_, right = model.evaluate(test, verbose=0)
print(json.dumps({"seconds": time.perf_counter() - began, "accuracy": float(right)}))
