"""What people may not open: somebody else's pictures anywhere; and in a lab that is open to
anybody, other people's code, names and files.

A name outside the catalogue could have any network built and any file fetched; a path could have
any file of the machine read.
"""

from __future__ import annotations

from tlcore import catalog
from tlcore.data.counts import count_pictures
from tlcore.data.sources.curated import allowed
from tlcore.data.upload_folder import SCHEME, is_address, missing, read_holders
from tlcore.errors import DataError, Problem, RecipeError
from tlcore.forecast import forecast
from tlcore.recipe import Data, Recipe
from tlcore.recipe_problems import shown
from tlcore.runs.owners import GIGABYTE, LOCAL, Owner, Rules, is_public


def may_open(data: Data, *, by: Owner) -> bool:
    """Whether somebody may open the pictures that a recipe names: drawn, carried and fetched ones,
    their own uploads, and those that an owner shares. LOCAL may open everything.

    >>> from tlcore.runs.owners import anonymous
    >>> hers = Data(name="folder", path=f"upload:{'5d' * 16}")
    >>> [may_open(data, by=anonymous()) for data in (Data(), hers)]
    [True, False]
    """
    if by == LOCAL or data.name != "folder" or not data.path.startswith(SCHEME):
        return True
    try:
        holders = read_holders(data.path.removeprefix(SCHEME))
    except DataError:
        return False
    shared = any(each.get("shared") and not each.get("binned") for each in holders.values())
    return shared or by.id in holders


def refuse_unseen(data: Data, *, by: Owner) -> None:
    """Refuse pictures that somebody may not open, in the words for pictures that aren't here.

    Raises:
        DataMissing: They aren't, or they are somebody else's.
    """
    if not may_open(data, by=by):
        raise missing(data.path.removeprefix(SCHEME))


def refuse(recipe: Recipe, rules: Rules) -> None:
    """Refuse a recipe that this lab doesn't run, as it is opened now."""
    if is_public():
        refuse_foreign(recipe)
        refuse_large(recipe, rules)


def refuse_large(recipe: Recipe, rules: Rules) -> None:
    """Refuse a recipe whose run would need more memory than the rules give one.

    Raises:
        RecipeError: It would, by the lowest guess.
    """
    if rules.memory is None:
        return
    try:
        counts = count_pictures(recipe.data)
    except DataError:  # it says so itself, when the run begins
        return
    found = forecast(recipe, counts, memory=rules.memory, disk=rules.memory, load=0.0)
    if found is not None and found.bytes.low > rules.memory:
        needed, given = (f"{size / GIGABYTE:,.1f} GB" for size in (found.bytes.low, rules.memory))
        rule = (
            f"would need {needed} of memory, and a run has {given} here: choose less of batch, "
            "input.size or head, or a smaller backbone"
        )
        raise RecipeError([Problem("batch", shown(recipe.batch), rule)])


def refuse_foreign(recipe: Recipe) -> None:
    """Refuse a recipe that reaches beyond the catalogue and the uploads."""
    model, data = recipe.model, recipe.data
    problems = []
    if not _is_curated(model.backbone):
        rule = "must be in the catalogue, because this lab is open to anybody"
        problems.append(Problem("model.backbone", shown(model.backbone), rule))
    if model.weights not in ("pretrained", "none"):
        rule = "must be pretrained or none, because this lab is open to anybody"
        problems.append(Problem("model.weights", shown(model.weights), rule))
    if data.name == "folder" and not is_address(data.path):
        rule = "must be an upload, because this lab is open to anybody"
        problems.append(Problem("data.path", shown(data.path), rule))
    if data.name == "hub" and data.repo not in allowed():
        rule = "must be a data set that this lab's owner allows, because it is open to anybody"
        problems.append(Problem("data.repo", shown(data.repo), rule))
    if recipe.distillation.teacher and not _is_curated(recipe.distillation.teacher):
        rule = "must be in the catalogue, because this lab is open to anybody"
        problems.append(Problem("distillation.teacher", shown(recipe.distillation.teacher), rule))
    if problems:
        raise RecipeError(problems)


def _is_curated(name: str) -> bool:
    """Only exact names: what follows a dot could name weights that nobody has looked at."""
    card = catalog.lookup(name)
    if card is None:
        return False
    tagged = {f"{card.name}.{card.tag}"} if card.tag else set()
    return name in {card.name, *card.aliases} | tagged
