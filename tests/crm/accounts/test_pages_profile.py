"""The page of one customer: what it shows, what is logged, the timeline's pages, access and cost."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm import slots
from crm.accounts import rules
from crm.accounts.models import Account
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos.actions import NewTask, create
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)


@pytest.fixture
def nordwind(mira: User) -> Account:
    return factories.account(
        "Nordwind Logistics", owner=mira, lifecycle="customer", timezone="Europe/Berlin", mrr=3200,
        customer_since=date(2023, 3, 1), renews_on=date(2026, 6, 28), last_seen_at=NOON - 6 * DAY,
        signed_up_on=date(2023, 1, 15), primary_use_case="Month-end closing", lifetime_spend=Decimal("121600.00"),
    )  # fmt: skip


def page_of(web: Client, account: Account, query: str = "") -> str:
    response = web.get(f"/accounts/{account.pk}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_owner_stands_there_by_name(web: Client, nordwind: Account) -> None:
    said = words(page_of(web, nordwind))

    assert "Owner Mira " in said
    assert "Owner mira@" not in said


def test_what_every_customer_must_have(web: Client, nordwind: Account) -> None:
    said = words(page_of(web, nordwind))

    assert "Customer since March 2023 · Berlin, 14:00 there" in said
    assert "MRR €\u202f3,200 €\u202f38,400 a year" in said or "MRR € 3,200 € 38,400 a year" in said
    assert "Renews in 27 days 28 Jun 2026" in said
    assert "Last seen 6 days ago 26 May 2026, 14:00" in said
    assert "Lifetime spend" in said
    assert "Signed up 15 Jan 2023" in said
    assert "Primary use case Month-end closing" in said


def test_what_is_missing_is_said(web: Client) -> None:
    said = words(page_of(web, factories.account("Bare")))

    assert "no paid contract" in said
    assert "no use recorded" in said
    assert "Nothing has happened yet" in said
    assert "Mail to this customer has no reader until somebody is added." in said
    assert "Without one they are no customer" in said
    assert "Group" not in said


@pytest.mark.parametrize(
    ("task_due", "renewal_in", "auto_renew", "lead", "rest"),
    [
        (None, None, False, None, None),
        (None, 61, False, None, None),
        (None, 60, False, "Talk about the renewal.", "The contract over €\u202f3,200 a month runs out in 60 days."),
        (None, 0, False, "Talk about the renewal.", "The contract over €\u202f3,200 a month runs out today."),
        (None, -1, False, None, None),
        (None, 20, True, None, None),
        (2 * DAY, 61, False, "Call Jonas.", "It is due in 2 days."),
        (DAY, None, False, "Call Jonas.", "It is due tomorrow at 12:00."),
        (timedelta(0), None, False, "Call Jonas.", "It is due today at 12:00."),
        (timedelta(seconds=-1), None, False, "Call Jonas.", "It was due today at 11:59."),
        (-DAY, None, False, "Call Jonas.", "It was due yesterday."),
        (-3 * DAY, 20, True, "Call Jonas.",
         "It was due 3 days ago. The contract over €\u202f3,200 a month renews by itself in 20 days."),
    ],
)  # fmt: skip
def test_the_next_step(
    task_due: timedelta | None, renewal_in: int | None, auto_renew: bool, lead: str | None, rest: str | None
) -> None:
    task = rules.OpenTask("Call Jonas", NOON + task_due) if task_due is not None else None
    renewal = None
    if renewal_in is not None:
        renewal = rules.Renewal(NOON.date() + renewal_in * DAY, Decimal(3200), "EUR", auto_renew)

    step = rules.next_step(task, renewal, NOON)

    assert (step and step.lead, step and step.rest) == (lead, rest)


def test_the_next_step_comes_from_the_open_task_and_the_contract(web: Client, nordwind: Account) -> None:
    factories.contract(nordwind, date(2025, 6, 28), date(2026, 6, 28), mrr=3200)
    Account.objects.filter(pk=nordwind.pk).update(renews_on=date(2026, 6, 28))
    create([NewTask("Call Jonas", NOON + 3 * DAY, account_id=nordwind.pk)], now=NOON)

    said = words(page_of(web, nordwind))

    assert "Call Jonas. It is due in 3 days. The contract over" in said
    assert "runs out in 27 days." in said
    assert "28 Jun 2026 , ends unless renewed" in said


def test_contracts_that_run_come_before_those_that_ended(web: Client, nordwind: Account) -> None:
    factories.contract(nordwind, date(2025, 6, 28), date(2026, 6, 28), mrr=3200, plan="Pro")
    factories.contract(nordwind, date(2022, 1, 1), date(2026, 6, 1), mrr=80, plan="Starter")

    said = words(page_of(web, nordwind))

    assert said.index("Pro Paid") < said.index("Starter Ended")


@pytest.mark.parametrize(
    ("day", "under"),
    [
        (date(2026, 6, 1), "Today"),
        (date(2026, 5, 31), "Yesterday"),
        (date(2026, 5, 30), "May"),
        (date(2026, 1, 1), "January"),
        (date(2025, 12, 31), "December 2025"),
    ],
)
def test_headings_of_the_timeline(day: date, under: str) -> None:
    assert rules.heading(day, date(2026, 6, 1)) == under
    assert rules.heading(date(2026, 6, 1), date(2026, 6, 3)) == "This week"


def test_the_timeline_goes_on_without_repeating_a_heading(web: Client, nordwind: Account) -> None:
    record([Fact(nordwind.pk, "usage.seen", f"Entry {n:02}", NOON - n * timedelta(minutes=1)) for n in range(25)])
    first = page_of(web, nordwind)
    assert re.findall(r"Entry (\d\d)", first) == [f"{n:02}" for n in range(20)]
    more = re.search(r'rel="next" href="([^"]+)"', first)
    assert more

    rest = web.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()

    assert re.findall(r"Entry (\d\d)", rest) == [f"{n:02}" for n in range(20, 25)]
    assert "<h3>" not in rest
    assert "<html" not in rest


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_why_leads_nowhere_else(web: Client, nordwind: Account, address: str) -> None:
    record(Fact(nordwind.pk, "email.sent", "Guide", payload={"why_url": address}))

    assert "Why?" not in page_of(web, nordwind)


@pytest.mark.parametrize(("code", "name"), [("DE", "Germany"), ("GB", "United Kingdom"), ("QQ", "QQ")])
def test_a_country_has_its_name(web: Client, nordwind: Account, code: str, name: str) -> None:
    nordwind.country = code
    nordwind.save()

    assert f"Country {name} " in words(page_of(web, nordwind))


def test_people_with_what_others_say_of_them(web: Client, nordwind: Account) -> None:
    anna = factories.contact(nordwind, email_consent="no", automation_paused_until=NOON + DAY)

    with slots.contact_marks.temporarily("test", lambda people, now: {anna.pk: slots.Mark("bounced", "bad")}):
        said = words(page_of(web, nordwind))

    assert "no mail" in said
    assert "automation paused until 2 Jun" in said
    assert "bounced" in said


def test_panels_and_tiles_of_other_rooms(web: Client, nordwind: Account) -> None:
    panel = slots.Panel("ui/badge.html", lambda account, request: {"text": f"about {account.name}", "tone": "info"})
    hidden = slots.Panel("ui/badge.html", lambda account, request: None)

    with (
        slots.account_panels.temporarily("test", panel),
        slots.account_tiles.temporarily("test", panel),
        slots.account_panels.temporarily("hidden", hidden),
    ):
        page = page_of(web, nordwind)

    assert page.count('<span class="badge info">about Nordwind Logistics</span>') == 2


def test_a_foreign_account_is_not_there(client: Client, olaf: User, nordwind: Account) -> None:
    person = factories.contact(nordwind)
    client.force_login(olaf)

    for address in ("", "edit/", "contacts/", f"contacts/{person.pk}/", "facts/name/", "goal/", "hand-off/new/"):
        assert client.get(f"/accounts/{nordwind.pk}/{address}").status_code == 404
        assert client.post(f"/accounts/{nordwind.pk}/{address}", {"name": "Mine"}).status_code in (404, 405)
    for address in ("files/", "hand-off/", "narrowing/"):
        assert client.get(f"/accounts/{nordwind.pk}/{address}").status_code == 404
    nordwind.refresh_from_db()
    assert nordwind.name == "Nordwind Logistics"
    assert not TimelineEntry.objects.exists()


def test_the_page_costs_the_same_with_much_and_with_little(web: Client, nordwind: Account, kept_standing: None) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(web, nordwind)
        return len(queries)

    factories.contact(nordwind)
    factories.contract(nordwind, date(2025, 6, 28), date(2026, 6, 28))
    record(Fact(nordwind.pk, "usage.seen", "Seen"))
    create([NewTask("One", NOON, account_id=nordwind.pk)], now=NOON)
    cost()
    little = cost()
    for number in range(8):
        factories.contact(nordwind)
        factories.contract(nordwind, date(2020 + number, 1, 1), date(2020 + number, 6, 1))
    record([Fact(nordwind.pk, "usage.seen", "Seen") for _ in range(60)])
    create([NewTask(f"Task {n}", NOON, account_id=nordwind.pk) for n in range(9)], now=NOON)

    assert cost() == little
    assert little <= 12
