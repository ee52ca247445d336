import json

import pytest

from tlcore.runs.folder import RunFolder, describe_environment, threads_before


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def test_it_tells_what_numbers_depend_on(folder):
    found = describe_environment("cuda:1", 4)
    assert (found["device"], found["threads"]) == ("cuda:1", 4)
    assert found["libraries"]["torch"]
    assert found["processor"]
    assert json.loads(json.dumps(found)) == found


def test_the_threads_of_an_earlier_attempt_are_remembered(folder):
    assert threads_before(folder) is None
    folder.environment.write_text(json.dumps(describe_environment("cpu", 3)))
    assert threads_before(folder) == 3


@pytest.mark.parametrize("damage", ["", "{", "[]", "3", '{"threads": "3"}', '{"threads": 0}', "{}"])
def test_a_damaged_file_tells_nothing(folder, damage):
    folder.environment.write_text(damage)
    assert threads_before(folder) is None
