"""Data sets as they lie on this machine once they were fetched from the hub."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.support.makers import picture
from tlcore.data.sources.repository import Fetched, Found, keep, snapshot

COMMIT = "c0ffee" * 6 + "c0de"
REPO = "school/pets"


def table(
    labels, *, image="image", label="label", names=("cat", "dog"), side=20, seed=0, **further
) -> pa.Table:
    """Rows as the hub's tools write them, with what they note of the columns."""
    pictures = [
        {"bytes": picture(seed + row, (side, side)), "path": None} for row in range(len(labels))
    ]
    features: dict[str, object] = {image: {"_type": "Image"}}
    features[label] = {"_type": "ClassLabel", "names": list(names)} if names else {"_type": "Value"}
    columns = {image: pictures, label: labels}
    for name, values in further.items():
        columns[name] = values
        features[name] = {"_type": "Value", "dtype": "string"}
    noted = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    return pa.table(columns).replace_schema_metadata(noted)


def parquet(made: pa.Table) -> bytes:
    """A table as a file."""
    sink = pa.BufferOutputStream()
    pq.write_table(made, sink, row_group_size=7)
    return bytes(sink.getvalue().to_pybytes())


def two_sides(train=20, test=8) -> dict[str, bytes]:
    """A small data set with a test side of its own."""
    return {
        "data/train-00000-of-00001.parquet": parquet(table([row % 2 for row in range(train)])),
        "data/test-00000-of-00001.parquet": parquet(
            table([row % 2 for row in range(test)], seed=100)
        ),
    }


def put(
    files: dict[str, bytes], *, repo=REPO, revision=COMMIT, config="default", licence="mit"
) -> Path:
    """Have a data set here, as if it had been fetched; where its files lie."""
    folder = snapshot(repo, revision)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    fetched = [
        Fetched(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    ]
    keep(Found(repo, revision, config, licence, tuple(fetched)))
    return folder
