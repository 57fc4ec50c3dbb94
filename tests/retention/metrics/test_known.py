"""A period as it was known: back-dated corrections are named, and do not change what was said before."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from crm.accounts.models import Account
from crm.ledger.actions import project
from crm.team.models import User
from retention.metrics.known.reading import corrections, read_moment
from retention.metrics.reading import EVERYBODY, Period, PeriodError, Slice
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

APRIL = Period(date(2026, 3, 31), date(2026, 4, 30))
LEARNED = NOON - timedelta(days=2)
BEFORE = LEARNED - timedelta(microseconds=1)


@pytest.fixture
def corrected() -> Account:
    """Two customers; on 30 May it turned out that one had left on 20 April, and on 31 May that a third was there."""
    kept, left, late = (factories.account(name) for name in ("Kept", "Left", "Late"))
    factories.contract(kept, date(2026, 1, 1))
    contract = factories.contract(left, date(2026, 1, 1), mrr=70)
    project([kept.pk, left.pk], NOON - timedelta(days=40))
    contract.terms.update(ends_on=date(2026, 4, 20))
    project([left.pk], LEARNED)
    factories.contract(late, date(2026, 4, 10), date(2026, 5, 10), mrr=30)
    project([late.pk], LEARNED + timedelta(days=1))
    return left


def test_corrections_are_named_with_what_they_change(corrected: Account) -> None:
    found, count = corrections(APRIL, BEFORE, NOON, EVERYBODY)
    assert count == 2
    first, second = found
    assert (first.account_id, first.change, first.known_at) == (corrected.pk, 70, LEARNED)
    assert (first.start.differs, first.end.then, first.end.now) == (False, 70, None)
    assert (second.end.then, second.end.now) == (None, 30)
    # On the very moment the first was known; after both nothing is left, nor for days before they changed anything.
    assert [each.change for each in corrections(APRIL, LEARNED, NOON, EVERYBODY)[0]] == [30]
    assert corrections(APRIL, NOON, NOON, EVERYBODY) == ([], 0)
    assert corrections(Period(date(2026, 1, 31), date(2026, 3, 1)), BEFORE, NOON, EVERYBODY) == ([], 0)


def test_whoever_does_not_see_them_does_not_count_them(corrected: Account, ada: User, olaf: User) -> None:
    Account.objects.update(owner=ada)
    assert corrections(APRIL, BEFORE, NOON, Slice(viewer=olaf)) == ([], 0)


def test_the_command_tells_both(corrected: Account) -> None:
    def told(*more: str) -> dict[str, Any]:
        out = StringIO()
        call_command("metrics", "--start", "2026-03-31", "--end", "2026-04-30", "--json", *more, stdout=out)
        return json.loads(out.getvalue())  # type: ignore[no-any-return]

    assert (told()["crr"], told()["customers_end"], told()["mrr_end"]) == (0.5, 2, "130.00")
    then = told("--as-of", BEFORE.isoformat())
    assert (then["crr"], then["customers_end"], then["mrr_end"]) == (1.0, 2, "170.00")
    for wrong, why in (("2026-06-02", "still to come"), ("soon", "such as")):
        with pytest.raises(CommandError, match=why) as refused:
            call_command("metrics", "--start", "2026-03-31", "--end", "2026-04-30", "--as-of", wrong)
        assert refused.value.returncode == 2


def test_the_page_shows_both_and_names_them(corrected: Account, ada: User) -> None:
    client = Client()
    client.force_login(ada)
    url = f"/retention/known/?from=2026-03-31&to=2026-04-30&as_of={BEFORE:%Y-%m-%dT%H:%M:%S}"
    html = unescape(client.get(url).content.decode())
    assert "At the end: €\N{NARROW NO-BREAK SPACE}70 a month, now no customer" in html
    assert "At the end: no customer, now €\N{NARROW NO-BREAK SPACE}30 a month" in html
    assert html.index(">Left<") < html.index(">Late<")
    now = unescape(
        client.get("/retention/known/?from=2026-03-31&to=2026-04-30&as_of=2026-06-01T12:00").content.decode()
    )
    assert "Nothing about these days has been learned since" in now
    beyond = (f"part=0000001{'9' * 19}", f"part={'9' * 5000}", "as_of=1899-12-31T23:59:59%2B00:00")
    for wrong in ("as_of=2026-06-01T12:00:01", "as_of=x", "part=0", "as_of=0001-01-01T00:00%2B14:00", *beyond):
        assert client.get(f"/retention/known/?{wrong}").status_code == 422, wrong


def test_a_moment_that_the_readers_own_zone_cannot_name_is_refused(corrected: Account, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(time_zone="America/New_York")
    client = Client()
    client.force_login(ada)
    for moment, status in (("0001-01-01T00:00", 422), ("1899-12-31T23:59:59", 422), ("1900-01-01T00:00", 200)):
        assert client.get(f"/retention/known/?as_of={moment}%2B00:00").status_code == status, moment


def test_moments_are_read_in_their_zone() -> None:
    assert read_moment("2026-06-01T12:00", NOON, UTC) == NOON
    assert read_moment("2026-06-01T14:00+02:00", NOON, UTC) == NOON
    with pytest.raises(PeriodError):
        read_moment("2026-06-01T12:00:00.000001", NOON, UTC)
    assert read_moment("2026-05-01", NOON, UTC) == datetime(2026, 5, 1, tzinfo=UTC)
