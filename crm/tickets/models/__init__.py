"""Tickets: what customers ask, who answers until when, and what both sides said."""

from crm.tickets.models.desk import (
    AssignsBy,
    BlockedSender,
    Macro,
    Rota,
    ServiceLevel,
    TicketCategory,
    TicketSettings,
)
from crm.tickets.models.messages import TicketDraft, TicketFile, TicketMessage
from crm.tickets.models.overloads import TicketOverload
from crm.tickets.models.ratings import TicketRating
from crm.tickets.models.tickets import (
    OPEN,
    SOLVED,
    Ticket,
    TicketChange,
    TicketFollower,
    TicketPresence,
    TicketQuerySet,
    TicketSpell,
)

__all__ = [
    "OPEN", "SOLVED", "AssignsBy", "BlockedSender", "Macro", "Rota", "ServiceLevel", "Ticket", "TicketCategory",
    "TicketChange", "TicketDraft", "TicketFile", "TicketFollower", "TicketMessage", "TicketOverload",
    "TicketPresence", "TicketQuerySet", "TicketRating", "TicketSettings", "TicketSpell",
]  # fmt: skip
