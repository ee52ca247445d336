from pathlib import Path
from typing import get_args

import pytest

from tlcore.errors import RunError
from tlcore.recipe import Data, Recipe
from tlcore.recipe.text import from_file
from tlcore.runs.folder import RunFolder
from tlcore.runs.records import KINDS, Kind


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    path = tmp_path / "20261121-142233-3fa97c1e5b20d486"
    path.mkdir()
    return RunFolder(path)


@pytest.mark.parametrize("preset", ["", "demo-scratch"])
def test_the_recipe_file_can_be_run_again(folder, preset):
    recipe = Recipe(name="Ein Lauf: 'ä' # 鳥", data=Data(name="folder", path="/photos/a: b#c"))
    folder.write_recipe(recipe, preset=preset)
    assert from_file(folder.path / "recipe.yaml") == recipe


def test_two_processes_never_work_on_the_same_run(folder):
    with folder.held(), pytest.raises(RunError, match="Another process"), folder.held():
        pass
    with folder.held():
        pass


def test_sweeping_spares_the_attempts_that_come_after(folder):
    for number in (1, 2, 3):
        (folder.drafts(number) / ".last.tmp").write_text("half")
    folder.sweep(2)
    assert [path.name for path in folder.path.iterdir()] == ["attempt-3"]


def test_the_end_of_the_log_is_short_however_long_the_log_is(folder):
    assert folder.end_of_log() == ""
    folder.log.write_bytes(b"\xff" + b"line\n" * 100_000 + "the end: ä\n".encode())
    assert folder.end_of_log().endswith("the end: ä\n")
    assert len(folder.end_of_log()) <= 20_000
    assert folder.end_of_log(6) == "d: ä\n"


def test_every_kind_of_file_is_a_line_of_the_table_with_a_name_of_its_own():
    assert set(KINDS) == set(get_args(Kind))
    for names in ([each.name for each in KINDS.values()], [each.place for each in KINDS.values()]):
        assert len(set(names)) == len(KINDS)
