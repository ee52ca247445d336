"""What a lab that is open to anybody won't run: other people's code, names and files.

A name outside the catalogue could have any network built and any file fetched; a path could have
any file of the machine read.
"""

from __future__ import annotations

from tlcore import catalog
from tlcore.data.upload_folder import is_address
from tlcore.errors import Problem, RecipeError
from tlcore.recipe import Recipe
from tlcore.recipe_problems import shown


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
