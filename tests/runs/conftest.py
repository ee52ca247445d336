import pytest

from bench.support.lives import Time
from tests.runs.elsewhere import Elsewhere, Processes
from tlcore import paths
from tlcore.runs.store import RunStore


@pytest.fixture(scope="session")
def processes():
    processes = Processes()
    yield processes
    processes.close()


@pytest.fixture(params=["here", "elsewhere"])
def any_store(request):
    """A store in this process, and one that is always another process's."""
    if request.param == "elsewhere":
        return Elsewhere(paths.home(), request.getfixturevalue("processes"))
    return RunStore()


@pytest.fixture
def time():
    """A clock that stands still until it is moved."""
    return Time()


@pytest.fixture
def store(time):
    """A store in this process, with a clock that stands still."""
    return RunStore(clock=time.clock())
