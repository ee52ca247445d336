"""Links that were saved or sent before a page was put into another order still lead there."""

import pytest

from tests.runs.examined import examined, predict
from tests.ui.looking import open_page
from tlcore.runs.store import RunStore


@pytest.fixture
def run():
    return examined(RunStore(), predict([0, 1, 1, 0], [0, 1, 1, 1], ("cat", "dog")))


def test_a_part_that_is_now_behind_more_is_opened(run):
    page = open_page("results", run=run, part="Robustness")
    assert page.code[0].value == f"python -m tlcore robust {run}"


def test_a_part_of_bias_that_went_by_another_name_is_opened(run):
    page = open_page("bias", run=run, part="Checklist")
    assert not [each for each in page.header if each.value == "Who is served worst"]
