from typing import Any

import pytest

from tlcore.errors import RunError
from tlcore.runs.journal import append_line, read_lines

LINES: list[dict[str, Any]] = [
    {"epoch": 0, "text": "äöü \udc80"},
    {"epoch": 1},
    {"epoch": 2, "rate": 1e-3},
]


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "events.jsonl"
    for line in LINES:
        append_line(path, line)
    return path


def test_lines_come_back_as_they_went_in(journal):
    assert read_lines(journal) == LINES


def test_a_journal_that_was_never_begun_is_empty(tmp_path):
    assert read_lines(tmp_path / "events.jsonl") == []


def test_wherever_the_file_is_cut_the_whole_lines_before_it_are_read(journal):
    whole = journal.read_bytes()
    for length in range(len(whole) + 1):
        journal.write_bytes(whole[:length])
        assert read_lines(journal) == LINES[: whole[:length].count(b"\n")]


def test_wherever_the_file_is_cut_the_next_line_can_still_be_read(journal):
    whole = journal.read_bytes()
    for length in range(len(whole) + 1):
        journal.write_bytes(whole[:length])
        append_line(journal, {"resumed": True})
        assert read_lines(journal) == [*LINES[: whole[:length].count(b"\n")], {"resumed": True}]


@pytest.mark.parametrize("damage", [b"{broken", b"[1]", b"", b"\xff\xfe", b"42"])
def test_a_damaged_line_in_the_middle_is_reported_with_its_number(journal, damage):
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([lines[0], damage, *lines[2:]]))
    with pytest.raises(RunError, match="Line 2 is damaged"):
        read_lines(journal)
