"""A gateway that opens every link of every mail, as many do: nothing is clicked, answered or ended by that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.outbox import unsubscribing
from crm.outbox.actions import Draft, enqueue, template, work
from crm.outbox.models import Decision, OutboundMessage, Sender
from crm.tickets.models import Ticket, TicketRating
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON

_LINK = re.compile(r"http://localhost:8000(/[^\s<>\"]+)")


@pytest.mark.parametrize("many", [100, pytest.param(500, marks=pytest.mark.long)])
def test_a_bot_that_opens_every_link_of_all_mails_changes_nothing(
    db: None, folder: Path, client: Client, many: int
) -> None:
    Sender.objects.create(name="default", per_minute=10_000)
    account = factories.account("Kelp & Co")
    people = [factories.contact(account, email=f"p{n}@kelp.example", email_consent="yes") for n in range(many)]
    ticket = Ticket.objects.create(account=account, contact=people[0], subject="Seats", token="t" * 20)
    spell = ticket.spells.create(status="solved", began_at=NOON)
    rating = TicketRating.objects.create(ticket=ticket, spell=spell, account=account, contact=people[0], asked_at=NOON)
    body = (
        "Tips.\n{% for score in (1..5) %}http://localhost:8000/rate/"
        + rating.token
        + "/?score={{ score }}\n{% endfor %}"
    )
    which = template("Tips for {{ contact.first_name }}", body)
    enqueue([
        Draft(f"m:{one.pk}", ("service", "marketing")[one.pk % 2], which, NOON, contact_id=one.pk, topic="tips")
        for one in people
    ], now=NOON)  # fmt: skip
    for _ in range(many):  # a letter that a slow machine kept for too long is cleared again by the next call
        if not OutboundMessage.objects.filter(state="due").exists():
            break
        work(NOON)
    bodies = list(OutboundMessage.objects.filter(state="sent").values_list("rendered_body", flat=True))
    assert len(bodies) == many
    links = {link for text in bodies for link in _LINK.findall(text)}
    assert len(links) == many + 5
    before = [list(model.objects.order_by("pk").values()) for model in (Contact, TimelineEntry, TicketRating, Decision)]

    for link in sorted(links):
        assert client.get(link).status_code == 200, link
        assert client.head(link).status_code == 200, link

    after = [list(model.objects.order_by("pk").values()) for model in (Contact, TimelineEntry, TicketRating, Decision)]
    assert after == before
    one_click = unsubscribing.url_for(people[0].pk).removeprefix("http://localhost:8000")
    assert Client(enforce_csrf_checks=True).post(one_click, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Contact.objects.filter(email_consent="no").count() == 1
