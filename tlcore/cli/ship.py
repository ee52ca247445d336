"""`ship`: a run's network as ONNX, checked, with all that it takes to use it elsewhere."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.output import print_json, printable

if TYPE_CHECKING:
    from tlcore.cli.arguments import Verbs
    from tlcore.export.facts import Shipped

_RUN = "20261121-142233-3fa97c1e5b20d486"
WAYS = ("static", "dynamic")


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "ship",
        ship,
        "write a run's network as ONNX, with a model card and ten lines that use it",
        f"ship {_RUN}",
        f"ship {_RUN} --to my-network --int8",
    )
    verb.add_argument("run", metavar="RUN", help=RUN_HELP)
    text = "a new folder, or a file that ends in .zip (usually ship-RUN.zip, here)"
    verb.add_argument("--to", metavar="PLACE", type=Path, help=text)
    text = (
        "in eight bits, too; ranges set by training pictures (static, usually) or by each picture"
    )
    verb.add_argument("--int8", metavar="WAY", nargs="?", const="static", choices=WAYS, help=text)
    text = "a folder that timm reads, too, where timm has such a network"
    verb.add_argument("--timm", action="store_true", help=text)
    _add_publish(verbs)


def _add_publish(verbs: Verbs) -> None:
    verb = add_verb(
        verbs,
        "publish",
        publish,
        "put a run's network on the hub, with its card and what was measured",
        f"publish {_RUN} me/beans --dry-run",
        f"publish {_RUN} me/beans --private",
    )
    verb.add_argument("run", metavar="RUN", help=RUN_HELP)
    verb.add_argument("repo", metavar="OWNER/NAME", help="where to")
    verb.add_argument("--dry-run", action="store_true", help="show what would go, and send nothing")
    verb.add_argument("--private", action="store_true", help="for its owner's eyes only")


def publish(given: Namespace) -> int:
    """Ship it into a folder for a while, lay that out for the hub, and send it."""
    from tempfile import TemporaryDirectory

    from tlcore.access import LOCAL
    from tlcore.export import hub_card
    from tlcore.export import publish as publishing
    from tlcore.export.script import require

    require()
    publishing.check_name(given.repo)
    from tlcore.nn.export import package
    from tlcore.runs.store import RunStore

    store = RunStore()
    fits = package.fits_timm(store, given.run, by=LOCAL)
    with TemporaryDirectory() as above:
        place = Path(above) / "network"
        done = package.ship(store, given.run, place, by=LOCAL, for_timm=fits, tell=_tell)
        if not fits:
            package.write_hub_page(store, given.run, place, by=LOCAL)
        parcel = publishing.arranged(place, given.repo)
        address = "" if given.dry_run else publishing.send(parcel, private=given.private)
        fields = {"repo": given.repo, "files": dict(parcel.files), "address": address or None}
        if given.json:
            print_json(fields)
            return 0
        for name, size in parcel.files.items():
            print(f"{size:>12,}  {printable(name)}")
        head = parcel.page.split("---")[1].strip()
        print(f"\n{hub_card.FILE} begins with:\n" + "\n".join(map(printable, head.splitlines())))
        print(f"\nparity     {done.parity.words}")
        print(f"sent to    {address}" if address else "nothing was sent")
    return 0


def ship(given: Namespace) -> int:
    """Write it, and say what was measured of it."""
    from tlcore.export.script import require

    require()
    from tlcore.access import LOCAL
    from tlcore.nn.export.package import ship as write
    from tlcore.runs.store import RunStore

    place = given.to or Path(f"ship-{given.run}.zip")
    done = write(
        RunStore(), given.run, place, by=LOCAL, int8=given.int8, for_timm=given.timm, tell=_tell
    )
    if given.json:
        print_json(_fields(done))
    else:
        _print(done)
    return 0


def _tell(words: str) -> None:
    print(f"{words} …", file=sys.stderr, flush=True)


def _print(done: Shipped) -> None:
    total = sum(done.files.values())
    print(f"place      {printable(str(done.place))} ({total / 1e6:.1f} MB)")
    print(f"files      {', '.join(done.files)}")
    accuracy = done.parity.accuracy
    print(
        f"accuracy   {accuracy.value:.1%}, 95 % interval {accuracy.low:.1%} to "
        f"{accuracy.high:.1%}, on {accuracy.n:,} test pictures"
    )
    print(f"parity     {done.parity.words}")
    if done.timm:
        print(f"timm       {done.timm.words}")
    if done.eight:
        print(f"int8       {done.eight.verdict}")
        print(f"           {done.eight.cost}")


def _fields(done: Shipped) -> dict[str, Any]:
    eight = done.eight
    return {
        "place": str(done.place),
        "files": done.files,
        "parity": asdict(done.parity) | {"words": done.parity.words},
        "timm": asdict(done.timm) | {"words": done.timm.words} if done.timm else None,
        "int8": asdict(eight) | {"verdict": eight.verdict, "cost": eight.cost} if eight else None,
    }
