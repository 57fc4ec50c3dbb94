"""The demo's public forms: one for leads and those of the support desk, with what they brought and what is held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crm.accounts.models import Contact
from crm.forms import targets
from crm.forms.actions.arriving import Sent, store
from crm.forms.actions.leading import SUBMITTED
from crm.forms.models import FormEntry, PublicForm
from crm.team.models import Team
from crm.tickets.models import Ticket, TicketCategory
from crm.timeline.actions import Fact, record
from retention.demo import story

#: Of the customers that came last, and of the tickets that forms brought.
_LEADS, _TICKETS = 24, 40
_SPREAD = timedelta(hours=31)


def tell(now: datetime) -> None:
    """What is told of the past fires nothing; what is held waits in the inbox like the real thing."""
    said, since = story.read("forms.yaml"), now - timedelta(days=story.LONGEST)
    forms = {one["slug"]: PublicForm.objects.create(**_columns(one), created_at=since) for one in said["forms"]}
    entries = [*_leads(forms["demo"], said["campaigns"], now), *_tickets(forms)]
    FormEntry.objects.bulk_create(entries)
    for number, one in enumerate(said["suspected"]):
        answers = {targets.NAME: one["name"], targets.EMAIL: one["email"], targets.MESSAGE: one["text"]}
        sent = Sent(_key(f"held{number}"), answers, dict(answers), suspected="It holds 3 links")
        store(forms[one["form"]], sent, now - timedelta(hours=3 + number))


def _columns(one: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in one.items()
             if name not in ("shown", "labels", "category", "team")}  # fmt: skip
    fields = []
    for name in one["shown"]:
        asked = targets.asked(name.rstrip("*")).kept() | {"required": name.endswith("*")}
        fields.append(asked | {"label": one.get("labels", {}).get(asked["target"], asked["label"])})
    found = {"title": one["name"], "fields": fields} | plain
    if "team" in one:
        found["team"] = Team.objects.filter(name=one["team"]).first()
    if one["outcome"] == "ticket":
        category = TicketCategory.objects.filter(name=one.get("category", "")).values_list("pk", flat=True).first()
        found["outcome_settings"] = {"category": category, "team": None}
    return found


def _leads(form: PublicForm, campaigns: list[dict[str, str]], now: datetime) -> Iterator[FormEntry]:
    """Those who came last asked for a demo first, one after the other."""
    people = Contact.objects.filter(is_primary=True).select_related("account").order_by("-account__created_at", "pk")
    facts = []
    for place, contact in enumerate(people[:_LEADS]):
        at = now - timedelta(hours=5) - place * _SPREAD
        source = {"page": "https://www.holdfast.example/pricing", **campaigns[place % len(campaigns)]}
        facts.append(Fact(
            contact.account_id, SUBMITTED, f"{contact.name} filled in “{form}”", at, contact_id=contact.pk,
            source="customer", channel="form", payload={"form": form.pk, "slug": form.slug, "came_from": source},
            key=f"form:demo:{place}",
        ))  # fmt: skip
        yield _entry(
            form, f"lead{place}", at, account=contact.account, contact=contact, source=source,
            door=FormEntry.Door.FRAME, owner_id=contact.account.owner_id, words="A lead: somebody known",
            url=contact.account.get_absolute_url(),
        )  # fmt: skip
    record(facts, react=False, now=now)


def _tickets(forms: dict[str, PublicForm]) -> Iterator[FormEntry]:
    rows = Ticket.objects.filter(channel=Ticket.Channel.FORM).select_related("account", "contact", "category")
    for ticket in rows.order_by("-created_at")[:_TICKETS]:
        form = forms["idea" if ticket.category and ticket.category.name == "Ideas" else "ask"]
        yield _entry(
            form, f"ticket{ticket.pk}", ticket.created_at, account=ticket.account, contact=ticket.contact,
            words=f"Ticket #{ticket.pk}", url=ticket.get_absolute_url(),
        )  # fmt: skip


def _entry(form: PublicForm, key: str, at: datetime, **more: Any) -> FormEntry:
    done = {"state": FormEntry.State.DONE, "received_at": at, "handled_at": at + timedelta(seconds=4)}
    return FormEntry(form=form, key=_key(key), **done, **more)


def _key(name: str) -> str:
    """The same in every telling."""
    return UUID(bytes=name.encode().rjust(16, b"-")[:16]).hex
