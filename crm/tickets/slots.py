"""What tickets give to others: what can be filtered, told, handed over, merged, erased and exported."""

from __future__ import annotations

from crm import slots
from crm.fields.bulk import register_subject
from crm.history.undoing import undoers
from crm.tickets.actions import turning
from crm.tickets.actions.imports import register_imports
from crm.tickets.bulk import register_bulk
from crm.tickets.channels.chatting import register_chats
from crm.tickets.channels.mailing import register_mail
from crm.tickets.erasing import forget_in_others, forget_messages, forget_tickets
from crm.tickets.filter_fields import register_fields
from crm.tickets.levels import register_levels
from crm.tickets.lists import register_lists
from crm.tickets.models import Ticket, TicketMessage, TicketRating
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
undoers.register("ticket.status", turning.turn_back)
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
for _name, _owned in {
    "account_tickets": slots.OwnedRows("crm.Ticket", "account", ("ticket", "tickets"), "move", "keep"),
    "account_ratings": slots.OwnedRows("crm.TicketRating", "account", ("rating", "ratings"), "move", "keep"),
    "contact_messages": slots.OwnedRows(
        "crm.TicketMessage", "contact", ("message", "messages"), "move", forget_messages, _MESSAGES
    ),
    "contact_tickets": slots.OwnedRows(
        "crm.Ticket", "contact", ("ticket", "tickets"), "move", forget_tickets, _TICKETS, order=10
    ),
    "contact_ratings": slots.OwnedRows(
        "crm.TicketRating", "contact", ("rating", "ratings"), "move", "forget", _RATINGS
    ),
}.items():
    slots.owned_rows.register(_name, _owned)
slots.traces.register("tickets", forget_in_others)
register_chats()
