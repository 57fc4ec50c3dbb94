"""Tickets from files: history of another desk, with fields of one's own. Nothing is fired, nobody is told; what is open
goes on here."""

from __future__ import annotations

from datetime import datetime

from crm.accounts.models import Contact
from crm.fields import columns
from crm.fields.columns import ColumnsOf
from crm.slots import ImportColumn, ImportCounts, ImportKind, ImportRows, ImportUndone, import_kinds
from crm.tickets import clocks, rules
from crm.tickets.models import Ticket, TicketCategory, TicketMessage, TicketSpell
from crm.timeline.actions import recording_found
from crm.timeline.brought import BECAUSE, Brought, key_of
from crm.timeline.models import TimelineEntry

_PRIORITIES = {priority.name.lower(): priority.value for priority in Ticket.Priority}

COLUMNS = {
    "external_id": ImportColumn(
        "key", required=True, filled=True, max_length=120, example="ticket-1", label="Its id", policies=False,
        names=("id", "ticket id", "ticket number", "number", "case number"), hint="What finds the ticket again",
    ),
    "contact_email": ImportColumn(
        "email", max_length=254, example="sofia@nordwind.example", label="Requester’s e-mail", policies=False,
        names=("email", "requester", "requester email", "from", "customer email"),
        hint="Of somebody on record, or of nobody",
    ),
    "subject": ImportColumn(
        required=True, filled=True, max_length=300, example="Export times out", label="Subject", names=("title",)
    ),
    "body": ImportColumn(
        max_length=rules.LONGEST_TEXT, example="Every month end the export stops.", label="What they wrote",
        policies=False, names=("description", "text", "message"),
    ),
    "status": ImportColumn(
        "choice", choices=tuple(Ticket.Status.values), example="solved", label="Status", policies=False,
        names=("state",), hint="Blank: solved where it says when, else open. A ticket that is here keeps its own",
    ),
    "priority": ImportColumn("choice", choices=tuple(_PRIORITIES), example="high", label="Priority"),
    "category": ImportColumn(
        max_length=60, example="Billing", label="Category", names=("topic", "type"), hint="A new one is made"
    ),
    "created_at": ImportColumn(
        "moment", required=True, filled=True, example="2026-01-05T09:30", label="Asked at", policies=False,
        names=("created", "opened at", "date"),
    ),
    "solved_at": ImportColumn(
        "moment", example="2026-01-06T16:00", label="Solved at", policies=False, names=("solved", "closed at"),
    ),
}  # fmt: skip


def load_tickets(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of tickets; of those that are here, subject, priority, category and fields of one's
    own."""
    of_requester = (Contact, "email", "contact_email")
    rows.links(contact_id=(*of_requester, "id"), account_id=(*of_requester, "account_id"))
    rows.link("target", Ticket, "external_id", "external_id")
    rows.admit(Contact, "contact_id", "contact_email")
    rows.admit(Ticket, "target", "external_id")
    own = {"subject": "subject", "priority": "priority", "category": "category_id"}
    rows.respect(Ticket, own | columns.targets("ticket"))
    rows.run("""
        ALTER TABLE import_rows ADD COLUMN fresh boolean, ADD COLUMN state text, ADD COLUMN number smallint,
            ADD COLUMN category_id bigint, ADD COLUMN part_id bigint""")
    rows.run(f"""
        UPDATE import_rows SET fresh = target IS NULL, number = CASE priority {_numbers()} END,
            state = coalesce(status, CASE WHEN solved_at IS NULL THEN 'open' ELSE 'solved' END)""")  # noqa: S608  (constants of ours)
    _reject(rows)
    columns.require(rows, "ticket")
    rows.begin_writing()
    _file(rows)
    counts = columns.write(rows, Ticket, "ticket", _ticket(rows.import_id), _KEPT)
    rows.link("target", Ticket, "external_id", "external_id")
    rows.write(TicketMessage, _MESSAGE, target="part_id", where="r.fresh AND r.body IS NOT NULL")
    rows.write(TicketSpell, _FIRST_SPELL, target="part_id", where="r.fresh")
    rows.write(TicketSpell, _SOLVED_SPELL, target="part_id", where="r.fresh AND r.solved_at IS NOT NULL")
    rows.run(recording_found(_TOLD), because=BECAUSE, shown=rules.SHOWN)
    rows.note("created", TimelineEntry, f"SELECT id FROM crm_timelineentry WHERE key IN (SELECT key FROM ({_KEYS}) k)")  # noqa: S608
    clocks.ask_to_wind(now)
    return counts


def _numbers() -> str:
    return " ".join(f"WHEN '{code}' THEN {number}" for code, number in _PRIORITIES.items())


def _reject(rows: ImportRows) -> None:
    rows.reject(
        "r.created_at > %(now)s", "created_at", "is still to come", "Give the moment at which the customer asked."
    )
    rows.reject(
        "r.solved_at < r.created_at", "solved_at", "is before {created_at}", "Correct one of both, or leave it blank."
    )
    rows.reject("r.solved_at > %(now)s", "solved_at", "is still to come", "Leave it blank: the ticket is open.")
    rows.reject(
        "r.fresh AND r.state IN ('solved', 'closed') AND r.solved_at IS NULL", "solved_at", "is missing",
        "Say when the ticket was solved; reports count by it.",
    )  # fmt: skip
    rows.reject(
        "r.fresh AND r.state NOT IN ('solved', 'closed') AND r.solved_at IS NOT NULL", "status",
        "is open, and {solved_at} says when it was solved", "Leave one of both blank.",
    )  # fmt: skip


def _file(rows: ImportRows) -> None:
    """Categories that nobody has made yet."""
    rows.make(
        TicketCategory,
        """
        INSERT INTO crm_ticketcategory (name, assigns_by, "order")
        SELECT DISTINCT ON (lower(r.category)) r.category, '', 0 FROM import_rows r WHERE r.category IS NOT NULL
        ORDER BY lower(r.category), r.line ON CONFLICT DO NOTHING RETURNING id""",
    )
    rows.run("""
        UPDATE import_rows r SET category_id = c.id
        FROM crm_ticketcategory c WHERE lower(c.name) = lower(r.category)""")


def _ticket(import_id: int | None) -> dict[str, str]:
    """By their key an undo finds them."""
    return {
        "external_id": "r.external_id", "subject": "r.subject", "priority": "r.number", "category_id": "r.category_id",
        "key": f"'{key_of(import_id)}' || r.external_id",
        "status": "r.state", "channel": "'email'", "reply_channel": "'email'",
        "account_id": "r.account_id", "contact_id": "r.contact_id", "requester_handle": "r.contact_email",
        "token": "substr(replace(gen_random_uuid()::text, '-', ''), 1, 20)", "created_at": "r.created_at",
        "updated_at": "coalesce(r.solved_at, r.created_at)", "asked_at": "r.created_at", "solved_at": "r.solved_at",
        "closed_at": "CASE WHEN r.state = 'closed' THEN r.solved_at END",
    }  # fmt: skip


#: What only new ones take from a file.
_KEPT = {
    name: "NULL" for name in _ticket(0)
    if name not in ("external_id", "subject", "priority", "category_id", "updated_at")
} | {"updated_at": "t.updated_at"}  # fmt: skip
_MESSAGE = {
    "ticket_id": "r.target", "kind": "'in'", "channel": "'email'", "contact_id": "r.contact_id",
    "sender_handle": "r.contact_email", "text": "r.body", "occurred_at": "r.created_at",
    "external_key": "'import:' || r.target",
}  # fmt: skip
_FIRST_SPELL = {
    "ticket_id": "r.target", "status": "CASE WHEN r.solved_at IS NULL THEN r.state ELSE 'open' END",
    "began_at": "r.created_at", "ended_at": "r.solved_at", "because": f"'{BECAUSE}'",
}  # fmt: skip
_SOLVED_SPELL = {
    "ticket_id": "r.target", "status": "r.state", "began_at": "r.solved_at", "because": f"'{BECAUSE}'",
}  # fmt: skip

#: What the timeline tells of them: that they began, and were solved.
_KEYS = """
    SELECT r.*, told.kind, told.words, told.at, 'ticket.imported:' || r.target || ':' || told.kind AS key
    FROM import_rows r, LATERAL (VALUES ('ticket.opened', 'Ticket opened', r.created_at),
        ('ticket.solved', 'Ticket solved', r.solved_at)) AS told(kind, words, at)
    WHERE r.fresh AND r.account_id IS NOT NULL AND told.at IS NOT NULL
"""
_TOLD = f"""
    SELECT k.account_id, k.contact_id, k.kind, k.at, 'import', NULL::bigint, 'email',
        left(k.words || ': #' || k.target || ' ' || k.subject, 400),
        jsonb_strip_nulls(jsonb_build_object('ticket', k.target, 'open_url', '/tickets/' || k.target || '/',
            'note', CASE WHEN k.kind = 'ticket.opened' THEN left(k.body, %(shown)s) END)), k.key
    FROM ({_KEYS}) AS k
"""  # noqa: S608  (constants of ours)

# Taking it back -------------------------------------------------------------------------------------------------------

#: Whether somebody has worked with a ticket that a file brought.
_WORKED = """
    EXISTS (SELECT FROM crm_ticketmessage m WHERE m.ticket_id = t.id
        AND m.external_key IS DISTINCT FROM 'import:' || t.id)
    OR EXISTS (SELECT FROM crm_ticketspell s WHERE s.ticket_id = t.id AND s.because <> %(because)s)
    OR EXISTS (SELECT FROM crm_ticketfollower f WHERE f.ticket_id = t.id)
    OR EXISTS (SELECT FROM crm_ticketdraft d WHERE d.ticket_id = t.id)
    OR EXISTS (SELECT FROM crm_ticketrating g WHERE g.ticket_id = t.id)
    OR EXISTS (SELECT FROM crm_ticket o WHERE o.merged_into_id = t.id OR o.follows_id = t.id)
    OR EXISTS (SELECT FROM crm_ticketchange c LEFT JOIN crm_act a ON a.id = c.act_id
        WHERE c.pgh_obj_id = t.id AND (a.id IS NULL OR a.undone_at IS NULL AND a.turns %% 2 = 0))
"""


_BROUGHT = Brought(Ticket, "'#' || t.id || ' ' || t.subject", _WORKED, ("opened", "solved"))


def undo_tickets(import_id: int, now: datetime) -> ImportUndone:
    return _BROUGHT.undo(import_id)


def register_imports() -> None:
    import_kinds.register(
        "tickets",
        ImportKind(
            ColumnsOf("ticket", COLUMNS), load_tickets, identity=("external_id",), label="Tickets", order=6,
            undo=undo_tickets, besides=("crm.TicketCategory",),
            hint="One row for each ticket of another desk; nothing is answered or sent",
        ),
    )  # fmt: skip
