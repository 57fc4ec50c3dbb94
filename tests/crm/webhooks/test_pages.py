"""The pages and the API of webhooks, and of integrations: what admins see, press and are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.history.actions import undo
from crm.history.models import Act
from crm.slots import Person
from crm.team.models import ApiToken, User
from crm.timeline.actions import Fact, record
from crm.webhooks import secrets, sending
from crm.webhooks.actions import endpoints as verbs
from crm.webhooks.actions import replaying, sweeping, switching
from crm.webhooks.erasing import forget_in_deliveries
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookReplay
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.provider import Provider

HOUR = timedelta(hours=1)
_FILTER = {"f0.how": "all", "f0-0.field": "name", "f0-0.op": "contains", "f0-0.value": "wind"}


@pytest.fixture
def admin(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def proven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is signed in has just said who they are."""
    monkeypatch.setattr("crm.team.signin.SignInAdapter.is_reauthentication_required", lambda *_, **__: False)


@pytest.fixture
def api(ada: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {ApiToken.issue(ada, 'write')[1]}"})


def tell(many: int = 1, kind: str = "deal.won") -> None:
    account = factories.account()
    record([Fact(account.pk, kind, f"Fact {n}", NOON) for n in range(many)], now=NOON)


def test_an_admin_makes_one_shows_its_secret_and_tests_it(admin: Client, receiver: Provider, proven: None) -> None:
    assert "No webhooks" in admin.get("/settings/webhooks/").text
    sent = {"name": " Data  warehouse ", "url": f"{receiver.url}/in", "kinds": ["deal.won"], "others": "order.shipped",
            "everything": "", "do": "save", **_FILTER}  # fmt: skip
    answer = admin.post("/settings/webhooks/new/", sent, follow=True)
    row = WebhookEndpoint.objects.get()
    assert (row.name, row.kinds, row.everything) == ("Data warehouse", ["deal.won", "order.shipped"], False)
    assert row.tree == {"all": [{"field": "name", "op": "contains", "value": "wind"}]}
    secret = secrets.of(row)
    assert secret not in answer.text
    assert secret in admin.post(f"{row.get_absolute_url()}secret/").text
    tested = admin.post(f"{row.get_absolute_url()}test/", follow=True)
    assert "took the test: 200 OK" in tested.text
    assert (receiver.got[0].json["type"], receiver.got[0].json["data"]["by"]) == ("webhook.test", "Ada")
    assert "Delivers" in admin.get("/settings/webhooks/").text
    assert list(Act.objects.order_by("pk").values_list("kind", flat=True)) == [
        "webhook.made", "webhook.revealed", "webhook.tested",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kinds": []}, "Choose what it is to be told of"),
        ({"url": "http://x.example/"}, "must begin with https://"),
        ({"url": "https://u:p@x.example/"}, "a password before it"),
        ({"others": "Nonsense!"}, "is no kind"),
        ({"name": ""}, "required"),
        ({"name": "WAREHOUSE"}, "a webhook of this name already"),
        ({**_FILTER, "f0-0.value": ""}, "not finished"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    admin: Client, endpoint_at: Callable[..., WebhookEndpoint], settings: Any, wrong: dict[str, Any], said: str
) -> None:
    settings.WEBHOOKS_PLAIN_HTTP = False
    endpoint_at("https://x.example/", "Warehouse")
    sent = {"name": "Other", "url": "https://x.example/", "kinds": ["deal.won"], "do": "save"} | wrong
    answer = admin.post("/settings/webhooks/new/", sent)
    assert (answer.status_code, WebhookEndpoint.objects.count()) == (422, 1)
    assert said in answer.text


def test_the_secret_is_shown_only_to_who_has_just_signed_in(
    admin: Client, endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    row = endpoint_at("https://x.example/")
    for verb in ("secret", "rotation"):
        answer = admin.post(f"{row.get_absolute_url()}{verb}/")
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/sign-in/again/")
    before = row.secret
    row.refresh_from_db()
    assert (row.secret, Act.objects.exclude(kind="webhook.made").exists()) == (before, False)


def test_an_edit_is_undone_and_a_removal_comes_back(
    admin: Client, ada: User, endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    row = endpoint_at("https://x.example/")
    sent = {"name": "Lake", "url": "https://y.example/", "everything": "yes", "with_texts": "on", "do": "save"}
    assert admin.post(f"{row.get_absolute_url()}edit/", sent).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.url, row.everything, row.with_texts) == ("Lake", "https://y.example/", True, True)
    undo(Act.objects.get(kind="webhook.changed"), ada, NOON)
    row.refresh_from_db()
    assert (row.name, row.url, row.with_texts) == ("Warehouse", "https://x.example/", False)
    admin.post(f"{row.get_absolute_url()}removal/")
    tell()
    assert (admin.get(row.get_absolute_url()).status_code, WebhookDelivery.objects.count()) == (404, 0)
    undo(Act.objects.get(kind="webhook.removed"), ada, NOON)
    assert admin.get(row.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(("missed", "sent"), [("send", 3), ("skip", 1)])
def test_whoever_switches_it_on_says_what_becomes_of_what_it_missed(
    admin: Client, warehouse: WebhookEndpoint, receiver: Provider, missed: str, sent: int
) -> None:
    admin.post(f"{warehouse.get_absolute_url()}switch/")
    account = factories.account()
    record([Fact(account.pk, "deal.won", "Missed", NOON - HOUR)] * 2, now=NOON - HOUR)
    assert (sending.work(NOON), WebhookDelivery.objects.count()) == (0, 2)
    assert "2 wait." in admin.get(warehouse.get_absolute_url()).text
    admin.post(f"{warehouse.get_absolute_url()}switch/", {"on": "1", "missed": missed})
    tell()
    assert (sending.work(NOON), len(receiver.got)) == (sent, sent)
    while sweeping.tidy(NOON):
        pass
    skipped = WebhookDelivery.objects.filter(state="skipped")
    assert skipped.count() == 3 - sent
    warehouse.refresh_from_db()
    assert (warehouse.skip_before, warehouse.is_on) == (None, True)


def test_what_failed_goes_out_again_under_its_old_id(
    admin: Client, warehouse: WebhookEndpoint, receiver: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.webhooks.rules.MAX_TRIES", 1)
    monkeypatch.setattr(replaying, "_SLICE", 2)
    tell(3)
    receiver.answers = [(500, {"error": "disk full"})] * 3
    sending.work(NOON)
    rows = list(WebhookDelivery.objects.all())
    assert {(row.state, row.status) for row in rows} == {("failed", 500)}
    page = admin.get(f"/settings/webhooks/deliveries/{rows[0].pk}/").text
    assert "disk full" in page
    assert rows[0].webhook_id in page
    admin.post(f"{warehouse.get_absolute_url()}replays/", {"hours": "24"})
    assert sending.work(NOON) == 0  # a worker brings them back
    again = WebhookReplay.objects.get()
    assert (again.total, again.moved) == (3, 0)
    assert [sweeping.tidy(NOON) for _ in range(3)] == [2, 1, 0]
    again.refresh_from_db()
    assert (again.moved, again.finished_at) == (3, NOON)
    WebhookEndpoint.objects.update(paused_until=None)
    while sending.work(NOON):
        pass
    assert {row.state for row in WebhookDelivery.objects.all()} == {"done"}
    ids = [got.headers["webhook-id"] for got in receiver.got]
    assert sorted(ids[:3]) == sorted(ids[3:])


def test_one_is_replayed_and_nothing_while_it_is_off(
    admin: Client, ada: User, warehouse: WebhookEndpoint, receiver: Provider
) -> None:
    tell()
    sending.work(NOON)
    row = WebhookDelivery.objects.get()
    admin.post(f"/settings/webhooks/deliveries/{row.pk}/replay/")
    sending.work(NOON)
    first, second = (got.headers["webhook-id"] for got in receiver.got)
    assert first == second
    switching.switch_off(warehouse, ada, NOON)
    answer = admin.post(f"/settings/webhooks/deliveries/{row.pk}/replay/", follow=True)
    row.refresh_from_db()
    assert (row.state, "Switch it on first" in answer.text) == ("done", True)


def test_what_is_old_goes_in_slices(warehouse: WebhookEndpoint, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_SLICE", 2)
    tell(3)
    kept = timedelta(days=settings.WEBHOOK_DAYS)
    assert sweeping.next_sweep(NOON) == NOON + kept
    assert sweeping.sweep(NOON + kept) == 0
    assert [sweeping.sweep(NOON + kept + HOUR) for _ in range(3)] == [2, 1, 0]
    verbs.remove(warehouse, None, NOON)
    sweeping.sweep(NOON + kept)
    assert WebhookEndpoint.objects.exists()
    sweeping.sweep(NOON + kept + HOUR)
    assert not WebhookEndpoint.objects.exists()


def test_who_is_erased_is_in_no_body_any_more(warehouse: WebhookEndpoint, receiver: Provider) -> None:
    anna: Contact = factories.contact(factories.account(), first_name="Anna", last_name="Bergqvist")
    tell()
    record(Fact(anna.account_id, "deal.won", "For Anna Bergqvist", NOON, contact_id=anna.pk), now=NOON)
    sending.work(NOON)
    forget_in_deliveries(Person(anna.pk, (anna.account_id,), ("Anna Bergqvist",), ("Bergqvist",)), NOON)
    assert ["Bergqvist" in (row.body or "") for row in WebhookDelivery.objects.order_by("pk")] == [False, False]
    assert [row.body is None for row in WebhookDelivery.objects.order_by("pk")] == [False, True]


def test_the_guide_shows_each_kind(admin: Client) -> None:
    page = admin.get("/settings/webhooks/guide/", {"kind": "deal.won"}).text
    assert "&quot;type&quot;: &quot;deal.won&quot;" in page
    assert admin.get("/settings/webhooks/guide/", {"kind": "<script>"}).status_code == 200


# The API -------------------------------------------------------------------------------------------------------------


def test_the_api_makes_changes_rotates_and_removes(api: Client, receiver: Provider) -> None:
    sent = {"name": "Lake", "url": receiver.url, "kinds": ["deal.won"], "filter": {}}
    made = api.post("/api/v1/webhooks/", sent, content_type="application/json").json()
    row = WebhookEndpoint.objects.get(pk=made["id"])
    assert (made["is_on"], "secret" in made) == (True, False)
    url = f"/api/v1/webhooks/{row.pk}/"
    old = api.post(f"{url}secret/").json()["secret"]
    assert old == secrets.of(row)
    changed = api.patch(url, {"everything": True}, content_type="application/json").json()
    assert (changed["everything"], changed["kinds"]) == (True, ["deal.won"])
    assert "secret" not in api.post(f"{url}rotation/").json()
    row.refresh_from_db()
    assert secrets.of(row) != old
    tell()
    sending.work(NOON)
    listed = api.get("/api/v1/webhook-deliveries/", {"webhook": row.pk, "state": "done"}).json()["results"]
    assert [one["kind"] for one in listed] == ["deal.won"]
    assert api.post(f"/api/v1/webhook-deliveries/{listed[0]['id']}/replay/").json()["state"] == "waiting"
    off = api.post(f"{url}switch/", {"on": False}, content_type="application/json").json()
    assert off["is_on"] is False
    assert api.post(f"{url}removal/").status_code == 204
    assert (api.get(url).status_code, api.get("/api/v1/webhook-deliveries/").json()["results"]) == (404, [])


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"url": "ftp://x.example/"}, "url"), ({"kinds": []}, "kinds"), ({"kinds": ["Nonsense"]}, "kinds"),
        ({"filter": {"field": "nothing", "op": "is", "value": 1}}, "filter"), ({"secret": "whsec_mine"}, "secret"),
        ({"is_on": False}, "is_on"),
    ],
)  # fmt: skip
def test_what_the_api_refuses(api: Client, receiver: Provider, sent: dict[str, Any], field: str) -> None:
    whole = {"name": "Lake", "url": receiver.url, "kinds": ["deal.won"]} | sent
    answer = api.post("/api/v1/webhooks/", whole, content_type="application/json")
    assert (answer.status_code, field in str(answer.json())) == (400, True)
    assert not WebhookEndpoint.objects.exists()


def test_a_test_of_all_goes_to_those_that_are_on(admin: Client, warehouse: WebhookEndpoint, receiver: Provider) -> None:
    page = admin.post("/settings/webhooks/test/", {"next": "/settings/integrations/"}, follow=True)
    assert page.redirect_chain == [("/settings/integrations/", 302)]
    assert "“Warehouse” took the test." in page.text
    verbs.make({"name": "Lake", "url": receiver.url, "everything": True, "kinds": []}, None, NOON)
    receiver.got.clear()
    receiver.answers = [(200, {}), (410, {})]
    page = admin.post("/settings/webhooks/test/", follow=True).text
    assert "Of 2, 1 did not take the test. “Warehouse”: It answered 410 Gone." in page
    assert len(receiver.got) == 2
    WebhookEndpoint.objects.update(is_on=False)
    assert "No webhook is on" in admin.post("/settings/webhooks/test/", follow=True).text
    assert len(receiver.got) == 2
    assert "/settings/webhooks/test/" not in admin.get("/settings/integrations/").text


# Integrations --------------------------------------------------------------------------------------------------------


def test_integrations_say_how_they_stand(
    admin: Client, warehouse: WebhookEndpoint, receiver: Provider, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.EMAIL_URL, settings.TELEGRAM_TOKEN = "", ""
    with django_assert_max_num_queries(12):
        page = admin.get("/settings/integrations/").text
    assert "1 webhook<" in page
    for name in ("Mail out", "Mailbox", "Telegram", "Bridges", "API tokens", "Write keys", "Calendars", "Public forms"):
        assert name in page
    assert "Set EMAIL_URL in .env" in page
    tell()
    receiver.answers = [(500, {})]
    sending.work(NOON)
    assert "Warehouse fails: It answered 500 Internal Server Error." in admin.get("/settings/integrations/").text
