"""`report`: finished runs written up, as one HTML file or as Markdown with pictures."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.cli.arguments import RUN_HELP, add_verb
from tlcore.cli.output import print_json, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tlcore.cli.arguments import Verbs
    from tlcore.report import RunStory
    from tlcore.runs.store import RunStore

_RUN = "20261121-142233-3fa97c1e5b20d486"
_OTHER = "20261121-143010-77c2a0914fe6d35b"


def add_verbs(verbs: Verbs) -> None:
    """Describe the verb of this module."""
    verb = add_verb(
        verbs,
        "report",
        report,
        "write a report of finished runs, and of how they compare",
        f"report {_RUN}",
        f"report {_RUN} {_OTHER} --out comparison.html",
        f"report {_RUN} --markdown",
        f"report {_RUN} --explain",
    )
    verb.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help=RUN_HELP,
    )
    text = "the file to write (usually report-RUN.html or .md, here)"
    verb.add_argument("--out", metavar="FILE", type=Path, help=text)
    text = "write Markdown, and its pictures into a folder beside it"
    verb.add_argument("--markdown", action="store_true", help=text)
    text = "ask the trained networks first why they erred, and show it"
    verb.add_argument("--explain", action="store_true", help=text)


def report(given: Namespace) -> int:
    """Write the report, and say where it is."""
    from tlcore.access import LOCAL
    from tlcore.report import story_of, write_html, write_markdown
    from tlcore.runs.results import other_seeds
    from tlcore.runs.store import RunStore

    store = RunStore()
    stories = [
        story_of(store, run, by=LOCAL, seeds=other_seeds(store, run, by=LOCAL))
        for run in given.runs
    ]
    if given.explain:
        _explain(store, stories)
    write, ending = (write_markdown, "md") if given.markdown else (write_html, "html")
    path = write(stories, _place(given.out, f"report-{given.runs[0]}.{ending}"))
    if given.json:
        print_json({"file": str(path), "bytes": path.stat().st_size, "runs": given.runs})
    else:
        print(f"report     {printable(path)} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def _explain(store: RunStore, stories: Sequence[RunStory]) -> None:
    """Have maps made where there are mistakes to explain; a network that can't be asked is told of
    and spoils no report."""
    from tlcore.access import LOCAL
    from tlcore.errors import ThawError
    from tlcore.report.explaining import explain_mistakes

    for story in stories:
        try:
            found = explain_mistakes(store, story, by=LOCAL)
            print(f"explained  {len(found)} mistakes of {printable(story.name)}", file=sys.stderr)
        except ThawError as error:
            print(f"{printable(story.name)} can't be explained: {error}", file=sys.stderr)


def _place(out: Path | None, usual: str) -> Path:
    """Into a folder goes the usual name."""
    if out is None:
        return Path(usual)
    return out / usual if out.is_dir() else out
