"""All that is known of runs: asked for, waiting, at work, at rest.

Whoever asks says who they are (`by`): what they may not see looks as if it weren't there. Whoever
works on a run holds an `Attempt`, and can write nothing once another one has begun.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tlcore import paths
from tlcore.access import LOCAL, Owner, Rules
from tlcore.errors import NotAllowed, RunError
from tlcore.events import Event
from tlcore.files import written_whole
from tlcore.recipe import Recipe
from tlcore.recipe.text import from_text, version_of
from tlcore.runs import artifacts, attempts, gates, imports, limits, queue, rows
from tlcore.runs.artifacts import Stray
from tlcore.runs.database import Database
from tlcore.runs.folder import RunFolder
from tlcore.runs.identity import SYSTEM, Clock, Identity
from tlcore.runs.imports import Foreign
from tlcore.runs.limits import refuse, refuse_unseen
from tlcore.runs.records import Artifact, Attempt, Change, Kind, Metric, Request, Run, Usage
from tlcore.runs.states import ACTIVE, State
from tlcore.runs.visits import Visits


class KeepsRules:
    """What a store knows of its rules."""

    home: Path
    clock: Clock
    _database: Database

    def rules(self) -> Rules:
        """What everybody may see and use."""
        with self._database.reading() as sql:
            return limits.rules_in(sql)

    def set_rules(self, rules: Rules, *, by: Owner) -> None:
        """Set other rules. Only LOCAL may."""
        if by != LOCAL:
            raise NotAllowed("Only whoever sits at the lab's machine sets its rules")
        with self._database.writing() as sql:
            limits.keep_rules(sql, rules)

    def usage(self, *, by: Owner) -> Usage:
        """How much an owner has of what the rules limit."""
        with self._database.reading() as sql:
            return limits.usage_of(sql, by, self.clock.wall())

    def refuse_import(self, size: int, *, by: Owner) -> None:
        """Refuse to take in a file of so many bytes for which there is no room."""
        with self._database.reading() as sql:
            limits.refuse_import(sql, by, self.home, self.clock.wall(), size)


class RunStore(KeepsRules):
    """The runs of one home. Threads may share it; after a fork each process uses its own."""

    def __init__(self, home: Path | None = None, *, clock: Clock = SYSTEM) -> None:
        self.home = home or paths.home()
        self.clock = clock
        self._database = Database(self.home / "runs.sqlite")
        self.visits = Visits(self._database, clock)

    @property
    def database(self) -> Database:
        """For rooms that keep tables of their own beside the runs."""
        return self._database

    def close(self) -> None:
        """Let go of the database. Using the store again opens it again."""
        self._database.close()

    # Asking for runs, and looking at them

    def submit(
        self, recipe: Recipe, *, by: Owner, name: str = "", preset: str = "", priority: int = 0
    ) -> Run:
        """Put a run into the queue, if the rules allow one more. An empty name is the recipe's."""
        refuse_unseen(recipe.data, by=by)
        refuse(recipe, self.rules())
        now = self.clock.wall()
        folder = self._folder(rows.new_id(now))
        try:
            with self._database.writing() as sql:
                gates.refuse_frozen(sql, by)
                limits.refuse_another(sql, by, now)
                limits.refuse_one_more(sql, by, self.home, now)
                rows.insert(sql, folder.id, recipe, by, name, preset, priority, now)
                folder.write_recipe(recipe, preset=preset)
                return rows.as_run(rows.find(sql, folder.id, by))
        except BaseException:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise

    def get(self, run: str, *, by: Owner) -> Run:
        """A run as it stands now."""
        with self._seeing(run, by) as (_, row):
            return rows.as_run(row)

    def list(
        self,
        *,
        by: Owner,
        states: Collection[State] = (),
        limit: int = 200,
        offset: int = 0,
        binned: bool = False,
        words: str = "",
        oldest_first: bool = False,
        recipes: Collection[str] | None = None,
    ) -> tuple[Run, ...]:
        """Runs, the newest first; in any state if none is named.

        Args:
            by: Who asks.
            states: In one of these; in any if none is named.
            limit: At most so many; all if it is -1.
            offset: After so many others.
            binned: What is in the bin, instead of what isn't.
            words: Those alone whose name, preset or id holds these words.
            oldest_first: The other way round.
            recipes: Of recipes with one of these ids; unset, of any.
        """
        with self._database.reading() as sql:
            return rows.find_all(
                sql, by, states, limit, offset, binned, words, oldest_first, recipes
            )

    def recipes_like(
        self,
        recipe: Recipe,
        *,
        by: Owner,
        states: Collection[State] = (),
        only_seeds: bool = False,
    ) -> dict[str, str]:
        """The ids of recipes that may be of a family with this one, for they name the same pictures
        and backbone, with the newest run of each; the newest first.

        Args:
            recipe: This one.
            by: Who asks.
            states: Of runs in one of these; in any if none is named.
            only_seeds: Those alone that differ in nothing but their seed and name.
        """
        with self._database.reading() as sql:
            return rows.find_like(sql, by, recipe, states, only_seeds)

    def counts(self, *, by: Owner, binned: bool = False) -> dict[State, int]:
        """How many runs there are in each state that any is in."""
        with self._database.reading() as sql:
            return rows.count_all(sql, by, binned)

    def position(self, run: str, *, by: Owner) -> int | None:
        """Its place in the queue, 1 for the next; None if it doesn't wait."""
        with self._seeing(run, by) as (sql, _):
            return queue.position(sql, run)

    def recipe(self, run: str, *, by: Owner) -> Recipe:
        """What was asked for."""
        with self._seeing(run, by) as (_, row):
            return from_text(row["recipe"], where=run)

    def recipe_version(self, run: str, *, by: Owner) -> int:
        """In which version of recipes it was asked for (see `tlcore.recipe.changes`)."""
        with self._seeing(run, by) as (_, row):
            return version_of(row["recipe"])

    def folder(self, run: str, *, by: Owner) -> RunFolder:
        """Where the run's files are."""
        with self._seeing(run, by):
            return self._folder(run)

    def events(self, run: str, *, by: Owner, since: int = 0) -> tuple[dict[str, Any], ...]:
        """What happened after number `since`: each with its `seq`, `attempt` and `at`."""
        with self._seeing(run, by) as (sql, row):
            found = rows.events_after(sql, row["number"], since)
            return gates.without_results(found) if gates.is_sealed(sql, row, by) else found

    def metrics(
        self,
        run: str,
        *,
        by: Owner,
        since: int = 0,
        names: Collection[str] = (),
        most: int | None = None,
    ) -> tuple[Metric, ...]:
        """Points of curves (of `names`, if any) written after number `since`, in that order; of
        more than `most`, every so-many-th step and all that is measured once an epoch."""
        with self._seeing(run, by) as (sql, row):
            found = rows.metrics_after(sql, row["number"], since, names, most)
            return gates.without_points(found) if gates.is_sealed(sql, row, by) else found

    def history(self, run: str, *, by: Owner) -> tuple[Change, ...]:
        """Every state that the run went through."""
        with self._seeing(run, by) as (sql, row):
            return rows.changes_of(sql, row["number"])

    def artifact(self, run: str, kind: Kind, *, by: Owner) -> Path | None:
        """The latest file of a kind; None if there is none.

        Raises:
            Sealed: It tells a result that whoever asks is still to predict.
        """
        with self._seeing(run, by) as (sql, row):
            if kind in gates.RESULTS:
                gates.refuse_sealed(sql, row, by)
            files = artifacts.published(sql, row["number"], kind, self._folder(run))
        return files[0].path if files else None

    def is_sealed(self, run: str, *, by: Owner) -> bool:
        """Whether its result stays closed for somebody until they have predicted it."""
        with self._seeing(run, by) as (sql, row):
            return gates.is_sealed(sql, row, by)

    def awaits_prediction(self, recipe: Recipe, *, by: Owner) -> bool:
        """Whether somebody is still to predict what a recipe gives, whatever its dice."""
        with self._database.reading() as sql:
            return gates.awaits(sql, recipe, by)

    def has_open_question(self, *, by: Owner) -> bool:
        """Whether a lesson still asks somebody for a prediction."""
        with self._database.reading() as sql:
            return gates.stands(sql, by)

    def checkpoints(self, run: str, *, by: Owner) -> tuple[Artifact, ...]:
        """States to go on from, the newest first: if one is damaged, take the next."""
        with self._seeing(run, by) as (sql, row):
            return artifacts.published(sql, row["number"], "last", self._folder(run))

    # Changing what becomes of them

    def ask(self, run: str, what: Request, *, by: Owner) -> Run:
        """Ask the worker to pause, stop or cancel; what waits or is paused is cancelled at once."""
        with self._changing(run, by) as (sql, row):
            queue.ask(sql, row, what, self.clock.wall())
            return rows.again(sql, row)

    def resume(self, run: str, *, by: Owner) -> Run:
        """Put a run that was paused, stopped or lost, or that failed, back into the queue."""
        with self._changing(run, by) as (sql, row):
            now = self.clock.wall()
            limits.refuse_one_more(sql, by, self.home, now)
            queue.put_back(sql, row, now)
            return rows.again(sql, row)

    def rename(self, run: str, name: str, *, by: Owner) -> Run:
        """Give the run another name."""
        with self._changing(run, by) as (sql, row):
            name = rows.checked(name, "A name", rows.LONGEST_NAME)
            rows.change(sql, row, name=name, updated=self.clock.wall())
            return rows.again(sql, row)

    def delete(self, run: str, *, by: Owner) -> Run:
        """Put a run that neither waits nor works into the bin. Its files stay where they are."""
        with self._changing(run, by) as (sql, row):
            queue.put_into_bin(sql, row, self.clock.wall())
            return rows.again(sql, row)

    def restore(self, run: str, *, by: Owner) -> Run:
        """Take a run out of the bin, if it is there."""
        with self._database.writing() as sql:
            row = rows.find_to_change(sql, run, by)
            rows.change(sql, row, binned=None, updated=self.clock.wall())
            return rows.again(sql, row)

    def attach(self, run: str, kind: Kind, path: Path, *, by: Owner) -> Path:
        """Make a file that was worked out of a run at rest the run's: it moves to its place."""
        with self._changing(run, by) as (sql, row):
            folder, now = self._folder(run), self.clock.wall()
            draft = artifacts.seal(row["attempt"], kind, path, folder, now)
            place, superseded = artifacts.attach(sql, row, draft, folder)
        artifacts.remove(superseded)
        return place

    def take_away(self, run: str, kind: Kind, *, by: Owner) -> bool:
        """Delete a run's files of a kind for good, in the bin or not; whether it had any."""
        with self._database.writing() as sql:
            row = rows.find_to_change(sql, run, by)
            gone = artifacts.take_away(sql, row["number"], kind, self._folder(run))
        artifacts.remove(gone)
        return bool(gone)

    def forget(self, run: str, *, by: Owner) -> None:
        """Drop all that is known of a run in the bin. Its files are then strays, to be removed: in
        this order, for a crash in between must not leave half a run in the bin."""
        with self._database.writing() as sql:
            row = rows.find_to_change(sql, run, by)
            if row["binned"] is None:
                raise RunError("This run isn't in the bin", where=run, remedy="Delete it first.")
            sql.execute("DELETE FROM run WHERE number = ?", (row["number"],))

    def adopt(self, run: str, foreign: Foreign, draft: Path, *, by: Owner) -> Run:
        """Take in a run from elsewhere, under a new id; the draft of its folder moves there."""
        refuse_unseen(foreign.recipe.data, by=by)
        folder, now = self._folder(run).path, self.clock.wall()
        imports.seal(draft)
        try:
            with self._database.writing() as sql:
                limits.refuse_import(sql, by, self.home, now, foreign.bytes)
                imports.adopt(sql, run, foreign, draft, by, now)
                imports.settle(draft, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return self.get(run, by=by)

    @contextmanager
    def copied(self, target: Path) -> Iterator[None]:
        """Copy the database as it is now to a new file; nobody changes anything until this ends."""
        with self._database.copied(target):
            yield

    # Working on a run: for dispatcher and worker, who ask for nobody

    def claim(
        self, *, device: str, worker: Identity | None = None, run: str | None = None
    ) -> Attempt | None:
        """Take the run whose turn it is, to begin it; None if none waits.

        Fair: the owner with the fewest runs at work goes first, then who has waited longest
        since their last turn. Priority counts only among an owner's own runs.

        Args:
            device: Where it will run.
            worker: Who vouches for the run until `begin` says who works on it.
            run: Take this one, out of turn; None if it doesn't wait any more.
        """
        if not self.queued():
            return None
        with self._database.writing() as sql:
            if (chosen := run or queue.choose(sql)) is None:
                return None
            row = rows.find(sql, chosen, LOCAL)
            if row["state"] != State.QUEUED:
                return None
            return queue.grant(sql, row, self.clock, device, worker)

    def attempt(self, run: str) -> Attempt | None:
        """The attempt that holds the right to work on a run; None if nobody does."""
        with self._seeing(run, LOCAL) as (sql, row):
            return queue.granted(sql, row)

    def begin(self, attempt: Attempt, worker: Identity, environment: Mapping[str, Any]) -> None:
        """Begin to work, once for each attempt. `environment` is kept in the run's folder."""
        text = json.dumps(environment, indent=1)
        with self._database.writing() as sql:
            attempts.begin(sql, attempt, worker, self.clock)
            with written_whole(self._folder(attempt.run).environment) as draft:
                draft.write_text(text, encoding="utf-8")

    def beat(self, attempt: Attempt, *, progress: int) -> Request | None:
        """Give a sign of life, at least every `BEAT` seconds; learn what is asked."""
        with self._database.writing() as sql:
            attempts.renew(sql, attempt, progress, self.clock)
            return rows.as_run(attempts.held(sql, attempt)).request

    def record(
        self, attempt: Attempt, events: Sequence[Event] = (), metrics: Sequence[Metric] = ()
    ) -> None:
        """Keep what happened, and what points it adds to curves (see `records.metrics_of`). Of a
        step, the points are all that is kept."""
        with self._database.writing() as sql:
            attempts.record(sql, attempt, events, metrics, self.clock.wall())

    def publish(self, attempt: Attempt, kind: Kind, path: Path) -> Path:
        """Make a file that lies in `folder.drafts` the run's: it moves to its place, given back.

        The two latest states to go on from are kept, and the latest file of any other kind.
        """
        with self._database.reading() as sql:
            attempts.held(sql, attempt)
        folder = self._folder(attempt.run)
        draft = artifacts.seal(attempt.number, kind, path, folder, self.clock.wall())
        with self._database.writing() as sql:
            place, superseded = artifacts.publish(sql, attempt, draft, folder)
        artifacts.remove(superseded)
        return place

    def end(self, attempt: Attempt, state: State, reason: str) -> None:
        """Leave the run finished, stopped, failed or paused, and give up the right to it."""
        with self._database.writing() as sql:
            attempts.end(sql, attempt, state, reason, self.clock)

    # Watching over all of them: for the dispatcher

    def overdue(self, *, but_alive: bool = False) -> tuple[Run, ...]:
        """What `find_lost` would mark, or of it what may only have been kept from writing."""
        find = attempts.silent if but_alive else attempts.overdue
        with self._database.reading() as sql:
            return tuple(rows.as_run(row) for row, _ in find(sql, self.clock))

    def wait(self) -> float:
        """Wait until whoever writes now has come to an end; seconds that it took."""
        return self._database.wait()

    def find_lost(self, *, spared: Collection[str] = ()) -> tuple[Run, ...]:
        """Mark runs whose worker is dead or silent, or ran before a reboot, but for those that
        are `spared`; give them.

        They are lost, or stopped if that is what was asked. A worker that is only silent may come
        to itself again: end its processes before (see `overdue` and `worker`).
        """
        if all(run.id in spared for run in self.overdue()):
            return ()
        with self._database.writing() as sql:
            return attempts.mark_overdue(sql, self.clock, spared)

    def lose(self, attempt: Attempt, why: str) -> Run:
        """Mark a run as lost (or stopped, if that is what was asked) whose worker was killed."""
        with self._database.writing() as sql:
            row = attempts.held(sql, attempt)
            attempts.mark(sql, row, why, self.clock.wall())
            return rows.again(sql, row)

    def abandon(self, why: str) -> tuple[str, ...]:
        """Mark all runs at work as lost, whose workers are another home's; give their ids."""
        with self._database.writing() as sql:
            return tuple(run.id for run in attempts.abandon(sql, why, self.clock.wall()))

    def worker(self, run: str) -> Identity | None:
        """Who works on a run, or did in its latest attempt."""
        with self._seeing(run, LOCAL) as (sql, row):
            return attempts.worker_of(sql, row)

    def active(self) -> tuple[Run, ...]:
        """All runs that somebody works on, or should."""
        return self.list(by=LOCAL, states=ACTIVE, limit=-1)

    def queued(self) -> int:
        """How many runs wait."""
        with self._database.reading() as sql:
            return queue.waiting(sql)

    def strays(self, *, remove: bool = False) -> tuple[Stray, ...]:
        """Files of no use that crashes left in the runs' folders; nothing of what waits or works.

        Args:
            remove: Remove them. While that is done to a run, nobody can claim or publish.
        """
        opened = self._database.writing if remove else self._database.reading
        return artifacts.find_all(opened, self.home / "runs", clear=remove)

    def _folder(self, run: str) -> RunFolder:
        """Only for ids that were found, never for words from outside."""
        return RunFolder(self.home / "runs" / run)

    @contextmanager
    def _seeing(self, run: str, by: Owner) -> Iterator[tuple[sqlite3.Connection, sqlite3.Row]]:
        with self._database.reading() as sql:
            yield sql, rows.find(sql, run, by)

    @contextmanager
    def _changing(self, run: str, by: Owner) -> Iterator[tuple[sqlite3.Connection, sqlite3.Row]]:
        with self._database.writing() as sql:
            row = rows.find_to_change(sql, run, by)
            queue.refuse_in_bin(row)
            yield sql, row
