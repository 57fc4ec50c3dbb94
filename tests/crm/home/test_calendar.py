"""The calendar behind a secret address: what stands in it, for whom, and how it ends."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from icalendar import Calendar

from crm.home.models import CalendarFeed
from crm.team.models import BusinessHours, Holiday
from crm.todos.actions import NewTask, create
from crm.todos.models import Task
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def address(client, olaf) -> str:
    client.force_login(olaf)
    page = unescape(client.post("/me/calendar/").content.decode())
    client.logout()
    found = re.search(r'value="[^"]*(/calendar/[^"]+\.ics)"', page)
    assert found
    return found[1]


def events(client, address: str) -> dict[str, object]:
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return {
        str(event["summary"]): event.decoded("dtstart") for event in Calendar.from_ical(answer.content).walk("vevent")
    }


def test_holidays_of_the_house(client, address):
    hours = BusinessHours.objects.create()
    days = {"starts_on": date(2020, 12, 25), "ends_on": date(2020, 12, 26), "yearly": True}
    Holiday.objects.create(hours=hours, name="Christmas", **days)
    Holiday.objects.create(hours=hours, name="Long ago", starts_on=date(2020, 5, 1), ends_on=date(2020, 5, 1))
    assert events(client, address) == {"Christmas": date(2026, 12, 25)}
    (event,) = Calendar.from_ical(client.get(address).content).walk("vevent")
    assert event.decoded("dtend") == date(2026, 12, 27)


def test_own_tasks_and_renewals(client, olaf, mira, address):
    own = factories.account("Own", owner=olaf, mrr=100, renews_on=date(2026, 7, 1))
    factories.account("Nobody's", renews_on=date(2026, 7, 1))
    create([
        NewTask("Call", datetime(2026, 6, 3, 7, 0, tzinfo=UTC), own.pk, owner_id=olaf.pk, repeats="daily 09:00"),
        NewTask("Not mine", NOON, own.pk, owner_id=mira.pk),
        NewTask("Long ago", NOON - timedelta(days=61), owner_id=olaf.pk),
    ])  # fmt: skip
    Task.objects.create(title="Done", owner=olaf, due_at=NOON, done_at=NOON)
    assert events(client, address) == {
        "Call · Own": datetime(2026, 6, 3, 7, 0, tzinfo=UTC),
        "Renewal: Own (€\N{NARROW NO-BREAK SPACE}100 a month)": date(2026, 7, 1),
    }


def test_a_customer_out_of_sight_is_not_named(client, olaf, mira, address):
    hers = factories.account("Secret", owner=mira)
    create([NewTask("Call", NOON, hers.pk, owner_id=olaf.pk)])
    assert list(events(client, address)) == ["Call"]


def test_it_says_the_same_until_something_changes(client, olaf, address):
    create([NewTask("Call", NOON, owner_id=olaf.pk)])
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Task.objects.update(due_at=NOON + timedelta(hours=1))
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_secret_is_shown_once_and_kept_as_a_hash(client, olaf, address):
    client.force_login(olaf)
    secret = address.split("/")[2].removesuffix(".ics")
    page = client.get("/me/calendar/")
    assert secret not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert CalendarFeed.objects.get().digest != secret


def test_a_new_address_ends_the_old_one_and_revoking_ends_all(client, olaf, address):
    client.force_login(olaf)
    client.post("/me/calendar/")
    assert client.get(address).status_code == 404
    client.post("/me/calendar/revoking/")
    assert not CalendarFeed.objects.exists()


def test_who_has_left_has_no_calendar(client, olaf, address):
    olaf.is_active = False
    olaf.save()
    assert client.get(address).status_code == 404
    for secret in ("x", "x" * 300, "ä"):
        assert client.get(f"/calendar/{secret}.ics").status_code == 404


def test_nothing_is_changed_by_reading_but_when_it_was_read(client, olaf, address, django_assert_max_num_queries):
    create([NewTask("Call", NOON, owner_id=olaf.pk)])
    client.get(address)
    assert CalendarFeed.objects.get().last_used_at == NOON
    with django_assert_max_num_queries(5):
        client.get(address)
    assert client.post(address).status_code == 405
