"""The lab without a browser: `python -m tlcore VERB`, or `thaw VERB` where it is installed.

Every verb lives in a module that has `add_verbs`, which describes it, and functions that do it.
Descriptions load nothing heavy, so help is there at once and needs no torch.

Exit codes: 0 it went well; 1 the lab refused, and said why; 2 the command was not understood;
130 it was interrupted, and said how to go on.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tlcore.cli import (
    advise,
    auto,
    catalog,
    compare,
    curve,
    demo,
    distil,
    doctor,
    embedding,
    ensemble,
    get,
    labels,
    recipes,
    report,
    reproduce,
    robust,
    run,
    runs,
    serving,
    ship,
    storage,
    sweep,
)
from tlcore.cli.arguments import Parser, build_parser, name_whole
from tlcore.cli.output import print_error
from tlcore.errors import ThawError
from tlcore.machine import how_to_install

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and give the exit code."""
    job = os.environ.pop("TL_JOB", "")  # whatever this starts is no part of it
    given = parser().parse_args(arguments)
    try:
        code = _do(given)
        sys.stdout.flush()
        if job and code == 0:
            _end_well(job)
        return code
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser() -> Parser:
    """All verbs and what they take."""
    whole, verbs = build_parser()
    for module in (
        demo,
        serving,
        run,
        runs,
        storage,
        recipes,
        get,
        catalog,
        compare,
        curve,
        sweep,
        ensemble,
        distil,
        ship,
        embedding,
        labels,
        advise,
        auto,
        robust,
        report,
        doctor,
        reproduce,
    ):
        module.add_verbs(verbs)
    with suppress(ModuleNotFoundError):  # an image has no `bench` beside the lab
        from bench.race import __main__ as racing

        racing.add_verbs(verbs)
    return whole


def _end_well(job: str) -> None:
    """Tell the page that started this, whatever server it is of by now."""
    from tlcore.runs.jobs import end_well

    end_well(Path(job))


def _do(given: Namespace) -> int:
    try:
        name_whole(given)
        return int(given.do(given))
    except ThawError as error:
        print_error(error, as_json=given.json)
    except (OSError, ModuleNotFoundError) as error:
        print_error(_of_the_system(error), as_json=given.json)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED
    return 1


def _of_the_system(error: OSError | ModuleNotFoundError) -> ThawError:
    """A full disk, a folder of somebody else's, a library left out: nobody's bug."""
    if isinstance(error, ModuleNotFoundError):
        remedy = f"Install what the lab runs on: {how_to_install()}"
        return ThawError(f"{error.name} is not installed", remedy=remedy)
    if isinstance(error, BrokenPipeError) or error.strerror is None:
        raise error
    return ThawError(error.strerror, where=str(error.filename or ""))
