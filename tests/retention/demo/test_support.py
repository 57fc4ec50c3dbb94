"""The demo's support desk: whether what it tells of tickets can have happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import Count, Exists, F, OuterRef, Q, Window
from django.db.models.functions import Lead
from django.test import Client

from crm import slots
from crm.accounts.models import Account
from crm.correspondence.models import Mail
from crm.forms.models import FormEntry, PublicForm
from crm.outbox.models import Notification
from crm.team.models import User
from crm.tickets.insight import figures
from crm.tickets.insight.stretch import BY, last_days
from crm.tickets.models import (
    OPEN,
    SOLVED,
    Macro,
    Ticket,
    TicketFile,
    TicketMessage,
    TicketOverload,
    TicketRating,
    TicketSpell,
)
from retention.demo import filling, support
from tests.conftest import NOON

pytestmark = pytest.mark.xdist_group("told")  # one process tells for all who look


def test_spells_follow_one_another_and_end_as_the_ticket_stands(told: Path) -> None:
    assert Ticket.objects.count() >= support.TICKETS
    following = Window(Lead("began_at"), partition_by="ticket", order_by=["began_at", "id"])
    spells = TicketSpell.objects.annotate(next=following).values("next", "ended_at", "status", "ticket__status")
    assert not [one for one in spells if one["ended_at"] != one["next"]], "a gap, or two at once"
    assert not [one for one in spells if one["ended_at"] is None and one["status"] != one["ticket__status"]]
    first = TicketSpell.objects.filter(ticket=OuterRef("pk"), status="new", began_at=OuterRef("created_at"))
    assert not Ticket.objects.exclude(Exists(first)).exists()
    assert not TicketSpell.objects.filter(Q(began_at__gt=NOON) | Q(ended_at__gt=NOON)).exists()


def test_what_is_solved_has_a_solving_and_what_is_answered_an_answer(told: Path) -> None:
    solving = TicketSpell.objects.filter(ticket=OuterRef("pk"), status="solved", began_at=OuterRef("solved_at"))
    assert not Ticket.objects.filter(status__in=SOLVED, merged_into=None).exclude(Exists(solving)).exists()
    assert not Ticket.objects.filter(status__in=OPEN, solved_at__isnull=False).exists()
    answer = TicketMessage.objects.filter(ticket=OuterRef("pk"), kind="out", occurred_at=OuterRef("answered_at"))
    assert not Ticket.objects.exclude(answered_at=None).exclude(Exists(answer)).exists()
    assert not TicketMessage.objects.filter(occurred_at__lt=F("ticket__created_at"), origin=None).exists()
    assert not TicketRating.objects.filter(answered_at__lt=F("asked_at")).exists()
    assert not Ticket.objects.exclude(score=None).exclude(ratings__score=F("score")).exists()


def test_every_figure_of_the_desk_says_something(told: Path) -> None:
    ada = User.objects.get(email=filling.email_of("ada"))
    for by in BY:
        stretch = last_days(90, NOON, by)
        took, counted = figures.took(ada, stretch), figures.counted(ada, stretch)
        for what in ("answered_at", "solved_at"):
            total = took[what, True, None]
            assert total.wall
            assert total.clock
            assert 0.5 * total.levelled < total.kept < total.levelled
        assert all(counted[what, True, None][0] > 5 for what in ("opened", "again", "rated"))
        assert len([key for what, is_total, key in took if what == "solved_at" and not is_total and key]) > 1
    days = figures.days(ada, last_days(90, NOON))
    assert all(day.waiting >= 0 for day in days)
    assert 10 < days[-1].waiting < 60


def test_what_lies_on_the_desk_now(told: Path) -> None:
    lying = Ticket.objects.open().filter(merged_into=None)
    assert {"new", "open", "pending", "on_hold"} == set(lying.values_list("status", flat=True))
    assert lying.filter(due_by=NOON + timedelta(minutes=38), subject="Export times out above 50,000 rows").exists()
    assert lying.filter(due_by=NOON - timedelta(minutes=12), channel="whatsapp", account__name="Lichtwerk").exists()
    assert lying.filter(account=None, contact=None, requester_name="Harriet Lowe").exists()
    assert lying.filter(reply_channel="telegram").exists()
    assert lying.filter(mood__lte=-50, account__name="Nordwind Logistics").exists()
    assert Ticket.objects.exclude(merged_into=None).get().merged_into.account.name == "Ridgeway Schools"
    assert TicketMessage.objects.exclude(html="").exists()
    assert Mail.objects.exclude(html="").exists()
    assert TicketFile.objects.exists()
    assert Macro.objects.filter(owner=None).count() >= 4
    assert all(Client().get(form.get_absolute_url()).status_code == 200 for form in PublicForm.objects.all())
    assert sorted(FormEntry.objects.values_list("form__slug", flat=True).distinct()) == ["ask", "demo", "idea"]
    assert FormEntry.objects.filter(state="held").count() == 2
    assert Ticket.objects.filter(level__name="Gold").exists()
    assert not Ticket.objects.filter(level__name="Gold").exclude(account__tier="gold").exists()


def test_overload_and_upset_customers_are_seen(told: Path) -> None:
    found = TicketOverload.objects.filter(ended_at=None).values_list("category__name", "account__name")
    assert {("Export", None), ("Export", "Kestrel Motors")} <= set(found)
    mira = User.objects.get(email=filling.email_of("mira"))
    nordwind = Account.objects.get(name="Nordwind Logistics")
    reasons = [row[1] for row in slots.today_reasons["upset"].find(mira, NOON, 24) if row[0] == nordwind.pk]
    assert [reason.partition(" in ticket")[0] for reason in reasons] == ["Upset"]
    mentions = Notification.objects.filter(kind="note.mention", url__contains="/tickets/")
    assert mentions.values("user__email").annotate(n=Count("pk")).count() == 2
