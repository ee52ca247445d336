import math
import time

import pytest

from tlcore.errors import NotReadable
from tlcore.strict import LARGEST_TEXT, dump, load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        ("-.5", -0.5),
        ("12", 12),
        ("-0", 0),
        (".inf", math.inf),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
    ],
)
def test_numbers_truths_and_nothing_are_read_as_such(text, value):
    assert load(text) == value
    assert type(load(text)) is type(value)


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "TRUE", "010", "0x1F", "1_000", "1:30", "2024-05-06", "1."]
)
def test_what_only_looks_like_a_number_or_truth_stays_text(text):
    assert load(text) == (1.0 if text == "1." else text)


def test_json_and_yaml_say_the_same():
    assert load('{"a": [1, 2.5, null], "b": {"c": "\\u00e9"}}') == load(
        "a: [1, 2.5, null]\nb:\n  c: é\n"
    )


def test_what_is_written_twice_in_memory_is_written_out_twice():
    same = [1, 2]
    assert load(dump({"a": same, "b": same})) == {"a": [1, 2], "b": [1, 2]}


def test_an_error_tells_the_line():
    with pytest.raises(NotReadable) as caught:
        load("a: 1\nb: 2\n\tc: 3")
    assert (caught.value.what, caught.value.where) == (
        "a tab can't indent; use spaces",
        "line 3, column 1",
    )


@pytest.mark.parametrize("opening", ["[", "{", "a: ", "- ", "? ", "&a ", "'a", "!!", "%", "{a: "])
def test_the_worst_text_of_the_largest_size_is_answered_within_seconds(opening):
    text = (opening * LARGEST_TEXT)[:LARGEST_TEXT]
    began = time.perf_counter()
    with pytest.raises(NotReadable):
        load(text)
    assert time.perf_counter() - began < 10
