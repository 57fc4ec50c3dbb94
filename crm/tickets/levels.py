"""What service levels, assignment, satisfaction and overload give to others: their work, kinds of news and pages."""

from __future__ import annotations

from crm import slots
from crm.tickets import clocks, overload, rating, warnings
from crm.tickets.actions import assigning
from crm.tickets.telling import register_kinds


def register_levels() -> None:
    register_kinds()
    for name, work in {
        "ticket-alarms": slots.Work(warnings.warn, warnings.next_alarm, order=22),
        "ticket-dealing": slots.Work(assigning.deal_waiting, assigning.next_to_deal, order=21),
        "ticket-clocks": slots.Work(clocks.WINDING.run, clocks.WINDING.next_due, order=24),
        "ticket-overload": slots.Work(overload.look, overload.next_look, order=60),
    }.items():
        slots.work.register(name, work)
    slots.send_guards.register(rating.ORIGIN, rating.guard)
    slots.letter_origins.register(rating.ORIGIN, slots.LetterOrigin(rating.enclose, lambda message, at: None))
    slots.explainers.register(rating.ORIGIN, rating.explain)
    slots.owned_rows.register(
        "account_overloads", slots.OwnedRows("crm.TicketOverload", "account", ("", ""), "drop", "keep")
    )
    _register_pages()


def _register_pages() -> None:
    for name, page in {
        "levels": slots.SettingsPage(
            "Service levels", "Until when tickets are answered and solved", "timer", "desk:levels", "Support", 20,
            keywords="sla response resolution limits targets business hours",
        ),
        "categories": slots.SettingsPage(
            "Categories and assignment", "What tickets are about, and who gets them", "shapes", "desk:categories",
            "Support", 30, keywords="round robin least loaded rota team topics",
        ),
        "macros": slots.SettingsPage(
            "Macros", "Answers that are written already", "zap", "desk:macros", "Support", 40,
            keywords="canned answers templates snippets",
        ),
    }.items():  # fmt: skip
        slots.settings_pages.register(name, page)
