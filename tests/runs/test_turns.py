import random
from collections import Counter

from tlcore.runs.queue import Waiting, in_turn


def line(owner, count, first=1, priority=0):
    return [Waiting(f"{owner}-{i}", owner, priority, first + i) for i in range(count)]


def test_every_run_gets_its_turn_once():
    dice = random.Random(0)
    queue = [Waiting(str(i), dice.choice("abc"), dice.randint(-2, 2), i) for i in range(100)]
    assert Counter(in_turn(queue)) == Counter(waiting.run for waiting in queue)


def test_owners_alternate_however_many_runs_each_has():
    order = list(in_turn([*line("a", 50), *line("b", 3, first=51)]))
    assert order[:7] == ["a-0", "b-0", "a-1", "b-1", "a-2", "b-2", "a-3"]


def test_whoever_has_fewer_runs_at_work_goes_first():
    queue = [*line("a", 2), *line("b", 2, first=9)]
    assert next(in_turn(queue, at_work={"a": 1})) == "b-0"
    assert next(in_turn(queue, at_work={"a": 1, "b": 1})) == "a-0"


def test_among_equals_who_has_waited_longest_since_their_last_turn_goes_first():
    queue = [*line("a", 5), *line("b", 1, first=6)]
    assert next(in_turn(queue, last_turns={"a": 7})) == "b-0"
    assert next(in_turn(queue, last_turns={"a": 7, "b": 8})) == "a-0"


def test_new_owners_dont_push_in_front_of_who_waits_already():
    """Else anybody could starve the others by coming again under new names."""
    waits = line("a", 1, first=10)
    newcomers = [Waiting(f"n{i}", f"n{i}", 100, 11 + i) for i in range(100)]
    assert next(in_turn([*newcomers, *waits], last_turns={"a": 3})) == "a-0"


def test_priority_moves_only_ones_own_runs():
    queue = [*line("a", 2), *line("b", 1, first=3), Waiting("a-urgent", "a", 100, 4)]
    assert list(in_turn(queue)) == ["a-urgent", "b-0", "a-0", "a-1"]


def test_an_empty_queue_has_no_turns():
    assert list(in_turn([])) == []
