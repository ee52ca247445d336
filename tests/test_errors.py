import inspect
import pickle

import pytest

from tlcore import errors
from tlcore.errors import Problem, RecipeError, ThawError

TREE = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)
]


def _parents_as_drawn() -> dict[str, str]:
    """Child to parent, read from the tree in the module's docstring."""
    parents: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if "── " in line or line == "    ThawError":
            depth = (len(line) - len(line.lstrip(" │├└─"))) // 4
            above[depth] = line.lstrip(" │├└─").split()[0]
            if depth > 1:
                parents[above[depth]] = above[depth - 1]
    return parents


def test_the_tree_in_the_docstring_is_the_tree_in_the_code():
    real = {kind.__name__: kind.__mro__[1].__name__ for kind in TREE if kind is not ThawError}
    assert _parents_as_drawn() == real


def test_an_error_says_what_is_wrong_where_and_what_to_do():
    error = ThawError("It broke.", where="here", remedy="Mend it.")
    assert str(error) == "It broke. (here)\n  What to do: Mend it."
    assert str(ThawError("It broke.")) == "It broke."


def test_several_problems_stand_on_a_line_each():
    problems = [Problem("a.b", "3", "must be 4"), Problem("c", "", "is no field", "d")]
    assert str(RecipeError(problems, where="x.yaml")) == (
        "The recipe has 2 problems (x.yaml):\n"
        "  - a.b is 3: must be 4.\n"
        "  - c: is no field. Did you mean 'd'?"
    )


@pytest.mark.parametrize(
    "error", [ThawError("a", where="b", remedy="c"), RecipeError([Problem("a", "b", "c")])]
)
def test_an_error_can_travel_between_processes(error):
    arrived = pickle.loads(pickle.dumps(error))
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
