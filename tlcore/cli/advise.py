"""`advise`: which backbone for these pictures, by trying a few."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from tlcore.cli.arguments import COMMAND, add_verb
from tlcore.cli.output import print_json, print_table, printable
from tlcore.formatting import rate

if TYPE_CHECKING:
    from tlcore.advice.trial import Trial, Tried
    from tlcore.catalog import Backbone
    from tlcore.cli.arguments import Verbs
    from tlcore.recipe import Data


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    about = "say which backbone suits these pictures, by trying a few on them"
    verb = add_verb(
        verbs, "advise", advise, about, "advise photos.zip", "advise photos.zip --cards 3",
        "advise photos.zip --card resnet18 --card pebble-photo",
    )  # fmt: skip
    about = "a folder or zip of pictures, a recipe file or a preset's name"
    verb.add_argument("pictures", metavar="PICTURES|FILE|PRESET", help=about)
    about = "how many cards to try (usually 5); those whose weights are here, the best first"
    verb.add_argument("--cards", metavar="N", type=int, default=0, help=about)
    about = "try this card; may be given many times"
    verb.add_argument("--card", dest="named", metavar="NAME", action="append", help=about)


def advise(given: Namespace) -> int:
    """Try the cards, and list them with what each costs."""
    from tlcore.runs.card_trial import folder_named

    if (folder := folder_named(given.pictures)) is not None:
        return _asked_by_a_page(folder.name)
    from tlcore.advice.trial import MOST, cards_to_try
    from tlcore.nn.trial import try_cards

    data = data_of(given.pictures)
    cards = tuple(map(_card, given.named or ()))
    found = try_cards(data, cards or cards_to_try(data, most=given.cards or MOST), tell=tell)
    if given.json:
        print_json(asdict(found))
    else:
        _print(found, given.pictures)
    return 0


def tell(words: str) -> None:
    """A line on stderr; the page that started this reads the last one."""
    print(f"{words} …", file=sys.stderr, flush=True)


def _asked_by_a_page(name: str) -> int:
    from tlcore.nn.trial import try_cards
    from tlcore.runs.card_trial import TRIAL, asked_in, folder_named, keep
    from tlcore.runs.lock import locked

    folder = folder_named(name)
    assert folder is not None
    with locked(TRIAL.of(folder).lock) as mine:
        if mine:
            keep(folder, try_cards(asked_in(folder).data, tell=tell))
    return 0


def _print(found: Trial, pictures: str) -> None:
    print_trial(found)
    best = found.best
    print(
        f"\nRun it with: {COMMAND} run {printable(pictures)} --set model.backbone={best.backbone}"
    )


def print_trial(found: Trial) -> None:
    """A line for each card, and what follows from them."""
    from tlcore.advice.trial import in_words

    titles = ("card", "px", "exact head", "5 nearest", "ms", "seconds", "MB", "licence", "")
    print_table(titles, [_row(found, each) for each in found.tried])
    print()
    for line in in_words(found):
        print(printable(line))
    if found.elsewhere:
        print(f"To be fetched: {printable('; '.join(found.elsewhere))}.")


def _row(found: Trial, each: Tried) -> tuple[str, ...]:
    head, near = each.head, each.neighbours
    state = "stopped early" if each.stopped else "front" if each in found.front else ""
    return (
        each.title, str(each.size),
        rate(head),
        rate(near),
        f"{each.milliseconds:.1f}", f"{each.seconds:.1f}", f"{each.megabytes:.0f}",
        each.licence, state,
    )  # fmt: skip


def data_of(pictures: str) -> Data:
    """The data of a folder, zip, recipe file or preset."""
    from tlcore.cli.run import find_recipe

    recipe, _ = find_recipe(pictures, [])
    return recipe.data


def _card(name: str) -> Backbone:
    from tlcore import catalog
    from tlcore.errors import Problem, RecipeError

    if (card := catalog.lookup(name)) is None:
        rule = f"must be a card's name; see them with: {COMMAND} backbones"
        raise RecipeError([Problem("--card", repr(name), rule)])
    return card
