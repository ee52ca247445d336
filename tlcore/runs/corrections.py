"""What somebody puts right of a run's pictures: noted beside the run, until it is trained with.

Nothing of the run is ever changed. A correction is noted for whoever made it, can be taken back,
and comes to something only in the recipe of a new run.

>>> from tempfile import mkdtemp
>>> from tlcore.access import LOCAL
>>> folder = Path(mkdtemp())
>>> note(folder, Correction(picture="test/cat/00003", label="mug"), by=LOCAL)
>>> recipe = corrected(Recipe(), noted(folder, by=LOCAL))
>>> recipe.data.corrections[0].label
'mug'
>>> take_back(folder, ["test/cat/00003"], by=LOCAL)
>>> corrected(Recipe(), noted(folder, by=LOCAL)).id == Recipe().id
True
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from tlcore.access import Owner
from tlcore.errors import RunError
from tlcore.recipe import Recipe
from tlcore.recipe.corrections import Correction, too_many
from tlcore.recipe.text import from_fields, to_fields
from tlcore.runs.notes import Note
from tlcore.runs.rows import LONGEST_NAME

_NAMED_SO = ", corrected"
_READ = TypeAdapter(list[Correction])

Corrections: TypeAlias = tuple[Correction, ...]


def noted(folder: Path, *, by: Owner) -> tuple[Correction, ...]:
    """What this owner has put right of the run in this folder, the latest last.

    Raises:
        RunError: The file was damaged.
    """
    return _CORRECTIONS.read(folder, _file(by))


def note(folder: Path, correction: Correction, *, by: Owner) -> None:
    """Note a correction, in the place of an earlier one of the same picture.

    Raises:
        RunError: The run is gone, or there are too many.
    """

    def added(there: Corrections) -> dict[str, Any]:
        others = _but(there, [correction.picture])
        if too_many([*others, correction]):
            raise RunError(
                f"There are {len(others):,} corrections, as many as a recipe can hold",
                remedy="Train with these first; the new run's pictures can be corrected again.",
            )
        return _fields((*others, correction))

    _CORRECTIONS.change(folder, _file(by), added)


def take_back(folder: Path, pictures: Collection[str], *, by: Owner) -> None:
    """Undo the corrections of these pictures."""
    _CORRECTIONS.change(folder, _file(by), lambda there: _fields(_but(there, pictures)))


def corrected(recipe: Recipe, corrections: Sequence[Correction]) -> Recipe:
    """The recipe with these corrections besides its own; of a picture in both, the new one counts.

    Raises:
        RecipeError: Together they are too many.
    """
    if not corrections:
        return recipe
    old = _but(recipe.data.corrections, [each.picture for each in corrections])
    fields = to_fields(recipe)
    listed = [each.model_dump(exclude_defaults=True) for each in (*old, *corrections)]
    data = {**fields.get("data", {}), "corrections": listed}
    name = recipe.name
    if name and not name.endswith(_NAMED_SO):
        name = name[: LONGEST_NAME - len(_NAMED_SO)] + _NAMED_SO
    return from_fields({**fields, "data": data, "name": name})


def _but(corrections: Sequence[Correction], pictures: Collection[str]) -> tuple[Correction, ...]:
    gone = set(pictures)
    return tuple(each for each in corrections if each.picture not in gone)


def _fields(corrections: Corrections) -> dict[str, Any]:
    return {"corrections": [each.model_dump(exclude_defaults=True) for each in corrections]}


def _parsed(fields: Any) -> Corrections:
    return tuple(_READ.validate_python(fields["corrections"]))


def _file(by: Owner) -> str:
    """One for each owner, named so that no id can lead elsewhere."""
    return f"corrections-{hashlib.sha256(by.id.encode()).hexdigest()[:16]}.json"


_CORRECTIONS: Note[Corrections] = Note(
    "The corrections of this run", tuple, _parsed, largest=1024**2
)
