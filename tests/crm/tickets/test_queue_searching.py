"""A search within a view says that there is more, and whoever sees some tickets finds them among very many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.team.models import User
from crm.tickets import seeing
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said
from crm.tickets.models import Ticket
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(says: Callable[..., Said]) -> Callable[..., Ticket]:
    def made(subject: str, **columns: Any) -> Ticket:
        row = begin(NewTicket(subject, says()), NOON)
        Ticket.objects.filter(pk=row.pk).update(**columns)
        return row

    return made


def test_a_search_that_finds_little_in_a_view_offers_all_tickets(client: Client, asked: Any, mira: User) -> None:
    for number in range(6):
        asked(f"Export {number}", assignee=mira)
    asked("Invoice")
    client.force_login(mira)
    everywhere = "/tickets/?view=all&amp;q="
    page = client.get("/tickets/?view=mine&q=invoice").content.decode()
    assert f'{everywhere}invoice">' in page
    assert "Search all tickets" in page
    little = "Only among “My queue”"
    assert little not in client.get("/tickets/?view=mine&q=export").content.decode()  # six
    Ticket.objects.filter(subject="Export 0").update(assignee=None)
    assert little in client.get("/tickets/?view=mine&q=export").content.decode()  # five
    for quiet in ("view=all&q=invoice", "view=mine", "view=all&q=nothing-at-all"):
        assert "Search all tickets" not in client.get(f"/tickets/?{quiet}").content.decode(), quiet
    assert "Search all tickets" in client.get("/tickets/?view=all&status=solved&q=invoice").content.decode()


def test_many_that_nobody_has_do_not_hide_the_few_that_one_sees(
    asked: Any, olaf: User, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an import: customers have owners, their tickets have nobody."""
    monkeypatch.setattr(seeing, "FEW", 2)
    theirs = factories.account("Theirs", owner=mira)
    for number in range(18):
        asked(f"Theirs {number}", account=theirs, contact=None)
    free = [asked(f"Free {number}", account=None, contact=None).pk for number in range(2)]
    assert seeing._in_sight(olaf) == (False, free)
    last = asked("Theirs 19", account=theirs, contact=None).pk  # one more than is looked through
    assert seeing._in_sight(olaf)[0]
    assert set(seeing.seen(olaf).values_list("pk", flat=True)) == set(free)
    Ticket.objects.filter(pk=last).update(assignee=mira)
    asked("Free 2", account=None, contact=None)  # 20 again, three of them his
    Ticket.objects.filter(subject="Theirs 0").update(assignee=mira)
    assert seeing._in_sight(olaf)[0]
    assert len(seeing.seen(olaf)) == 3
