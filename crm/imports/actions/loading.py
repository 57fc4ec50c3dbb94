"""load(): the rows of one file into the record, inside the caller's transaction; both doors come through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection

from crm import slots
from crm.fields.known import asking_once
from crm.imports.actions.noting import Diary, Marks
from crm.imports.actions.reading import Found, fill, named
from crm.imports.actions.staging import Staging
from crm.imports.models import Import
from crm.imports.rules.cells import Conventions
from crm.imports.rules.files import FileRefused, Source
from crm.imports.rules.plans import Plan
from crm.imports.rules.presets import PRESETS, Preset
from crm.outbox.actions import close_the_gate
from crm.outbox.policy import hold_for_import
from crm.team.models import User
from crm.web import clock

#: What it does, for whoever waits; and how many rows it has read.
Progress = Callable[[str, int], None]

READING, WAITING, WRITING, TIDYING = "Reading", "Waiting for another import", "Comparing and writing", "Tidying up"


def silent(phase: str, rows: int) -> None:
    """Nobody waits."""


@dataclass(frozen=True)
class Report:
    """What an import did. created + updated + skipped + rejected are the rows of the file.

    Skipped are rows that changed nothing: equal to what was there, repeated later in the file, or deleted over there.
    """

    created: int
    updated: int
    skipped: int
    rejected: int
    repeated: int  # of the skipped
    deleted: int  # of the skipped
    columns: Mapping[str, str]  # our column → the file's
    unknown_columns: tuple[str, ...]
    encoding: str
    rejects_file: str | None
    holds_mail: bool = False  # this import put mail on hold
    suppressed: int = 0  # addresses that get no mail any more
    homes: int = 0  # customers that were made for people who came without one
    import_id: int | None = None


@dataclass
class Loading:
    """One file on its way in. `made` None remembers nothing: a dry run, which the caller takes back."""

    source: Source
    name: str  # of the kind
    plan: Plan
    now: datetime
    made: Import | None = None
    viewer: User | None = None  # None sees everything: the command
    diary: Diary | None = None
    progress: Progress = silent
    staging: Staging = field(init=False)

    def __post_init__(self) -> None:
        self.kind, self.preset = kind_of(self.name), preset_of(self.name, self.plan.preset)
        if self.plan.makes is None:
            # Whoever brings an address book wants all who stand in it.
            self.plan = replace(self.plan, makes=tuple(self.kind.makes) if self.source.cards else ())

    @staticmethod
    def check(name: str, plan: Plan) -> None:
        """Raises FileRefused for a kind or preset that there is not."""
        kind_of(name)
        preset_of(name, plan.preset)

    @asking_once()
    def run(self, during: Callable[[Callable[[], Any]], Any]) -> Report:
        """Read, then write inside `during`, which gets the writing to call. Raises FileRefused."""
        # The gate closes when rows of the record are first locked, not before: senders lock the policy and then
        # contacts, and must not wait while a file is read. Whoever refuses mail in it gets none from the commit on.
        gate = close_the_gate if self.kind.brings_people else _nothing
        # Its cursor stays open: the caller reads the rejects.
        self.staging = staging = Staging(
            connection.cursor(), self.kind.columns, self.now, gate, plan=self.plan, viewer=self.viewer,
            diary=self.diary, marks=Marks(self.made.pk) if self.made else None,
        )  # fmt: skip
        found = fill(
            staging, self.source, self.kind, self.preset, self.plan, self._conventions(),
            lambda rows: self.progress(READING, rows),
        )  # fmt: skip
        counts, suppressed, holds_mail = during(lambda: self._write(found.rows))
        return self._report(found, counts, suppressed, holds_mail)

    def _conventions(self) -> Conventions:
        slashes = self.plan.slashes or (self.preset.slashes if self.preset else "")
        return Conventions(clock.ZONE_NAMES, clock.zone().key, slashes)

    def _write(self, rows: int) -> tuple[slots.ImportCounts, int, bool]:
        """From the staging table into the record, one file at a time. Also what it did to mail."""
        # One for all kinds: they lock each other's rows through foreign keys, in no common order. The second file sees
        # what the first one wrote.
        if not _lock(self.staging):
            self.progress(WAITING, rows)
            self.staging.run(f"SELECT pg_advisory_xact_lock({slots.FILES_LOCK})")
        self.progress(WRITING, rows)
        self.staging.run("SET LOCAL work_mem = '64MB'")  # tables are joined and sorted whole
        self.staging.filled()
        if self.kind.identity:
            self.staging.fold(*self.kind.identity)
        counts = self.kind.loader(self.staging, self.now)
        self.progress(TIDYING, rows)
        if not self.kind.brings_people:
            return counts, 0, False
        # Who opted out elsewhere gets nothing from here, and nobody gets anything before somebody has looked. The hold
        # is committed with the people: before, no sender sees them, and whoever waits at the gate sees both.
        self.staging.begin_writing()
        suppressed = self.staging.run(_SUPPRESS)
        return counts, suppressed, bool(counts.created) and hold_for_import(self.now)

    def _report(self, found: Found, counts: slots.ImportCounts, suppressed: int, holds_mail: bool) -> Report:
        rejected = self.staging.rejected()
        self.staging.name_columns({name: named(self.kind, found.header, name) for name in self.kind.columns})
        if self.made:
            self.staging.keep_rejects(self.made.pk)
        return Report(
            counts.created, counts.updated, found.rows - counts.created - counts.updated - rejected, rejected,
            self.staging.folded, found.deleted, found.header.titles, tuple(found.header.unknown), self.source.encoding,
            None, holds_mail, suppressed, counts.homes, self.made.pk if self.made else None,
        )  # fmt: skip


def _lock(staging: Staging) -> bool:
    return bool(staging.ids(f"SELECT pg_try_advisory_xact_lock({slots.FILES_LOCK})::int")[0])


def _nothing() -> None:
    pass


def kind_of(name: str) -> slots.ImportKind:
    """Raises FileRefused."""
    kind = slots.import_kinds.get(name)
    if kind is None:
        raise FileRefused(f"There is no kind {name!r}. Known: {', '.join(sorted(slots.import_kinds.names()))}.")
    return kind


def preset_of(kind: str, name: str | None) -> Preset | None:
    """Raises FileRefused."""
    if not name:
        return None
    if name not in PRESETS:
        raise FileRefused(f"There is no preset {name!r}. Known: {', '.join(sorted(PRESETS))}.")
    if kind not in PRESETS[name]:
        raise FileRefused(f"The preset {name} knows {', '.join(PRESETS[name])} only.")
    return PRESETS[name][kind]


_SUPPRESS = """
    INSERT INTO crm_suppression (address, reason, created_at)
    SELECT DISTINCT address, 'Opted out in the system it was imported from', %(now)s::timestamptz
    FROM (SELECT coalesce(r.email, c.email) AS address FROM import_rows r LEFT JOIN crm_contact c ON c.id = r.target
        WHERE r.opted_out) found
    WHERE address IS NOT NULL
    ON CONFLICT (address) DO NOTHING
"""
