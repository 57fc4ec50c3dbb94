"""Plans for key accounts in the browser: read by whoever sees the customer, written by those who work on deals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.history.actions import undo
from crm.history.models import Act
from crm.pipelines import searching
from crm.pipelines.actions import plans
from crm.pipelines.models import KeyAccountPlan
from crm.segments.filters import parse
from crm.team.models import User
from crm.todos.actions import NewTask, create
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
SAID = {
    "goal": "All sites on one system", "from_plan": "Basic", "to_plan": "Pro", "mrr_now": "100", "mrr_aimed": "300",
    "aimed_on": "2026-12-01", "review_on": "2026-06-01", "in_the_way": "A new head of IT", "next_step": "Call",
}  # fmt: skip


@pytest.fixture
def kelp(mira: User) -> Account:
    account = factories.account("Kelp", owner=mira, goal="Fewer calls", mrr=Decimal(100))
    factories.contact(account, first_name="Jonas", last_name="Weber", roles=["uses"])
    factories.contact(account, first_name="Ida", last_name="Holm", roles=["decides"])
    factories.contact(account, first_name="Nobody", last_name="Else")
    create([NewTask("Show Pro", NOON, account_id=account.pk, owner_id=mira.pk)])
    return account


def where(account: Account) -> str:
    return f"/accounts/{account.pk}/key-plan/"


def test_a_plan_is_written_read_changed_and_taken_back(kelp: Account, mira: User, client: Client) -> None:
    client.force_login(mira)
    assert "No plan yet" in client.get(where(kelp)).content.decode()
    form = client.get(f"{where(kelp)}writing/").content.decode()
    assert "Fewer calls" in form
    assert 'value="100.00"' in form
    assert client.post(f"{where(kelp)}writing/", SAID | {"version": ""})["Location"] == where(kelp)
    page = client.get(where(kelp))
    html = page.content.decode()
    for words in ("All sites on one system", "Basic → Pro", "A new head of IT", "due: talk it through", "Show Pro"):
        assert words in html
    assert [person.first_name for person in page.context["people"]] == ["Ida", "Jonas"]
    row = KeyAccountPlan.objects.get()
    assert (row.mrr_aimed, row.review_on, row.written_by) == (300, date(2026, 6, 1), mira)
    beside = client.get(f"/deals/beside/account/{kelp.pk}/").content.decode()
    assert f'href="{where(kelp)}">Key-account plan: to Pro' in beside
    client.post(f"{where(kelp)}writing/", SAID | {"goal": "Two systems", "version": row.version})
    undo(Act.objects.latest("pk"), mira, NOON)
    row.refresh_from_db()
    assert row.goal == "All sites on one system"
    client.post(f"{where(kelp)}dropping/")
    assert not KeyAccountPlan.objects.exists()
    undo(Act.objects.latest("pk"), mira, NOON)
    assert KeyAccountPlan.objects.get().goal == "All sites on one system"


def test_what_somebody_else_has_written_is_not_lost(kelp: Account, mira: User, ada: User, client: Client) -> None:
    client.force_login(mira)
    plans.write_plan(kelp.pk, {"goal": "Theirs"}, ada, NOON)
    answer = client.post(f"{where(kelp)}writing/", SAID | {"version": ""})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Ada has changed the plan meanwhile." in html
    assert "Theirs" in html
    assert "All sites on one system" in html
    assert KeyAccountPlan.objects.get().goal == "Theirs"
    seen = answer.context["form"].data["version"]
    client.post(f"{where(kelp)}writing/", SAID | {"version": seen})
    assert KeyAccountPlan.objects.get().goal == "All sites on one system"


@pytest.mark.parametrize(
    "wrong", [{"goal": " "}, {"mrr_aimed": "-1"}, {"mrr_aimed": "much"}, {"review_on": "soon"}, {"goal": "x" * 3001}]
)
def test_what_is_wrong_is_refused(kelp: Account, mira: User, client: Client, wrong: dict[str, str]) -> None:
    client.force_login(mira)
    assert client.post(f"{where(kelp)}writing/", SAID | {"version": ""} | wrong).status_code == 422
    assert not KeyAccountPlan.objects.exists()


def test_agents_read_and_strangers_do_not(kelp: Account, mira: User, sam: User, olaf: User, client: Client) -> None:
    plans.write_plan(kelp.pk, {"goal": "Pro for all"}, mira, NOON)
    client.force_login(sam)
    html = client.get(where(kelp)).content.decode()
    assert "Pro for all" in html
    assert "Drop the plan" not in html
    assert client.post(f"{where(kelp)}writing/", SAID).status_code == 403
    assert client.post(f"{where(kelp)}dropping/").status_code == 403
    client.force_login(olaf)
    for at, verb in (("", client.get), ("writing/", client.post), ("dropping/", client.post)):
        assert verb(f"{where(kelp)}{at}").status_code == 404
    assert KeyAccountPlan.objects.get().goal == "Pro for all"


def test_plans_are_found_and_filtered(kelp: Account, mira: User, olaf: User) -> None:
    assert [one.url for one in searching.plans(mira, "plan for kelp", 5)] == [where(kelp)]
    assert searching.plans(olaf, "key account plan kelp", 5) == []
    assert searching.plans(mira, "kelp", 5) == []
    plans.write_plan(kelp.pk, {"goal": "Pro", "review_on": date(2026, 6, 9)}, mira, NOON)
    due = parse({"field": "key_plan_review_on", "op": "before", "value": "2026-06-10"}, "account")
    assert list(due.apply(Account.objects.all(), NOON)) == [kelp]
