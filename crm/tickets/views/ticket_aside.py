"""What stands beside a conversation: the customer and the person, so that nobody has to look elsewhere first."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest

from crm import slots
from crm.accounts import reading as accounts
from crm.accounts import rules as account_rules
from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.templatetags import ui
from crm.tickets import reading
from crm.tickets.models import Ticket
from crm.web import clock, wording

#: A term that began so lately is news to whoever talks with the customer, and so is one that ends so soon.
RENEWED_LATELY, RENEWS_SOON = 30, 60


def aside(request: HttpRequest, ticket: Ticket, viewer: User, now: datetime) -> dict[str, Any]:
    """What its template needs; of a customer that the viewer may not see only the name."""
    shown = ticket.account if getattr(ticket, "account_shown", False) else None
    today = clock.today(now)
    others = reading.others(ticket, viewer, now)
    return {
        "customer": _customer(shown, today) if shown else None,
        "entries": [_entry(row) for row in reading.entries(shown.pk)] if shown else [],
        "others": [(one, Ticket.Status(one.status).label.lower()) for one in others],
        "alike": others[0].alike if others and ticket.category_id else 0,
        "same_days": reading.SAME_FOR.days,
        "person": about_person(ticket.contact, now) if ticket.contact and shown else None,
        "panels": _filled(ticket, request),
    }  # fmt: skip


#: Contracts that nobody has, or only will have.
_NOT_RUNNING = ("ended", "cancelled", "expected")


def _customer(account: Account, today: date) -> dict[str, Any]:
    contracts = accounts.contracts(account.pk, today)
    running = next((one for one in contracts if one["status"] not in _NOT_RUNNING), None)
    return {
        "contract": _contract(running) if running else "", "renewal": _renewal(running, today) if running else None,
        "ended": contracts[0]["ends"] if contracts and not running else None, "mrr": account.mrr,
        "tier": account.tier, "owner": account.owner, "lifecycle": account.lifecycle_label,
        "tone": account.lifecycle_tone, "silent": account.do_not_contact,
    }  # fmt: skip


def _contract(contract: dict[str, Any]) -> str:
    money = wording.money(contract["mrr"], contract["currency"]) if contract["mrr"] is not None else ""
    return ", ".join(filter(None, [contract["plan"], f"{money} a month" if money else ""]))


def _renewal(contract: dict[str, Any], today: date) -> tuple[str, str] | None:
    """Words and tone: “renewed 3 days ago”, “in 27 days”."""
    begun = contract["terms__starts_on"]
    if begun and begun != contract["since"] and timedelta() <= today - begun <= timedelta(RENEWED_LATELY):
        return f"renewed {wording.in_days((begun - today).days)}", "good"
    if not contract["ends"]:
        return None
    days = (contract["ends"] - today).days
    how = "renews" if contract["auto_renew"] else "ends"
    return f"{how} {wording.in_days(days)}", "warn" if days <= RENEWS_SOON and not contract["auto_renew"] else ""


def _entry(row: tuple[Any, ...]) -> dict[str, Any]:
    pk, kind, source, text, at, payload, name, email = row
    icon, tone = account_rules.face(kind, source)
    return {
        "pk": pk, "icon": ui.icon(icon, 13), "tone": tone, "text": text, "at": at, "by": name or email or "",
        "note": str(payload.get("note") or ""),
    }  # fmt: skip


def about_person(contact: Contact, now: datetime) -> dict[str, Any]:
    paused = contact.automation_paused_until
    there = now.astimezone(clock.zone(contact.timezone)) if contact.timezone in clock.ZONE_NAMES else None
    city = contact.timezone.rpartition("/")[2].replace("_", " ")
    return {
        "row": contact, "role": ", ".join(filter(None, [contact.title, *(r.lower() for r in contact.role_labels)])),
        "there": f"{there:%H:%M}, {city}" if there else "",
        "language": account_rules.language_name(contact.language) if contact.language else "",
        "paused": paused if paused and paused > now else None,
        "silent": contact.do_not_contact,
    }  # fmt: skip


def _filled(ticket: Ticket, request: HttpRequest) -> list[dict[str, Any]]:
    found = [(panel.template, panel.context(ticket, request)) for panel in slots.ticket_panels]
    return [{"template": template, "context": context} for template, context in found if context is not None]
