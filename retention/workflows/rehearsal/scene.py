"""What stands on the stage of a rehearsal: which tables are shadowed, which rows are in them, and one more workflow.

`OWN` are tables that the engine and the outbox change: each has a shadow, with the rows in scope. `BESIDE` are tables
that are only added to: new rows stand beside the real ones. `IN_SCOPE` are customers and what is theirs that steps may
change: where some do, the shadows hold whoever has entered, and until then the real row is read. A step that writes to
any other table fails in a rehearsal, by Postgres' own word; a test runs every kind of step to see that none does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from psycopg.types.json import Jsonb

from crm.outbox.sending.known import CAREFUL
from retention.workflows.definition import Definition, walk
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.rehearsal.session import Session

OWN: dict[str, tuple[str, ...]] = {
    "retention_workflow": (),
    "retention_workflowversion": (),
    "retention_enrollment": ("enrollment_due", "enrollment_suspect", "enrollment_of_account"),
    "retention_steprun": (),
    "retention_trial": (),
    "crm_pending": (),
    "crm_outboundmessage": ("message_due", "message_of_contact", "message_asked"),
    "crm_decision": ("decision_of_message",),
    "crm_mailpolicy": (),
    "crm_switch": (),
    "crm_sender": (),
}
BESIDE = ("crm_timelineentry", "crm_task", "crm_mailtemplate", "crm_notification", "crm_webhookdelivery")
#: Table → the SQL that finds the rows of the customers who came into scope, over t.
IN_SCOPE = {
    "crm_account": "t.id IN (SELECT account_id FROM newcomer)",
    "crm_contact": "t.account_id IN (SELECT account_id FROM newcomer)",
}
_IN_SCOPE_INDEXES = {"crm_contact": ("crm_contact_account_id_1eac6a03",)}

#: Steps that change nothing about a customer that a trigger could ask.
HARMLESS = {"message", "notify", "wait", "await", "branch", "split", "task", "end"}

#: Of others' mail, a moment at which their people move on by themselves: never, while this is rehearsed.
NEVER = datetime(2999, 12, 31)  # noqa: DTZ001  (written into SQL as it is)


@dataclass
class Plan:
    """What is rehearsed: a definition, when, and as which workflow."""

    slug: str
    definition: Definition
    begin: datetime
    end: datetime
    back: bool  # the past is replayed; else the days to come are projected
    number: int  # of the rehearsal, unique: ids made of it are nobody else's
    include_current: bool = False
    workflow: Workflow | None = None  # as it is now; None: it was never switched on
    kinds: list[str] = field(default_factory=list)  # of facts that it may react to

    def __post_init__(self) -> None:
        self.kinds = sorted(_words(self.definition.model_dump(mode="json", by_alias=True, exclude_none=True)))

    @property
    def workflow_id(self) -> int:
        return self.workflow.pk if self.workflow else -self.number

    @property
    def version_id(self) -> int:
        """Below nought: what is remembered of versions by their id must never be mistaken for a real one's."""
        return -self.number

    @property
    def goes_on(self) -> bool:
        """People are in it already, and go on."""
        return not self.back and self.workflow is not None and self.workflow.state != Workflow.State.OFF


def _words(part: Any) -> set[str]:
    """All plain words of a definition: among them are the kinds of facts that it names."""
    if isinstance(part, str):
        return {part} if len(part) <= 60 and " " not in part else set()
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return {word for each in inner for word in _words(each)}


class Scene:
    """The stage, set for one plan."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self.session, self.plan = session, plan
        self.first_id = 0  # enrollments from here on are of the rehearsal

    def set_up(self) -> None:
        """Before the session is closed off."""
        session = self.session
        for table, indexes in OWN.items():
            session.shadow(table, indexes=indexes)
        for table in self.changed:
            session.shadow(table, indexes=_IN_SCOPE_INDEXES.get(table, ()))
        for table in BESIDE:
            self._beside(table)
        session.run("CREATE TEMP TABLE scope (account_id bigint PRIMARY KEY)")
        session.run("CREATE TEMP TABLE newcomer (account_id bigint PRIMARY KEY)")
        session.run("CREATE TEMP TABLE feed (entry_id bigint, at timestamptz, account_id bigint, starts boolean)")
        session.run("CREATE INDEX ON pg_temp.feed (at)")
        self._whole_views()
        self.set_clock(self.plan.begin)
        self._fill()
        # Not what is empty: a table known to be empty is read whole, also by a statement that fills it.
        session.run("ANALYZE retention_workflow, feed")

    def _beside(self, table: str) -> None:
        """Of the timeline, a replay knows what had happened by then, and knows it since it happened."""
        if table == "crm_timelineentry" and self.plan.back:
            now = "current_setting('holdfast.rehearsed_now')::timestamptz"
            self.session.add_beside(table, f"t.occurred_at <= {now}", recorded_at="t.occurred_at")
        else:
            self.session.add_beside(table)

    @cached_property
    def changed(self) -> dict[str, str]:
        """Those of `IN_SCOPE` that need a shadow: none where no step changes a customer."""
        changes = any(step.do not in HARMLESS for step in walk(self.plan.definition.steps))
        return IN_SCOPE if changes else {}

    def _whole_views(self) -> None:
        for table in self.changed:
            self.session.run(
                f"CREATE TEMP VIEW whole_{table} AS SELECT * FROM pg_temp.{table} UNION ALL"  # noqa: S608
                f" SELECT * FROM public.{table} t WHERE NOT EXISTS (SELECT FROM pg_temp.{table} s WHERE s.id = t.id)"
            )

    @property
    def whole(self) -> dict[str, str]:
        """Where everybody stands, for those who look for customers: with what the steps have changed, if any may."""
        return {table: f"whole_{table}" for table in self.changed}

    def set_clock(self, moment: datetime) -> None:
        self.session.run("SELECT set_config('holdfast.rehearsed_now', %s, false)", [moment.isoformat()])

    # Rows -------------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        session = self.session
        # Others' workflows let nobody in and sweep nothing here; their mail asks them whether it may leave.
        session.fill("retention_workflow", "t.id <> %s", [self.plan.workflow_id], version_id="NULL")
        session.fill("retention_workflowversion", "t.definition IS NOT NULL")
        session.fill("crm_mailpolicy", "true", mode="'live'", redirect_to="''", mode_reason="''")
        session.fill("crm_switch", "t.scope LIKE 'contact:%%' OR t.scope LIKE 'sender:%%'", [])
        session.fill("crm_sender", "true", minute="NULL", used="0", next_at="NULL")
        self._fill_workflow()
        if self.plan.goes_on:
            session.fill("retention_enrollment", "t.workflow_id = %s", [self.plan.workflow_id])
        self.first_id = session.rows(
            "SELECT nextval(pg_get_serial_sequence('pg_temp.retention_enrollment', 'id')::regclass)"
        )[0][0]
        if self.plan.back:
            self._fill_feed()
        if self.plan.goes_on:
            self.take_in("SELECT account_id FROM retention_enrollment WHERE state = 'active'")

    def _fill_workflow(self) -> None:
        plan, was = self.plan, self.plan.workflow
        goes_on = plan.goes_on and was is not None
        enabled_at = was.enabled_at if goes_on and was else plan.begin
        swept_until = None if plan.include_current else (was.swept_until if goes_on and was else plan.begin)
        session = self.session
        data = plan.definition.model_dump(mode="json", by_alias=True, exclude_none=True)
        row: dict[str, Any] = {
            "id": plan.workflow_id, "slug": plan.slug, "name": plan.definition.name, "state": "on",
            "settings": Jsonb({}), "version_id": plan.version_id, "enabled_at": enabled_at, "swept_until": swept_until,
            "created_at": was.created_at if was else plan.begin, "stumbles": 0, "stumbled_over": "",
        }  # fmt: skip
        if was:
            session.fill("retention_workflow", "t.id = %s", [was.pk])
            set_ = ", ".join(f"{name} = %({name})s" for name in row if name not in ("id", "settings"))
            session.run(f"UPDATE retention_workflow SET rests_until = NULL, {set_} WHERE id = %(id)s", row)  # noqa: S608
        else:
            self._insert_workflow(row)
        session.run(
            "INSERT INTO retention_workflowversion (id, workflow_id, number, definition, published_at)"
            " VALUES (%s, %s, 1000000, %s, %s)",
            [plan.version_id, plan.workflow_id, Jsonb(data), plan.begin],
        )

    def _insert_workflow(self, row: dict[str, Any]) -> None:
        """Columns that the row does not name are what a new workflow has."""
        fresh = Workflow(**{name: value for name, value in row.items() if name != "settings"})
        values = {field.column: field.get_db_prep_save(field.pre_save(fresh, True), self.session.connection)
                  for field in Workflow._meta.concrete_fields}  # fmt: skip
        names = ", ".join(f'"{name}"' for name in values)
        self.session.run(
            f"INSERT INTO retention_workflow ({names}) VALUES ({', '.join(['%s'] * len(values))})",  # noqa: S608
            list(values.values()),
        )

    def _fill_feed(self) -> None:
        """What happened in the window and the workflow may react to, each at its time."""
        trigger = self.plan.definition.trigger
        self.session.run(
            """
            INSERT INTO feed SELECT id, occurred_at, account_id, kind = ANY(%(starts)s) FROM public.crm_timelineentry
            WHERE kind = ANY(%(kinds)s) AND occurred_at >= %(begin)s AND occurred_at <= %(end)s
            """,
            {"kinds": self.plan.kinds, "begin": self.plan.begin, "end": self.plan.end,
             "starts": list(trigger_kinds[trigger.when].listens(trigger))},
        )  # fmt: skip

    def feed(self, since: datetime, until: datetime) -> int:
        """Let the workflows know what happened after `since`; of what only those in it wait for, only theirs."""
        return self.session.run(
            """
            INSERT INTO crm_pending (entry_id, attempts, error)
            SELECT entry_id, 0, '' FROM feed f WHERE at > %s AND at <= %s
                AND (starts OR EXISTS (SELECT FROM scope s WHERE s.account_id = f.account_id))
            ORDER BY at, entry_id
            """,
            [since, until],
        )

    def take_in(self, accounts: str = "", values: Any = None) -> int:
        """Customers who have entered come into scope, with their mail. Returns how many are new."""
        session = self.session
        found = accounts or f"SELECT account_id FROM retention_enrollment WHERE id >= {self.first_id}"  # noqa: S608
        session.run("DELETE FROM newcomer")
        new = session.run(
            f"INSERT INTO newcomer SELECT DISTINCT account_id FROM ({found}) AS found"  # noqa: S608
            " WHERE NOT EXISTS (SELECT FROM scope s WHERE s.account_id = found.account_id)",
            values,
        )
        if not new:
            return 0
        session.run("INSERT INTO scope SELECT account_id FROM newcomer")
        if new > 1000:
            session.run("ANALYZE newcomer")
        for table, where in self.changed.items():
            session.fill(table, where)
        self._take_in_mail()
        if new > 1000:
            filled = (*self.changed, "crm_outboundmessage", "retention_enrollment", "scope")
            session.run(f"ANALYZE {', '.join(filled)}")
        return new

    def _take_in_mail(self) -> None:
        """What they got lately counts for the cap; what others have planned for them leaves in its turn."""
        plan, session = self.plan, self.session
        values = {
            "careful": list(CAREFUL), "since": plan.begin - timedelta(days=60), "ahead": not plan.back,
            "slug": plan.slug,
        }  # fmt: skip
        session.fill(
            "crm_outboundmessage",
            "t.account_id IN (SELECT account_id FROM newcomer) AND t.category = ANY(%(careful)s)"
            " AND (%(ahead)s OR t.series <> %(slug)s)"
            " AND (%(ahead)s AND t.state IN ('due', 'claimed') OR t.sending_at > %(since)s)",
            values,
            state="CASE t.state WHEN 'claimed' THEN 'due' ELSE t.state END", lease_until="NULL",
            rendered_body="''",
        )  # fmt: skip
        if plan.back:
            return
        due = "SELECT origin_id FROM crm_outboundmessage WHERE state = 'due' AND origin = 'workflow'"
        session.fill("retention_steprun", f"t.id IN ({due})")
        session.fill(
            "retention_enrollment",
            "t.workflow_id <> %(workflow)s AND t.id IN (SELECT enrollment_id FROM retention_steprun)",
            {"workflow": plan.workflow_id},
            due_at=f"CASE t.state WHEN 'active' THEN '{NEVER.isoformat()}Z'::timestamptz ELSE t.due_at END",
        )
