"""What was found of the engine is measured again; what can't be for want of weights is named."""

from pathlib import Path

import pytest
import torch

from bench.engine import __main__ as page_of
from bench.engine import rows, with_weights
from tlcore.recipe import Recipe

QUICK = (rows.balance, rows.warm_up, rows.clamp, rows.resizing, rows.decay, rows.one_cycle)


@pytest.mark.parametrize("part", QUICK, ids=lambda part: part.__name__)
def test_what_was_found_is_mended(part):
    found = list(part())
    assert found
    assert [row.what for row in found if not row.holds] == []


def test_a_row_that_does_not_hold_is_shown_so(monkeypatch):
    monkeypatch.setattr(
        rows, "shares_of", lambda balance, numbers, parts, stakes: _diluted(numbers)
    )
    found = list(rows.balance())
    assert not any(row.holds for row in found)
    assert "**no**" in page_of.page(found, ["starts: no weights"])
    assert "- starts: no weights" in page_of.page(found, ["starts: no weights"])


def _diluted(numbers):
    """Every picture counts the same, whatever its class."""
    return torch.ones(len(numbers)) / len(numbers)


def test_without_weights_their_rows_are_named(monkeypatch):
    missing: list[str] = []
    assert list(page_of.measured([with_weights.starts], missing)) == []
    assert "set TL_WEIGHTS" in missing[0]


def test_what_tests_alone_hold_is_there():
    project = Path(rows.__file__).parents[2]
    assert all((project / where).exists() for where in page_of.TESTS.values())
    assert isinstance(rows.small(), Recipe)
