"""What tickets give to others: what can be filtered, told, handed over, merged, erased and exported."""

from __future__ import annotations

from collections.abc import Sequence

from crm import slots
from crm.fields.bulk import register_subject
from crm.history.undoing import undoers
from crm.tickets.actions import reviving
from crm.tickets.actions.imports import register_imports
from crm.tickets.bulk import register_bulk
from crm.tickets.channels.chatting import register_chats
from crm.tickets.channels.mailing import register_mail
from crm.tickets.erasing import forget_in_others, forget_messages, forget_tickets
from crm.tickets.filter_fields import register_fields
from crm.tickets.levels import register_levels
from crm.tickets.lists import register_lists
from crm.tickets.models import Ticket, TicketFile, TicketMessage, TicketRating
from crm.tickets.panels import register_panels
from crm.tickets.searching import register_search
from crm.tickets.undoing import register_undoers

register_fields()
register_lists()
register_bulk()
register_panels()
register_search()
register_imports()
register_subject("ticket", slots.CustomSubject("Tickets", "ticket", 20))
undoers.register("ticket.status", reviving.turn_back)
register_undoers()
register_mail()
register_levels()

for _name, _kind in {
    "ticket.received": slots.NotificationKind(
        "The customer wrote in a ticket",
        "You or your team handle it, or you follow it.",
        "ticket",
        order=26,
    ),
    "ticket.assigned": slots.NotificationKind("Ticket given to you", "A colleague gives you one.", "ticket", order=27),
}.items():
    slots.notification_kinds.register(_name, _kind)

slots.holdings.register(
    "tickets",
    slots.Holding(
        "crm.Ticket", ("open ticket", "open tickets"), "assignee_id", "t.status NOT IN ('solved', 'closed')",
        stamp="updated_at", order=40,
    ),
)  # fmt: skip
for _table in ("TicketSettings", "TicketCategory", "ServiceLevel", "Rota", "Macro", "BlockedSender"):
    slots.kept_tables.register(f"crm.{_table}", slots.KeptTable())

_MESSAGES = slots.exported(TicketMessage, "contact", "occurred_at", "channel", "sender_handle", "text")
_TICKETS = slots.exported(Ticket, "contact", "id", "subject", "status", "channel", "created_at", "solved_at", "custom")
_RATINGS = slots.exported(TicketRating, "contact", "ticket", "score", "comment", "answered_at")


def _files(contacts: Sequence[int]) -> list[slots.PersonsFile]:
    """What they sent with their messages."""
    rows = TicketFile.objects.filter(message__contact__in=contacts).order_by("pk")
    return [slots.PersonsFile(*row) for row in rows.values_list("name", "stored_as")]


for _name, _owned in {
    "account_tickets": slots.OwnedRows("crm.Ticket", "account", ("ticket", "tickets"), "move", "keep"),
    "account_ratings": slots.OwnedRows("crm.TicketRating", "account", ("rating", "ratings"), "move", "keep"),
    "contact_messages": slots.OwnedRows(
        "crm.TicketMessage", "contact", ("message", "messages"), "move", forget_messages, _MESSAGES,
        told=slots.Told(
            "What you wrote to our support", lambda row: f"By {Ticket.Channel(row['channel']).label.lower()}",
            lambda row: row["occurred_at"], lambda row: str(row["text"]), order=41,
        ),
        files=_files,
    ),
    "contact_tickets": slots.OwnedRows(
        "crm.Ticket", "contact", ("ticket", "tickets"), "move", forget_tickets, _TICKETS, order=10,
        told=slots.Told(
            "Your requests to our support",
            lambda row: f"“{row['subject']}”, {Ticket.Status(row['status']).label.lower()}",
            lambda row: row["created_at"], order=40,
        ),
    ),
    "contact_ratings": slots.OwnedRows(
        "crm.TicketRating", "contact", ("rating", "ratings"), "move", "forget", _RATINGS,
        told=slots.Told(
            "How you found our answers",
            lambda row: f"{row['score']} of 5" if row["score"] else "You were asked, and have not answered",
            lambda row: row["answered_at"], lambda row: str(row["comment"]), order=42,
        ),
    ),
}.items():  # fmt: skip
    slots.owned_rows.register(_name, _owned)
slots.traces.register("tickets", forget_in_others)
register_chats()
slots.register_facts(
    "Tickets",
    {
        "ticket.opened": "Ticket opened", "ticket.received": "Customer wrote in a ticket",
        "ticket.replied": "Ticket answered", "ticket.solved": "Ticket solved", "ticket.reopened": "Ticket open again",
        "ticket.overdue": "Ticket overdue", "ticket.rated": "Ticket rated",
        "ticket.overload": "Many tickets about one thing",
    },
    ticket=12, note="The export stops at row 40.",
)  # fmt: skip
