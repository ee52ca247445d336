"""`data` and `backbones`: what there is to learn from and to start with."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import add_verb
from tlcore.cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from tlcore.catalog import Backbone
    from tlcore.cli.arguments import Verbs
    from tlcore.data import Splits
    from tlcore.recipe import Data


def add_verbs(verbs: Verbs) -> None:
    """Describe the verbs of this module."""
    verb = add_verb(
        verbs,
        "data",
        data,
        "list the data sets, or look into one: its classes, its splits, and what is wrong with it",
        "data",
        "data digits",
        "data photos.zip",
    )
    verb.add_argument(
        "name", metavar="NAME|PATH", nargs="?", help="a data set, or a folder of class folders"
    )
    verb = add_verb(
        verbs,
        "backbones",
        backbones,
        "list the backbones that the lab knows, or show one",
        "backbones",
        "backbones resnet18",
    )
    verb.add_argument("name", metavar="NAME", nargs="?", help="a backbone of the catalogue")


def data(given: Namespace) -> int:
    """List the data sets, or look into one."""
    from tlcore.data import describe

    if given.name:
        return _look_into(given.name, as_json=given.json)
    cards = describe()
    if given.json:
        print_json([asdict(card) for card in cards])
        return 0
    titles = ("name", "here", "title", "pictures", "classes", "size", "licence")
    print_table(titles, [
        (c.name, _yes(c.here), c.title, c.pictures, c.classes, c.size, c.licence) for c in cards
    ])  # fmt: skip
    for card in cards:
        if card.remedy:
            print(f"\n{card.name}: {printable(card.remedy)}")
    return 0


def backbones(given: Namespace) -> int:
    """List the catalogue, or show a backbone."""
    from tlcore import catalog

    if given.name:
        return _show_backbone(_known(given.name), as_json=given.json)
    if given.json:
        print_json([_backbone_fields(card) for card in catalog.CARDS])
        return 0
    titles = ("name", "parameters", "multiply-adds", "for", "weights", "licence")
    print_table(titles, [
        (
            card.name, card.parameters, f"{card.multiply_adds() / 1e6:,.0f} M",
            f"{card.usual} px", _weights(card), card.licence or None,
        )
        for card in catalog.CARDS
    ])  # fmt: skip
    print("\nAny other timm name works too, with weights from the hub.")
    return 0


def _look_into(text: str, *, as_json: bool) -> int:
    """What a run on this data set would see, with the recipe's defaults."""
    from tlcore.data import load
    from tlcore.data.checks import find_near
    from tlcore.recipe import Input

    chosen = _chosen(text)
    splits = load(chosen, Input())
    leaks = find_near(splits)
    if as_json:
        print_json(_split_fields(chosen.name, splits) | {"leaks": [asdict(leak) for leak in leaks]})
        return 0
    counts = _counts(splits)
    print_table(("class", *counts), [
        (name, *(column[i] for column in counts.values())) for i, name in enumerate(splits.classes)
    ])  # fmt: skip
    print(f"\n{len(splits.classes)} classes; " + ", ".join(
        f"{sum(column):,} {side}" for side, column in counts.items()
    ))  # fmt: skip
    for note in splits.notes:
        print(f"note: {printable(note)}")
    print(f"pictures nearly the same on two sides of the split: {len(leaks):,}")
    return 0


def _chosen(text: str) -> Data:
    """A data set by its name; whatever is no name is a path."""
    from difflib import get_close_matches

    from tlcore.data import describe
    from tlcore.errors import DataMissing
    from tlcore.recipe.text import from_fields

    names = [card.name for card in describe() if card.name != "folder"]
    if text in names:
        return from_fields({"data": {"name": text}}).data
    if (near := get_close_matches(text, names, n=1)) and not Path(text).exists():
        remedy = f"Did you mean {near[0]}?"
        raise DataMissing(f"There is no data set, folder or zip {text!r}", remedy=remedy)
    return from_fields({"data": {"name": "folder", "path": text}}).data


def _split_fields(name: str, splits: Splits) -> dict[str, Any]:
    return {
        "name": name,
        "classes": list(splits.classes),
        "counts": _counts(splits),
        "fingerprint": splits.fingerprint,
        "notes": list(splits.notes),
    }


def _counts(splits: Splits) -> dict[str, list[int]]:
    """Pictures of each class on each side."""
    import numpy as np

    sides = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    return {
        side: np.bincount(pictures.labels, minlength=len(splits.classes)).tolist()
        for side, pictures in sides.items()
        if pictures is not None
    }


def _known(name: str) -> Backbone:
    """A card of the catalogue, or an error that suggests the nearest."""
    from difflib import get_close_matches

    from tlcore import catalog
    from tlcore.errors import ThawError

    card = catalog.lookup(name)
    if card is None:
        near = get_close_matches(name, [card.name for card in catalog.CARDS], n=1)
        remedy = f"Did you mean {near[0]}?" if near else "List them: python -m tlcore backbones"
        raise ThawError(
            f"There is no {name!r} in the catalogue; if timm has it, a recipe may name it",
            remedy=remedy,
        )
    return card


def _show_backbone(card: Backbone, *, as_json: bool) -> int:
    fields = _backbone_fields(card)
    if as_json:
        print_json(fields)
        return 0
    for name, value in fields.items():
        print(f"{name.replace('_', ' '):<14} {printable(value)}")
    return 0


def _backbone_fields(card: Backbone) -> dict[str, Any]:
    from tlcore import catalog

    file = catalog.here(card.name)
    return {
        "name": card.name,
        "title": card.title,
        "family": card.family,
        "kind": card.kind,
        "parameters": card.parameters,
        "multiply_adds": card.multiply_adds(),
        "usual_size": card.usual,
        "smallest_size": card.smallest,
        "source": card.source,
        "licence": card.licence or None,
        "weights_here": str(file) if file else None,
    }


def _weights(card: Backbone) -> str | None:
    """Where its weights are, in a word."""
    from tlcore import catalog

    if card.kind == "scratch":
        return None
    if catalog.here(card.name):
        return "here"
    return "pretrain it" if card.kind == "own" else "on the hub" if card.tag else "bring a file"


def _yes(here: bool) -> str:
    return "yes" if here else "no"
