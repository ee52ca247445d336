"""Which column holds the pictures and which the labels: as the file says, or the data set's page,
or else the recipe.

>>> page = "---\\ndataset_info:\\n  features:\\n  - {name: photo, dtype: image}\\n---\\nHello"
>>> features_of_page(page, "default")
{'photo': Feature(kind='image', names=())}
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tlcore.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_USUAL = {"image": ("image", "img"), "label": ("label", "labels")}
_MOST_CLASSES = 10_000


@dataclass(frozen=True)
class Feature:
    """What is said of a column.

    Attributes:
        kind: What it holds.
        names: Of the classes, where it holds their numbers.
    """

    kind: Literal["image", "class", "other"]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The columns that are read.

    Attributes:
        image: Of the pictures.
        label: Of the labels.
        names: Of the classes; empty where the labels are names themselves, or plain numbers.
        further: All that is said of each picture besides: a column, and the names of its values
            where it holds their numbers.
    """

    image: str
    label: str
    names: tuple[str, ...]
    further: Mapping[str, tuple[str, ...]]


def find_columns(
    schema: pa.Schema, page: str = "", config: str = "", *, image: str = "", label: str = ""
) -> Columns:
    """The columns of a parquet file.

    Args:
        schema: Of the file.
        page: The data set's README.
        config: Which configuration it is, for the page may describe several.
        image: The column of the pictures, if somebody says so.
        label: The column of the labels, if somebody says so.

    Raises:
        DataError: The columns have to be named, or there are none to name.
    """
    said = features_of_schema(schema) or features_of_page(page, config)
    pictures, labels = candidates(schema, said)
    image = _one("image", "pictures", image, pictures)
    label = _one("label", "labels", label, [each for each in labels if each != image])
    plain = [name for name in _plain(schema) if name not in (image, label)]
    further = {name: said[name].names if name in said else () for name in plain}
    return Columns(image, label, said[label].names if label in said else (), further)


def candidates(
    schema: pa.Schema, said: Mapping[str, Feature]
) -> tuple[Sequence[str], Sequence[str]]:
    """The columns that may hold pictures, and those that may hold labels: only what is declared
    as such, where anything is."""
    pictures = [name for name, f in said.items() if f.kind == "image" and name in schema.names]
    labels = [name for name, f in said.items() if f.kind == "class" and name in schema.names]
    return pictures or _with_bytes(schema), labels or _plain(schema)


def features_of_schema(schema: pa.Schema) -> dict[str, Feature]:
    """What the file's own notes for the hub's tools say."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {str(name): _feature(each) for name, each in features.items()}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _feature(said: Mapping[str, Any]) -> Feature:
    kind = said.get("_type")
    if kind == "ClassLabel":
        return Feature("class", tuple(map(str, said.get("names") or ())))
    return Feature("image" if kind == "Image" else "other")


def features_of_page(page: str, config: str) -> dict[str, Feature]:
    """What the data set's page says at its top."""
    infos = front_matter(page).get("dataset_info")
    infos = infos if isinstance(infos, list) else [infos]
    known = [info for info in infos if isinstance(info, dict)]
    named = [info for info in known if info.get("config_name") in (config, "default")]
    features = (named or known or [{}])[0].get("features")
    if not isinstance(features, list):
        return {}
    given = [each for each in features if isinstance(each, dict) and "name" in each]
    return {str(each["name"]): _feature_of_page(each.get("dtype")) for each in given}


def _feature_of_page(dtype: object) -> Feature:
    if dtype == "image":
        return Feature("image")
    inner = dtype.get("class_label") if isinstance(dtype, dict) else None
    if not isinstance(inner, dict):
        return Feature("other")
    names = inner.get("names")
    if isinstance(names, dict):  # its keys are the numbers, as text
        ordered = sorted(names.items(), key=lambda item: int(item[0]))
        return Feature("class", tuple(str(name) for _, name in ordered))
    return Feature("class", tuple(map(str, names or ())))


def front_matter(page: str) -> dict[str, Any]:
    """The YAML between two lines of dashes at the top of a README."""
    import yaml

    match = re.match(r"\s*---\s*\n(.*?)\n---\s*(?:\n|$)", page, re.DOTALL)
    try:
        found = yaml.safe_load(match[1]) if match else None
    except (yaml.YAMLError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _with_bytes(schema: pa.Schema) -> list[str]:
    """Columns that could hold files: bytes, or bytes beside a path."""
    import pyarrow as pa

    def holds(kind: pa.DataType) -> bool:
        if pa.types.is_struct(kind):
            return bool(kind.get_field_index("bytes") >= 0)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    return [field.name for field in schema if holds(field.type)]


def _plain(schema: pa.Schema) -> list[str]:
    """Columns of whole numbers, texts, or yes and no."""
    import pyarrow as pa

    kinds = (pa.types.is_integer, pa.types.is_string, pa.types.is_large_string,
             pa.types.is_boolean, pa.types.is_dictionary)  # fmt: skip
    return [field.name for field in schema if any(kind(field.type) for kind in kinds)]


def _one(field: str, what: str, named: str, possible: Sequence[str]) -> str:
    """The column that is meant."""
    if named and named not in possible:
        raise DataError(
            f"There is no column {named!r} of {what}", where=f"data.{field}",
            remedy=f"Name one of these: {', '.join(possible)}." if possible
            else "Choose another data set.",
        )  # fmt: skip
    if named or len(possible) == 1:
        return named or possible[0]
    usual = [name for name in _USUAL[field] if name in possible]
    if len(usual) == 1:
        return usual[0]
    if not possible:
        what = f"No column holds {what}"
        raise DataError(what, where=f"data.{field}", remedy="Choose another data set.")
    raise DataError(
        f"{len(possible)} columns could hold the {what}", where=f"data.{field}",
        remedy=f"Name one of these: {', '.join(possible)}.",
    )  # fmt: skip
