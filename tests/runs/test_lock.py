import subprocess
import sys

from tlcore.runs.lock import is_locked, locked

HOLD = """
import sys, time
from pathlib import Path
from tlcore.runs.lock import locked
with locked(Path(sys.argv[1])) as taken:
    print(taken, flush=True)
    time.sleep(60)
"""


def test_asking_in_the_process_that_holds_the_lock_does_not_lose_it(tmp_path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    with locked(path) as taken:
        assert taken
        assert is_locked(path)
        assert is_locked(path)
        with locked(path) as again:
            assert not again
        assert is_locked(path)
    assert not is_locked(path)


def test_a_killed_process_holds_no_lock(tmp_path):
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert is_locked(path)
        with locked(path) as taken:
            assert not taken
        holder.kill()
    assert not is_locked(path)
