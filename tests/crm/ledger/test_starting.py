"""That a contract has started is told once, by whatever road it came, and fires only what is news."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from crm.history.actions import undo
from crm.history.models import Act
from crm.imports.actions import import_file
from crm.ledger.actions import deals
from crm.ledger.actions.starting import NEWS, tell_started
from crm.ledger.models import Contract
from crm.team.models import ApiToken
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
TODAY = NOON.date()
DAY = timedelta(days=1)


def told():
    return list(TimelineEntry.objects.filter(kind="contract.started").order_by("occurred_at", "id"))


def fires():
    return Pending.objects.filter(entry__kind="contract.started").count()


@pytest.fixture
def api(mira):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.issue(mira, 'write')[1]}")
    return client


def term(starts_on=TODAY, **more):
    return {"starts_on": f"{starts_on}", "mrr": "100.00", **more}


def posted(api, account, *terms, **more):
    given = {"account": account.pk, "plan": "Pro", "currency": "EUR", "terms": list(terms)}
    return api.post("/api/v1/contracts/", given | more, format="json").json()["id"]


def test_one_of_the_api_says_so_once_with_what_it_is(api, mira):
    account = factories.account()
    made = posted(api, account, term(ends_on="2027-06-01"), term(date(2027, 6, 1)))
    (entry,) = told()
    assert (entry.account, entry.occurred_at, entry.actor, entry.source) == (account, NOON, mira, "person")
    assert entry.text == "Pro from 1 Jun 2026 to 1 Jun 2027"
    assert entry.payload == {
        "contract_id": made, "plan": "Pro", "starts_on": "2026-06-01", "ends_on": "2027-06-01", "mrr": "100.00",
        "currency": "EUR",
    }  # fmt: skip
    api.patch(f"/api/v1/contracts/{made}/", {"plan": "Team"}, format="json")
    api.post(f"/api/v1/contracts/{made}/pause/", {}, format="json")
    assert len(told()) == 1
    assert fires() == 1


def test_a_trial_has_not_started_and_starts_on_the_day_it_is_paid(api):
    made = posted(api, factories.account(), term(TODAY - 20 * DAY), status="trial")
    assert told() == []
    api.patch(f"/api/v1/contracts/{made}/", {"status": "paid"}, format="json")
    (entry,) = told()
    assert (entry.occurred_at, entry.payload["starts_on"]) == (NOON, "2026-06-01")


def test_without_a_term_nothing_has_started_until_one_is_booked(api):
    made = posted(api, factories.account())
    assert told() == []
    api.post(f"/api/v1/contracts/{made}/terms/", term(TODAY + DAY), format="json")
    assert [one.occurred_at for one in told()] == [NOON], "agreed on now, whenever it begins"


@pytest.mark.parametrize(("ago", "reacts"), [(2, 1), (3, 0), (400, 0)])
def test_what_began_long_ago_is_history(api, ago, reacts):
    posted(api, factories.account(), term(TODAY - ago * DAY))
    assert [one.occurred_at.date() for one in told()] == [TODAY - ago * DAY]
    assert fires() == reacts
    assert NEWS == 3 * DAY


def test_a_sold_contract_starts_when_it_is_confirmed_and_an_undo_takes_that_back(mira):
    account = factories.account()
    made = deals.book(account.pk, deals.Booking("Pro", Decimal(100), "EUR", TODAY, 12), NOON)
    tell_started(made.pk, mira, NOON)
    assert told() == []
    done = deals.confirm(made, mira, NOON)
    assert [one.key for one in told()] == [f"contract.started:{made.pk}"]
    undo(done, mira, NOON)
    assert told() == []
    deals.confirm(Contract.objects.get(), mira, NOON)
    assert len(told()) == 1


FILE = """external_id,account_external_id,plan,starts_on,ends_on,mrr,status
one,a1,Pro,2025-01-01,2026-01-01,100,paid
one,a1,Pro,2026-01-01,2027-01-01,120,paid
two,a1,,2026-07-01,,80,paid
three,a1,Pro,2026-05-01,,50,trial
"""


def load(tmp_path, text):
    path = tmp_path / "contracts.csv"
    path.write_text(text)
    return import_file("contracts", path, now=NOON)


def test_a_file_tells_it_in_one_statement_fires_nothing_and_takes_it_back(tmp_path, mira):
    factories.account(external_id="a1")
    for _ in range(2):
        load(tmp_path, FILE)
        assert [(one.text, one.source) for one in told()] == [
            ("Pro from 1 Jan 2025 to 1 Jan 2026", "import"), ("A contract from 1 Jul 2026", "import"),
        ]  # fmt: skip
    assert told()[0].occurred_at < datetime(2025, 1, 2, tzinfo=UTC)
    assert fires() == 0
    load(tmp_path, FILE.replace("trial", "paid"))
    assert len(told()) == 3


def test_an_import_that_is_undone_never_started_anything(tmp_path, ada):
    factories.account(external_id="a1")
    load(tmp_path, FILE)
    undo(Act.objects.filter(kind__startswith="import").latest("pk"), ada, NOON)
    assert not Contract.objects.exists()
    assert told() == []
