"""Rows 16, 20 to 23 and 27: files made to do harm, swallowed by processes of their own."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from bench.faulting.rows import Budget, Outcome, Row
from bench.faulting.trees import PROJECT
from bench.support.hostile.footprint import Trial, swallowed

_SECONDS, _MEGABYTES = 5.0, 100.0
_AT_ONCE = 500
_TAKE_WEIGHTS = "bench.support.hostile.take_weights"
_BOMBS = ("bomb", "zips_in_zips", "huge_directory", "sixty_four", "lies_at_the_end")
_SIDES_OF_BOMBS = (6_400, 20_000, 65_000, 2**31 - 1)


def check_escapes(budget: Budget) -> Outcome:
    """All zips; nothing may appear beside the home."""
    return _zips(budget, lambda trick: True)


def check_zip_bombs(budget: Budget) -> Outcome:
    """Only those that are made to fill memory, the disk or time."""
    return _zips(budget, lambda trick: trick.startswith(_BOMBS))


def _zips(budget: Budget, wanted: object) -> Outcome:
    from bench.support.hostile.zips import zips

    assert callable(wanted)
    inner = budget.folder / "a" / "b" / "c"
    inner.mkdir(parents=True)
    files = []
    made = (each for each in zips(budget.count * 8) if wanted(each[0]))
    for number, (trick, content) in enumerate(islice(made, budget.count)):
        files.append(inner / f"{number}-{trick}.zip")
        files[-1].write_bytes(content)
    before = {path for path in budget.folder.rglob("*") if path.is_file()}
    home = inner / "home"
    trials = swallowed("bench.support.hostile.take_zips", files, TL_HOME=str(home))
    after = {path for path in budget.folder.rglob("*") if path.is_file()}
    outside = [path for path in after - before if home not in path.parents]
    found, broken = _judged(trials)
    links = [path for path in home.rglob("*") if path.is_symlink()]
    broken += [f"a file outside: {path}" for path in outside]
    broken += [f"a link: {path}" for path in links]
    return Outcome(len(trials), f"{len(outside)} files outside; {found}", tuple(broken))


def _judged(trials: list[Trial]) -> tuple[str, list[str]]:
    """Time and memory of all, and what went beyond."""
    kinds = Counter(trial.outcome.partition(":")[0] for trial in trials)
    slowest = max(trials, key=lambda trial: trial.seconds)
    most = max(trial.megabytes for trial in trials)
    said = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(4))
    found = f"{said}; the slowest {slowest.seconds:.1f} s, memory +{most:.0f} MB"
    broken = [f"{slowest.file} took {slowest.seconds:.1f} s"] * (slowest.seconds > _SECONDS)
    broken += [f"memory +{most:.0f} MB"] * (most > _MEGABYTES)
    return found, broken


def check_picture_bombs(budget: Budget) -> Outcome:
    """Claims of many pixels, and pictures that take long, in a process that is measured."""
    from bench.support.hostile.pictures import bomb_header, many_scans

    files = []
    for number in budget.trials():
        side = _SIDES_OF_BOMBS[number // 2 % len(_SIDES_OF_BOMBS)]
        bomb = bomb_header(side, side + number) if number % 2 else many_scans(61 + 40 * number)
        files.append(budget.folder / f"{number}.png")
        files[-1].write_bytes(bomb)
    trials = swallowed("bench.faulting.take_pictures", files)
    found, broken = _judged(trials)
    broken += [
        f"{trial.file} was {trial.outcome}" for trial in trials if "refused" not in trial.outcome
    ]
    return Outcome(len(trials), found, tuple(broken))


def check_mutations(budget: Budget) -> Outcome:
    """In portions, each in a process of its own, with a seed of its own."""
    total: Counter[str] = Counter()
    slowest, most, seed = 0.0, 0.0, 0
    portion = min(2_000, budget.count)
    for seed in budget.trials(-(-budget.count // portion)):
        command = [
            sys.executable,
            "-m",
            "bench.support.hostile.take_pictures",
            str(portion),
            str(seed),
        ]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode:
            return Outcome(sum(total.values()), done.stderr[-200:], (f"crash at seed {seed}",))
        came = json.loads(done.stdout)
        total.update(came["outcomes"])
        slowest, most = max(slowest, came["slowest"]), max(most, came["megabytes"])
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in total.most_common())
    found = f"{kinds}; the slowest {slowest:.1f} s, memory +{most:.0f} MB"
    odd = [kind for kind in total if kind not in ("refused", "opened")]
    odd += [f"the slowest took {slowest:.1f} s"] * (slowest > _SECONDS)
    return Outcome(sum(total.values()), found, (*odd, *(["memory"] * (most > _MEGABYTES))))


def check_weights(budget: Budget) -> Outcome:
    """Weight files, in portions; nothing loads with other content, nothing runs."""
    from bench.support.hostile.weights import weights

    stream = ((f"{trick}{ending}", content) for trick, ending, content in weights(budget.count))
    trials = list(_taken(budget, stream))
    found, broken = _judged(trials)
    changed = [trial for trial in trials if "other content" in trial.outcome]
    broken += [f"{trial.file}: {trial.outcome}" for trial in changed]
    return Outcome(len(trials), f"{len(changed)} loaded with other content; {found}", tuple(broken))


def _taken(budget: Budget, stream: Iterator[tuple[str, bytes]]) -> Iterator[Trial]:
    """While one portion is taken, the next is made: that takes as long."""
    with ThreadPoolExecutor(1) as pool:
        files = _written(budget.folder, stream)
        while files:
            taking = pool.submit(swallowed, _TAKE_WEIGHTS, files, OMP_NUM_THREADS="1")
            following = _written(budget.folder, stream) if budget.left() > 0 else []
            yield from taking.result()
            for file in files:
                file.unlink()
            files = following


def _written(folder: Path, stream: Iterator[tuple[str, bytes]]) -> list[Path]:
    files = []
    for name, content in islice(stream, _AT_ONCE):
        files.append(folder / f"{secrets.token_hex(4)}-{name}")
        files[-1].write_bytes(content)
    return files


ROWS = (
    Row(
        20,
        "zips with paths that lead outside, links, long, strange or colliding names, and bombs",
        "no file outside the home, no link; each in 5 s and +100 MB",
        check_escapes,
        full=200,
        quick=20,
        seconds=120,
    ),
    Row(
        21,
        "zips made to fill memory or disk: ratio, overlaps, 100,000s of files, lies",
        "refused in 5 s and +100 MB",
        check_zip_bombs,
        full=100,
        quick=4,
        seconds=90,
    ),
    Row(
        22,
        "pictures that claim billions of pixels, or take thousands of passes",
        "refused before they are decoded, in 5 s and +100 MB",
        check_picture_bombs,
        full=100,
        quick=10,
    ),
    Row(
        23,
        "pictures of every format, spoilt at random",
        "refused or opened as RGB; no crash; each in 5 s and +100 MB",
        check_mutations,
        full=20_000,
        quick=500,
        seconds=120,
    ),
    Row(
        27,
        "weight files made to do harm: programs, expanded tensors, bombs, lies, spoilt ones",
        "none runs, none that carries a sum loads with other content; in 5 s and +100 MB",
        check_weights,
        full=10_000,
        quick=24,
        seconds=300,
    ),
)
