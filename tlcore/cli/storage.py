"""What is kept, what may go, and what goes elsewhere: `bin`, `prune`, `export`, `backup`, ..."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.output import print_json, print_table, printable
from tlcore.errors import RunError

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.runs.backup import Backup
    from tlcore.runs.records import Run
    from tlcore.runs.retention import Going
    from tlcore.runs.store import RunStore

EXAMPLE = "20261121-142233-3fa97c1e5b20d486"
DAY = 24 * 3600.0
GIGABYTE = 10**9


def add_verbs(verbs: Verbs) -> None:
    """Describe the verbs of this module."""
    _add_bin(verbs)
    _add_prune(verbs)
    about = "write a run, with all that it left behind, to one file"
    verb = add_verb(verbs, "export", export, about, f"export {EXAMPLE} my-run.zip")
    verb.add_argument("run", metavar="RUN", help=RUN_HELP)
    verb.add_argument("file", metavar="FILE", type=Path, help="the file to write")
    about = "take in a run that was exported elsewhere; every part of it is checked"
    verb = add_verb(verbs, "import", import_one, about, "import my-run.zip")
    verb.add_argument("file", metavar="FILE", type=Path, help="the file to read")
    _add_backup(verbs)


def _add_backup(verbs: Verbs) -> None:
    about = "write the whole lab to one file, while its runs go on"
    verb = add_verb(verbs, "backup", back_up, about, "backup lab-monday.thaw-lab")
    verb.add_argument("file", metavar="FILE", type=Path, help="the file to write")
    about = "make a lab of a backup, in the new folder that TL_HOME names; or undo an update"
    examples = ("restore lab-monday.thaw-lab", "restore --before 3")
    verb = add_verb(verbs, "restore", restore, about, *examples)
    verb.add_argument("file", metavar="FILE", nargs="?", type=Path, help="what backup wrote")
    about = "put the database back that was kept before it was brought to format N"
    verb.add_argument("--before", metavar="N", type=int, help=about)


def _add_bin(verbs: Verbs) -> None:
    about = "put runs into the bin, take them out, empty it, or list what is in it"
    examples = ("bin", f"bin {EXAMPLE}", f"bin {EXAMPLE} --restore", "bin --empty --days 30")
    verb = add_verb(verbs, "bin", bin_runs, about, *examples)
    verb.add_argument("runs", metavar="RUN", nargs="*", help=RUN_HELP)
    verb.add_argument("--restore", action="store_true", help="take these runs out of the bin")
    verb.add_argument("--empty", action="store_true", help="delete what is in the bin for good")
    about = "delete for good the small copies of pictures that these runs keep"
    verb.add_argument("--pictures", action="store_true", help=about)
    about = "with --empty: only what has been there for so many days"
    verb.add_argument("--days", metavar="N", type=_amount, default=0.0, help=about)


def _add_prune(verbs: Verbs) -> None:
    about = "tell what may go to free space, and let it go if that is wanted"
    verb = add_verb(
        verbs, "prune", prune, about, "prune", "prune --days 90 --cache 5", "prune --apply"
    )
    verb.add_argument("--apply", action="store_true", help="do it; else it is only told")
    about = "also put runs into the bin that ended more than so many days ago"
    verb.add_argument("--days", metavar="N", type=_amount, help=about)
    about = "also let decoded pictures go, down to so many gigabytes"
    verb.add_argument("--cache", metavar="GB", type=_amount, help=about)


def bin_runs(given: Namespace) -> int:
    """Fill, empty or show the bin."""
    from tlcore.access import LOCAL
    from tlcore.runs.retention import drop_pictures, empty_bin
    from tlcore.runs.store import RunStore

    store = RunStore()
    if given.empty:
        gone = empty_bin(store, by=LOCAL, older_than=given.days * DAY)
        _print_going(gone, as_json=given.json, done=True)
        _print_showing(store, gone, as_json=given.json)
    elif given.pictures:
        for run in given.runs:
            drop_pictures(store, run, by=LOCAL)
        _print_binned(store, [store.get(run, by=LOCAL) for run in given.runs], as_json=given.json)
    elif given.runs:
        change = store.restore if given.restore else store.delete
        _print_binned(store, [change(run, by=LOCAL) for run in given.runs], as_json=given.json)
    else:
        _print_binned(store, store.list(by=LOCAL, limit=-1, binned=True), as_json=given.json)
    return 0


def prune(given: Namespace) -> int:
    """Clear up, or tell what would go."""
    from tlcore.access import LOCAL
    from tlcore.runs.retention import disk_use
    from tlcore.runs.retention import prune as clear_up
    from tlcore.runs.store import RunStore

    store = RunStore()
    going = clear_up(
        store,
        by=LOCAL,
        dry_run=not given.apply,
        runs_before=None if given.days is None else store.clock.wall() - given.days * DAY,
        cache_bytes=None if given.cache is None else round(given.cache * GIGABYTE),
    )
    _print_going(going, as_json=given.json, done=given.apply)
    if not given.json:
        use = disk_use(store, by=LOCAL)
        sizes = {name.replace("_", " "): _size(size) for name, size in asdict(use).items()}
        print(", ".join(f"{name} {size}" for name, size in sizes.items()))
    return 0


def export(given: Namespace) -> int:
    """Write a run to one file."""
    from tlcore.access import LOCAL
    from tlcore.runs.store import RunStore
    from tlcore.runs.transfer import export_run

    path = export_run(RunStore(), given.run, given.file, by=LOCAL)
    size = path.stat().st_size
    if given.json:
        print_json({"run": given.run, "file": str(path), "bytes": size})
    else:
        print(f"{printable(path)} holds the run, in {_size(size)}")
    return 0


def import_one(given: Namespace) -> int:
    """Take in a run from a file."""
    from tlcore.access import LOCAL
    from tlcore.runs.store import RunStore
    from tlcore.runs.transfer import import_run

    run = import_run(RunStore(), given.file, by=LOCAL)
    if given.json:
        print_json(asdict(run))
    else:
        print(f"{run.id} is here now, {run.state}: {printable(run.reason)}")
    return 0


def back_up(given: Namespace) -> int:
    """Write a whole home to one file."""
    from tlcore.runs import backup
    from tlcore.runs.store import RunStore

    made = backup.back_up(RunStore(), given.file)
    if given.json:
        print_json(_plain(made))
    else:
        print(f"{printable(made.file)} holds {_contents(made)}, in {_size(made.bytes)}")
    return 0


def restore(given: Namespace) -> int:
    """Make a home of a backup, or put an older database back."""
    from tlcore.runs import backup
    from tlcore.runs.store import RunStore

    if (given.file is None) == (given.before is None):
        raise RunError("restore takes a FILE or --before N", remedy="python -m tlcore restore -h")
    if given.before is not None:
        kept = backup.go_back(RunStore(), given.before)
        print_json({"kept": str(kept)}) if given.json else print(
            f"Done. Open it with the older lab; what came after is in {printable(kept)}"
        )
        return 0
    made = backup.restore(given.file)
    if given.json:
        print_json(_plain(made))
        return 0
    print(f"{printable(made.home)} holds {_contents(made)}")
    for run in made.lost:
        print(f"{run} was at work when the backup was made: it goes on with the next dispatcher,")
        print(f"or now: python -m tlcore resume {run}")
    return 0


def _plain(made: Backup) -> dict[str, Any]:
    return {**asdict(made), "file": str(made.file), "home": str(made.home)}


def _contents(made: Backup) -> str:
    return f"{made.runs} runs and {made.uploads} uploads"


def _print_binned(store: RunStore, runs: Sequence[Run], *, as_json: bool) -> None:
    from tlcore.access import LOCAL
    from tlcore.runs.retention import run_bytes

    if as_json:
        print_json({"runs": [asdict(run) for run in runs]})
        return
    rows = [
        (
            run.id,
            run.name,
            run.state,
            _size(run_bytes(store, run.id, by=LOCAL)),
            run.binned and time.strftime("%Y-%m-%d %H:%M", time.localtime(run.binned)),
        )
        for run in runs
    ]
    print_table(("run", "name", "state", "size", "in the bin since"), rows)


def _print_going(going: Sequence[Going], *, as_json: bool, done: bool) -> None:
    total = sum(each.bytes for each in going)
    if as_json:
        print_json({"done": done, "bytes": total, "going": [asdict(each) for each in going]})
        return
    if going:
        rows = [(each.what, each.name, _size(each.bytes)) for each in going]
        print_table(("what", "which", "size"), rows)
    if not going:
        print("There is nothing to clear up.")
    elif done:
        print(f"{_size(total)} have gone.")
    else:
        print(f"{_size(total)} would go; nothing has been done yet. With --apply it is.")


def _print_showing(store: RunStore, gone: Sequence[Going], *, as_json: bool) -> None:
    """Say which runs still show pictures of uploads that have gone."""
    from tlcore.access import LOCAL
    from tlcore.runs.retention import showing

    uploads = {each.name for each in gone if each.what == "upload"}
    runs = [run.id for run in showing(store, uploads, by=LOCAL)]
    if runs and not as_json:
        print("Small copies of the pictures are still in these runs. To delete them, too, type:")
        print(f"  python -m tlcore bin --pictures {' '.join(runs)}")


def _size(count: int) -> str:
    """Bytes as people read them.

    >>> _size(1_234_567), _size(999)
    ('1.2 MB', '0.0 MB')
    """
    return f"{count / 10**9:.1f} GB" if count >= 10**9 else f"{count / 10**6:.1f} MB"


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise ArgumentTypeError(f"{text!r} must be a number from 0 on")
    return amount
