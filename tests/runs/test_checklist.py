"""What a class wrote about a run is there the next time, and no slip on disk is a traceback."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tlcore.errors import RunError
from tlcore.runs.checklist import LONGEST, Answer, keep_answers, read_answers, say, settle

SAID = {
    "Who is missing?": Answer("Nobody **over** 60.\n<b>Ask</b> them. 🧊", settled=True),
    "A question of an older lab?": Answer("Kept all the same."),
}


def test_what_was_said_is_there_the_next_time(tmp_path):
    keep_answers(tmp_path, SAID)
    assert read_answers(tmp_path) == SAID
    keep_answers(tmp_path, {"Who is missing?": Answer()})
    assert read_answers(tmp_path) == {**SAID, "Who is missing?": Answer()}


def test_of_eighty_writers_at_once_all_eighty_are_kept(tmp_path):
    with ThreadPoolExecutor(16) as tabs:
        for _ in tabs.map(lambda n: say(tmp_path, f"Question {n}?", f"{n}", seen=""), range(80)):
            pass
    assert read_answers(tmp_path) == {f"Question {n}?": Answer(f"{n}") for n in range(80)}


def test_words_and_marks_of_one_question_are_kept_each_for_itself(tmp_path):
    say(tmp_path, "q", "old", seen="")
    settle(tmp_path, "q", True)
    say(tmp_path, "q", "new", seen="old")
    assert read_answers(tmp_path) == {"q": Answer("new", settled=True)}


def test_what_somebody_else_wrote_meanwhile_stands_beside_the_new_words(tmp_path):
    say(tmp_path, "q", "theirs", seen="")
    say(tmp_path, "q", "mine", seen="")
    assert read_answers(tmp_path)["q"].text == "theirs\n\nmine"
    with pytest.raises(RunError, match="Somebody else has answered meanwhile"):
        say(tmp_path, "q", "x" * LONGEST, seen="")
    assert read_answers(tmp_path)["q"].text == "theirs\n\nmine"


def test_a_run_of_which_nothing_was_said_has_no_answers(tmp_path):
    assert read_answers(tmp_path) == {}


def test_long_answers_are_cut_and_half_characters_survive(tmp_path):
    keep_answers(tmp_path, {"q": Answer("x" * 2 * LONGEST), "r": Answer("a\udc80b")})
    found = read_answers(tmp_path)
    assert len(found["q"].text) == LONGEST
    assert found["r"].text == "a?b"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b'{"answers": 3}', b'{"answers": {"q": 1}}', b"[" * 100_000],
)
def test_a_damaged_file_is_told_in_words_and_left_alone(tmp_path, content):
    file = tmp_path / "checklist.json"
    file.write_bytes(content)
    with pytest.raises(RunError, match="can't be read"):
        read_answers(tmp_path)
    assert file.read_bytes() == content


def test_beside_a_run_that_is_gone_nothing_is_kept(tmp_path):
    with pytest.raises(RunError, match="gone"):
        keep_answers(tmp_path / "nowhere", SAID)
    assert not (tmp_path / "nowhere").exists()
