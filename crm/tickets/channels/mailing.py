"""What mail and public forms give to others: takers, the way back, letters, their work and their settings."""

from __future__ import annotations

from crm import slots
from crm.tickets import closing, letters
from crm.tickets.channels import mail
from crm.tickets.channels.form import register_form
from crm.tickets.delivering import ORIGIN, ways


def register_mail() -> None:
    for channel in letters.MAILED:
        ways.register(channel, letters.WAY)
    register_form()
    slots.mail_takers.register("tickets", mail.take)
    slots.letter_origins.register(ORIGIN, slots.LetterOrigin(letters.enclose, letters.tell))
    slots.explainers.register(ORIGIN, letters.explain)
    slots.work.register("closing tickets", slots.Work(run=closing.work, next_due=closing.next_due, order=62))
    slots.settings_pages.register(
        "desk",
        slots.SettingsPage(
            "Support desk", "Addresses, acknowledgement, closing, who is blocked", "life-buoy", "desk:edit", "Support",
            10, keywords="ticket mail address auto reply acknowledge close rating csat spam block",
        ),
    )  # fmt: skip
