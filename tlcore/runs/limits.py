"""The rules of a store: kept in it, and held against what somebody asks for."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import asdict, replace
from pathlib import Path

from tlcore import catalog
from tlcore.access import GIGABYTE, LOCAL, Owner, Rules, is_public, share, usual_rules
from tlcore.advice.forecast import forecast
from tlcore.data.counts import count_pictures
from tlcore.data.sources.curated import allowed
from tlcore.data.uploads.folder import SCHEME, is_address, missing, read_holders
from tlcore.errors import DataError, Problem, QuotaExceeded, RecipeError
from tlcore.recipe import Data, Recipe
from tlcore.recipe.problems import shown
from tlcore.runs.records import Usage
from tlcore.runs.states import ACTIVE, State


def may_open(data: Data, *, by: Owner) -> bool:
    """Whether somebody may open the pictures that a recipe names: drawn, carried and fetched ones,
    their own uploads, and those that an owner shares. LOCAL may open everything.

    >>> from tlcore.access import anonymous
    >>> hers = Data(name="folder", path=f"upload:{'5d' * 16}")
    >>> [may_open(data, by=anonymous()) for data in (Data(), hers)]
    [True, False]
    """
    if by == LOCAL or data.name != "folder" or not data.path.startswith(SCHEME):
        return True
    try:
        holders = read_holders(data.path.removeprefix(SCHEME))
    except DataError:
        return False
    shared = any(each.get("shared") and not each.get("binned") for each in holders.values())
    return shared or by.id in holders


def refuse_unseen(data: Data, *, by: Owner) -> None:
    """Refuse pictures that somebody may not open, in the words for pictures that aren't here.

    Raises:
        DataMissing: They aren't, or they are somebody else's.
    """
    if not may_open(data, by=by):
        raise missing(data.path.removeprefix(SCHEME))


def refuse(recipe: Recipe, rules: Rules) -> None:
    """Refuse a recipe that this lab doesn't run, as it is opened now."""
    if is_public():
        refuse_foreign(recipe)
        refuse_large(recipe, rules)


def refuse_large(recipe: Recipe, rules: Rules) -> None:
    """Refuse a recipe whose run would need more memory than the rules give one.

    Raises:
        RecipeError: It would, by the lowest guess.
    """
    if rules.memory is None:
        return
    try:
        counts = count_pictures(recipe.data)
    except DataError:  # it says so itself, when the run begins
        return
    found = forecast(recipe, counts, memory=rules.memory, disk=rules.memory, load=0.0)
    if found is not None and found.bytes.low > rules.memory:
        needed, given = (f"{size / GIGABYTE:,.1f} GB" for size in (found.bytes.low, rules.memory))
        rule = (
            f"would need {needed} of memory, and a run has {given} here: choose less of batch, "
            "input.size or head, or a smaller backbone"
        )
        raise RecipeError([Problem("batch", shown(recipe.batch), rule)])


def refuse_foreign(recipe: Recipe) -> None:
    """Refuse a recipe that reaches beyond the catalogue and the uploads."""
    model, data = recipe.model, recipe.data
    problems = []
    if not _is_curated(model.backbone):
        rule = "must be in the catalogue, because this lab is open to anybody"
        problems.append(Problem("model.backbone", shown(model.backbone), rule))
    if model.weights not in ("pretrained", "none"):
        rule = "must be pretrained or none, because this lab is open to anybody"
        problems.append(Problem("model.weights", shown(model.weights), rule))
    if data.name == "folder" and not is_address(data.path):
        rule = "must be an upload, because this lab is open to anybody"
        problems.append(Problem("data.path", shown(data.path), rule))
    if data.name == "hub" and data.repo not in allowed():
        rule = "must be a data set that this lab's owner allows, because it is open to anybody"
        problems.append(Problem("data.repo", shown(data.repo), rule))
    if recipe.distillation.teacher and not _is_curated(recipe.distillation.teacher):
        rule = "must be in the catalogue, because this lab is open to anybody"
        problems.append(Problem("distillation.teacher", shown(recipe.distillation.teacher), rule))
    if problems:
        raise RecipeError(problems)


def _is_curated(name: str) -> bool:
    """Only exact names: what follows a dot could name weights that nobody has looked at."""
    card = catalog.lookup(name)
    if card is None:
        return False
    tagged = {f"{card.name}.{card.tag}"} if card.tag else set()
    return name in {card.name, *card.aliases} | tagged


HOUR = 3600.0
DAY = 24 * HOUR
FEW_RUNS = 3


def rules_in(sql: sqlite3.Connection) -> Rules:
    """The usual rules, but for what was set otherwise."""
    stored = {row["name"]: json.loads(row["value"]) for row in sql.execute("SELECT * FROM rule")}
    return replace(usual_rules(), **stored)


def keep_rules(sql: sqlite3.Connection, rules: Rules) -> None:
    """Keep what differs from the usual rules, so that a lab that is opened to the public later
    gets the public's rules for the rest."""
    usual = asdict(usual_rules())
    own = {name: value for name, value in asdict(rules).items() if value != usual[name]}
    sql.execute("DELETE FROM rule")
    pairs = [(name, json.dumps(value)) for name, value in own.items()]
    sql.executemany("INSERT INTO rule VALUES (?, ?)", pairs)


def usage_of(sql: sqlite3.Connection, owner: Owner, now: float) -> Usage:
    """What an owner has of what the rules limit."""
    states = dict(
        sql.execute("SELECT state, count(*) FROM run WHERE owner = ? GROUP BY state", (owner.id,))
    )
    (size,) = sql.execute(
        "SELECT coalesce(sum(bytes), 0) FROM artifact JOIN run ON run.number = artifact.run "
        "WHERE owner = ?",
        (owner.id,),
    ).fetchone()
    runs, taken_in = sql.execute(
        "SELECT count(*), coalesce(sum(row_bytes), 0) FROM run WHERE owner = ?", (owner.id,)
    ).fetchone()
    (seconds,) = sql.execute(
        "SELECT coalesce(sum(seconds), 0) FROM used WHERE owner = ? AND hour > ?",
        (owner.id, hour_of(now - DAY)),
    ).fetchone()
    (imports,) = sql.execute(
        "SELECT coalesce(sum(imports), 0) FROM used WHERE owner = ? AND hour = ?",
        (owner.id, hour_of(now)),
    ).fetchone()
    return Usage(
        running=sum(states.get(state, 0) for state in ACTIVE),
        queued=states.get(State.QUEUED, 0),
        bytes=size + taken_in,
        seconds=seconds,
        runs=runs,
        imports=imports,
    )


def hour_of(moment: float) -> int:
    """The hour since 1970 that a moment lies in, by which it is counted what people use."""
    return int(moment // HOUR)


def note_import(sql: sqlite3.Connection, owner: Owner, now: float) -> None:
    """Count a run that was taken in."""
    sql.execute(
        "INSERT INTO used (owner, hour, imports) VALUES (?, ?, 1) "
        "ON CONFLICT (owner, hour) DO UPDATE SET imports = imports + 1",
        (owner.id, hour_of(now)),
    )


def forget_used(sql: sqlite3.Connection, now: float) -> None:
    """Drop what was used so long ago that it doesn't count any more."""
    sql.execute("DELETE FROM used WHERE hour < ?", (hour_of(now - 2 * DAY),))


def refuse_full_disk(rules: Rules, home: Path, more: int = 0) -> None:
    """Refuse whatever would leave too little of the disk free.

    Args:
        rules: What has to stay free.
        home: Where the disk is.
        more: Bytes that are about to be written.
    """
    if rules.free_bytes and shutil.disk_usage(home).free < rules.free_bytes + more:
        free = f"{rules.free_bytes / GIGABYTE:g} GB"
        raise QuotaExceeded(
            f"Less than {free} of the disk are free, and so much has to stay free",
            remedy="Delete runs that nobody needs, and empty the bin.",
        )


def refuse_one_more(sql: sqlite3.Connection, owner: Owner, home: Path, now: float) -> None:
    """Refuse a run in the queue that would be one too many, for its owner or for the disk."""
    rules = rules_in(sql)
    refuse_full_disk(rules, home)
    if owner != LOCAL:
        usage = usage_of(sql, owner, now)
        _refuse_too_many(rules, usage)
        if words := spent(rules, usage):
            what, remedy = words
            raise QuotaExceeded(what, remedy=remedy)


def refuse_import(sql: sqlite3.Connection, owner: Owner, home: Path, now: float, size: int) -> None:
    """Refuse a file of so many bytes that somebody wants taken in as a run."""
    rules = rules_in(sql)
    refuse_another(sql, owner, now)
    refuse_full_disk(rules, home, more=2 * size)  # unpacked, and once more as the run's own
    if owner == LOCAL:
        return
    usage = usage_of(sql, owner, now)
    if rules.imports is not None and usage.imports >= rules.imports:
        what = f"You have taken in {usage.imports} runs this hour, as many as one person may"
        raise QuotaExceeded(what, remedy="Go on in an hour.")
    if rules.bytes is not None and usage.bytes + size > rules.bytes:
        raise QuotaExceeded(
            f"With this run, your files would fill more than the {rules.bytes / GIGABYTE:g} GB of "
            "one person",
            remedy="Delete some runs, and empty the bin.",
        )


def refuse_another(sql: sqlite3.Connection, owner: Owner, now: float) -> None:
    """Refuse a new run if its owner, or all together, have as many as there may be."""
    rules = rules_in(sql)
    remedy = "Delete runs that nobody needs, and empty the bin."
    (count,) = sql.execute("SELECT count(*) FROM run").fetchone()
    if rules.runs is not None and count >= rules.runs:
        raise QuotaExceeded(f"There are {count} runs, as many as the lab keeps", remedy=remedy)
    if owner == LOCAL or rules.runs_each is None:
        return
    left = None if rules.runs is None else rules.runs - count
    own, most = usage_of(sql, owner, now).runs, share(rules.runs_each, left, FEW_RUNS)
    if own >= most:
        what = f"You have {own} runs, as many as one person may have"
        scarce = " while there is room for few more" if most < rules.runs_each else ""
        raise QuotaExceeded(what + scarce, remedy=remedy)


def spent(rules: Rules, usage: Usage) -> tuple[str, str] | None:
    """What an owner has no more of, and what to do; None if there is some of everything."""
    if rules.bytes is not None and usage.bytes >= rules.bytes:
        size = f"{rules.bytes / GIGABYTE:g} GB"
        return f"The files of your runs fill the {size} of one person", "Delete some runs."
    if rules.seconds is not None and usage.seconds >= rules.seconds:
        minutes = f"{rules.seconds / 60:g} minutes"
        return f"Your runs have had the {minutes} of one person and day", "Go on tomorrow."
    return None


def _refuse_too_many(rules: Rules, usage: Usage) -> None:
    """Those at work count as far as they may be at work, so that it doesn't matter how quickly
    one of them has left the queue."""
    if rules.queued is None:
        return
    slots = rules.running or 0
    if usage.queued + min(usage.running, slots) >= rules.queued + slots:
        count = usage.queued + usage.running
        raise QuotaExceeded(
            f"You have {count} runs that wait or work, as many as one person may have",
            remedy="Wait until one has ended, or cancel one.",
        )
