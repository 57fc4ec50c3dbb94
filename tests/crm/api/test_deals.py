"""Deals, pipelines and stages in the API; and contracts that billing reports for what was sold."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from crm.fields.models import CustomField
from crm.ledger.models import Contract
from crm.pipelines.models import Deal, LossReason, Pipeline, Stage
from crm.team.models import User
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.conftest import stages_of
from tests.crm.pipelines.whole import assert_whole

pytestmark = pytest.mark.django_db
DEALS, PIPELINES, STAGES = "/api/v1/deals/", "/api/v1/pipelines/", "/api/v1/stages/"


@pytest.fixture
def sales(db: None) -> SimpleNamespace:
    return stages_of(Pipeline.objects.create(name="Sales", purpose="sales"), "Talk", "Demo")


@pytest.fixture
def deal(api: Any, sales: SimpleNamespace) -> Any:
    """The answer to opening one."""

    def opened(**more: Any) -> Any:
        account = more.pop("account", None) or factories.account().pk
        sent = {"account": account, "pipeline": sales.pipeline.pk, "title": "Kelp: Pro", "amount": "1200.00"}
        return api.post(DEALS, sent | more, format="json")

    return opened


def test_a_deal_is_opened_changed_moved_won_and_opened_again(api: Any, deal: Any, sales: Any, mira: User) -> None:
    CustomField.objects.create(subject="deal", key="seats", name="Seats", type="number")
    person = factories.contact(factories.account("Kelp", owner=mira))
    made = deal(account=person.account_id, contacts=[person.pk], custom={"seats": "3"}, tags=["a", "a"])
    assert made.status_code == 201, made.content
    said = made.json()
    assert (said["stage"], said["outcome"], said["value"]) == (sales.talk.pk, "open", "1200.00")
    assert (said["owner"], said["contacts"], said["tags"]) == (mira.email, [person.pk], ["a"])
    at, url = {"headers": {"If-Match": made["ETag"]}}, made["Location"]
    changed = api.patch(url, {"amount": "900", "custom": {"seats": "4"}, "contacts": []}, format="json", **at)
    assert changed.status_code == 200, changed.content
    assert (changed.json()["value"], changed.json()["custom"]["seats"], changed.json()["contacts"]) == (
        "900.00",
        "4",
        [],
    )
    assert api.patch(url, {"amount": "1"}, format="json", **at).status_code == 412
    moved = api.post(f"{url}place/", {"stage": sales.demo.pk, "seen_stage": sales.talk.pk}, format="json")
    assert (moved.status_code, moved.json()["stage"]) == (201, sales.demo.pk)
    late = api.post(f"{url}place/", {"stage": sales.talk.pk, "seen_stage": sales.won.pk}, format="json")
    assert late.status_code == 409
    sold = {"plan": "Pro", "mrr": "100", "starts_on": "2026-06-15", "months": 12}
    won = api.post(f"{url}winning/", sold, format="json", headers={"Idempotency-Key": "once"})
    again = api.post(f"{url}winning/", sold, format="json", headers={"Idempotency-Key": "once"})
    assert (won.status_code, won.json()["outcome"], again.json()) == (201, "won", won.json())
    assert Contract.objects.get().pk == won.json()["contract"]
    back = api.post(f"{url}place/", {"stage": sales.talk.pk}, format="json").json()
    assert (back["outcome"], back["contract"], back["closed_at"]) == ("open", None, None)
    assert_whole()


def test_what_a_stage_asks_is_said_by_name(api: Any, deal: Any, sales: Any) -> None:
    Stage.objects.filter(pk=sales.demo.pk).update(required=["source"])
    Stage.objects.filter(pk=sales.talk.pk).update(checklist=[{"id": "a1", "label": "Budget"}])
    url = deal()["Location"]
    refused = api.post(f"{url}place/", {"stage": sales.demo.pk}, format="json")
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"source": ["This stage requires it."], "checked": ["a1: Budget"]}
    api.patch(url, {"source": "Fair"}, format="json")
    moved = api.post(f"{url}place/", {"stage": sales.demo.pk, "checked": ["a1"]}, format="json")
    assert moved.status_code == 201
    assert api.post(f"{url}winning/", {}, format="json").json()["errors"].keys() == {"plan"}
    LossReason.objects.create(name="Price")
    assert api.post(f"{url}loss/", {"reason": "Nothing"}, format="json").status_code == 400
    lost = api.post(f"{url}loss/", {"reason": "Price", "note": "Too dear"}, format="json").json()
    assert (lost["outcome"], lost["lost_because"], lost["lost_note"]) == ("lost", "Price", "Too dear")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"pipeline": None}, "pipeline"), ({"pipeline": 10**9}, "pipeline"), ({"stage": "won"}, "stage"),
        ({"currency": "USD"}, "stage"), ({"contacts": [10**9]}, "contacts"), ({"amount": "-1"}, "amount"),
        ({"outcome": "won"}, "outcome"), ({"nothing": 1}, "nothing"), ({"custom": {"nothing": 1}}, "custom"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_opens_nothing(deal: Any, sales: Any, sent: Any, field: str) -> None:
    if sent.get("stage") == "won":
        sent = {"stage": sales.won.pk}
    answer = deal(**sent)
    assert (answer.status_code, field in answer.json()["errors"]) == (400, True)
    assert not Deal.objects.exists()


def test_external_ids_are_once_and_customers_stay(api: Any, deal: Any) -> None:
    made = deal(external_id="d1")
    assert deal(external_id="d1").json()["errors"].keys() == {"external_id"}
    assert api.get(f"{DEALS}?external_id=d1").json()["results"][0]["id"] == made.json()["id"]
    other = factories.account().pk
    assert api.patch(made["Location"], {"account": other}, format="json").json()["errors"].keys() == {"account"}
    assert Deal.objects.count() == 1


def test_agents_read_and_whoever_is_confined_sees_their_own(deal: Any, calling: Any, sam: User, olaf: User, mira: User):
    url = deal(account=factories.account("Kelp", owner=mira).pk)["Location"]
    agent, outsider = calling(sam), calling(olaf)
    assert agent.get(url).status_code == 200
    assert agent.post(f"{url}place/", {}, format="json").status_code == 403
    assert (outsider.get(url).status_code, outsider.get(DEALS).json()["results"]) == (404, [])
    assert outsider.post(f"{url}loss/", {}, format="json").status_code == 404
    assert Deal.objects.get().is_open


def test_deals_are_narrowed(api: Any, deal: Any, sales: Any) -> None:
    first, second = deal().json()["id"], deal(amount="5").json()["id"]
    asked = {
        f"stage={sales.talk.pk}&outcome=open": [second, first], f"stage={sales.demo.pk}": [],
        'filter={"field":"value","op":"<","value":10}': [second],
    }  # fmt: skip
    for query, ids in asked.items():
        assert [one["id"] for one in api.get(f"{DEALS}?{query}").json()["results"]] == ids
    assert api.get(f"{DEALS}?outcome=lots").status_code == 400
    assert api.get(f"{DEALS}?filter=x").status_code == 400


def test_admins_shape_pipelines_and_others_read_them(api: Any, calling: Any, ada: User, deal: Any, sales: Any) -> None:
    deal()
    admins = calling(ada)
    assert api.post(PIPELINES, {"name": "Upsell"}, format="json").status_code == 403
    made = admins.post(PIPELINES, {"name": "Upsell", "purpose": "upsell"}, format="json")
    assert (made.status_code, len(made.json()["stages"])) == (201, 4)
    assert admins.post(PIPELINES, {"name": "upsell"}, format="json").json()["errors"].keys() == {"name"}
    stage = admins.post(STAGES, {
        "pipeline": sales.pipeline.pk, "name": "Offer", "expected_days": 7, "checklist": [{"label": "Price is said"}],
    }, format="json")  # fmt: skip
    assert stage.status_code == 201, stage.content
    assert stage.json()["checklist"][0]["label"] == "Price is said"
    at = {"headers": {"If-Match": stage["ETag"]}}
    changed = admins.patch(stage["Location"], {"required": ["plan"]}, format="json", **at)
    assert changed.json()["required"] == ["plan"]
    assert admins.patch(stage["Location"], {"required": ["colour"]}, format="json").status_code == 400
    talk = f"{STAGES}{sales.talk.pk}/archive/"
    assert admins.post(talk, {}, format="json").json()["errors"].keys() == {"move_to"}
    assert admins.post(talk, {"move_to": sales.demo.pk}, format="json").json()["archived_at"]
    assert Deal.objects.get().stage == sales.demo
    names = [one["name"] for one in api.get(f"{STAGES}?pipeline={sales.pipeline.pk}").json()["results"]]
    assert set(names) == {"Talk", "Demo", "Won", "Lost", "Offer"}


# Contracts ------------------------------------------------------------------------------------------------------------


def test_a_contract_that_billing_reports_takes_over_the_expected_one(api: Any, deal: Any, mira: User) -> None:
    account = factories.account("Kelp")
    sold = {"plan": "Pro", "mrr": "100", "starts_on": "2026-05-15", "months": 12}
    won = api.post(f"{deal(account=account.pk)['Location']}winning/", sold, format="json").json()
    terms = [{"starts_on": "2026-05-20", "mrr": "110.00"}]
    sent = {"account": account.pk, "external_id": "c1", "plan": "PRO", "currency": "EUR", "terms": terms}
    made = api.post("/api/v1/contracts/", sent, format="json")
    assert (made.status_code, made.json()["id"]) == (201, won["contract"])
    contract = Contract.objects.get()
    assert (contract.status, contract.terms.get().starts_on) == ("paid", date(2026, 5, 20))
    account.refresh_from_db()
    assert (account.mrr, account.lifecycle) == (110, "customer")
    assert api.post("/api/v1/contracts/", sent | {"external_id": "c2"}, format="json").json()["id"] != contract.pk
    refused = api.post("/api/v1/contracts/", sent | {"external_id": "c3", "status": "expected"}, format="json")
    assert refused.json()["errors"].keys() == {"status"}
    assert contract.updated_at <= NOON
