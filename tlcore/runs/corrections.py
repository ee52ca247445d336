"""What somebody puts right of a run's pictures: noted beside the run, until it is trained with.

Nothing of the run is ever changed. A correction is noted for whoever made it, can be taken back,
and comes to something only in the recipe of a new run.

>>> from tempfile import mkdtemp
>>> from tlcore.runs.owners import LOCAL
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
import json
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tlcore.corrections import Correction, too_many
from tlcore.errors import RunError
from tlcore.files import written_whole
from tlcore.recipe import Recipe
from tlcore.recipe_text import from_fields, to_fields
from tlcore.runs.owners import Owner
from tlcore.runs.rows import LONGEST_NAME

_LARGEST = 1024**2
_NAMED_SO = ", corrected"
_READ = TypeAdapter(list[Correction])


def noted(folder: Path, *, by: Owner) -> tuple[Correction, ...]:
    """What this owner has put right of the run in this folder, the latest last.

    Raises:
        RunError: The file was damaged.
    """
    path = _place(folder, by)
    try:
        if path.stat().st_size > _LARGEST:
            raise _damaged(path)
        fields = json.loads(path.read_bytes())
        return tuple(_READ.validate_python(fields["corrections"]))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ValidationError):
        raise _damaged(path) from None


def note(folder: Path, correction: Correction, *, by: Owner) -> None:
    """Note a correction, in the place of an earlier one of the same picture.

    Raises:
        RunError: The run is gone, or there are too many.
    """
    others = _but(noted(folder, by=by), [correction.picture])
    if too_many([*others, correction]):
        raise RunError(
            f"There are {len(others):,} corrections, as many as a recipe can hold",
            remedy="Train with these first; the new run's pictures can be corrected again.",
        )
    _keep(folder, (*others, correction), by)


def take_back(folder: Path, pictures: Collection[str], *, by: Owner) -> None:
    """Undo the corrections of these pictures."""
    _keep(folder, _but(noted(folder, by=by), pictures), by)


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


def _keep(folder: Path, corrections: Sequence[Correction], by: Owner) -> None:
    if not folder.is_dir():
        remedy = "It may have been deleted in another tab."
        raise RunError("The run is gone, so nothing can be noted beside it", remedy=remedy)
    listed = [each.model_dump(exclude_defaults=True) for each in corrections]
    text = json.dumps({"version": 1, "corrections": listed}, indent=1)
    path = _place(folder, by)
    try:
        with written_whole(path) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"The correction can't be noted: {error.strerror}"
        raise RunError(what, where=str(path), remedy="Free some space.") from None


def _place(folder: Path, by: Owner) -> Path:
    """A file for each owner, named so that no id can lead elsewhere."""
    return folder / f"corrections-{hashlib.sha256(by.id.encode()).hexdigest()[:16]}.json"


def _damaged(path: Path) -> RunError:
    remedy = "Mend the file or take it away; the run itself is whole."
    return RunError("The corrections of this run can't be read", where=str(path), remedy=remedy)
