"""The rules of a store, which everybody is held to, and what each has used of what they give."""

from __future__ import annotations

from pathlib import Path

from tlcore.errors import NotAllowed
from tlcore.runs import limits
from tlcore.runs.database import Database
from tlcore.runs.identity import Clock
from tlcore.runs.owners import LOCAL, Owner, Rules
from tlcore.runs.records import Usage


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
