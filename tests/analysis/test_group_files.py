import csv
import io

import numpy as np
import pytest

from tlcore.analysis.group_files import LARGEST, read_groups
from tlcore.errors import DataError

IDS = np.array(["a.png", "b.png", "c.png"])


def test_groups_come_in_the_order_of_the_pictures():
    groups = read_groups("id,skin,age\nc.png,dark,old\na.png,light,young\nb.png,light,\n", IDS)
    assert groups["skin"].tolist() == ["light", "light", "dark"]
    assert groups["age"].tolist() == ["young", "", "old"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_whatever_a_spreadsheet_writes_is_understood(delimiter, mark, end):
    rows = [("id", "sex"), ("a.png", "f"), ("b.png", 'said "m", maybe'), ("c.png", "m;f\tx")]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    for content in (mark + text.getvalue(), (mark + text.getvalue()).encode()):
        groups = read_groups(content, IDS)
        assert groups["sex"].tolist() == ["f", 'said "m", maybe', "m;f\tx"]


def test_pictures_that_are_not_in_the_test_set_are_passed_over():
    groups = read_groups("id,sex\nelsewhere.png,f\nb.png,m\n", IDS)
    assert groups["sex"].tolist() == ["", "m", ""]


def test_any_text_may_name_a_group():
    groups = read_groups("id,<b>\na.png,<script>alert(1)</script>\nb.png,🐈\n", IDS)
    assert groups["<b>"].tolist() == ["<script>alert(1)</script>", "🐈", ""]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no column `id`"),
        ("name,sex\na.png,f\n", "no column `id`, but 'name', 'sex'"),
        ("id\na.png\n", "no column beside `id`"),
        ("id,sex\n", "names no picture"),
        ("id,sex\nA.PNG,f\n", "ids such as 'A.PNG'"),
        ("id,sex\na.png,f,x\n", "has 3 values, and the first line has 2"),
        ("id,sex\na.png,f\na.png,m\n", "says something else of 'a.png'"),
        ("id,sex,sex\na.png,f,f\n", "two columns of the same name"),
        ("id,sex,\na.png,f,f\n", "or one without"),
        ('id,sex\na.png,"f\n', "can't be read: unexpected end"),
        ("id," + ",".join(f"c{i}" for i in range(30)) + "\n", "has 31 columns"),
        ("id,sex\na.png," + "x" * 300 + "\n", "more than 200 characters"),
        ("id,sex\na.png," + "x" * 200_000 + "\n", "can't be read|more than 200"),
        (b"id,sex\na.png,\xff\n", "no UTF-8"),
        (b"id,sex\na.png,\x00\n" + b"x" * LARGEST, "too large"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_said_in_words(content, words):
    with pytest.raises(DataError, match=words) as caught:
        read_groups(content, IDS)
    assert caught.value.remedy


def test_the_line_that_is_wrong_is_named():
    with pytest.raises(DataError) as caught:
        read_groups("id,sex\na.png,f\nb.png\n", IDS)
    assert caught.value.where == "line 3"


def test_a_column_in_which_everybody_differs_tells_no_groups():
    ids = np.arange(100).astype(str)
    text = "id,number\n" + "".join(f"{i},{i}\n" for i in range(100))
    with pytest.raises(DataError, match="100 different values in the column 'number'"):
        read_groups(text, ids)
