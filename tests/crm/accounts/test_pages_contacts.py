"""People: their list, the page of one, making, editing and deleting them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.accounts.lists import ACCOUNTS, CONTACTS
from crm.accounts.models import Account, Contact
from crm.history.models import Act
from crm.outbox.actions import Draft, enqueue, template
from crm.segments import filterbar
from crm.segments.filters import FilterError, parse
from crm.segments.listing import page as listing
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from crm.web.pagination import keyset_page
from tests import factories
from tests.conftest import NOON


def names(page: Any) -> list[str]:
    return re.findall(r'<a class="cover clip" href="[^"]*"><b>([^<]*)</b>', page.content.decode())


def person(first: str, last: str = "Weber", account: Account | None = None, **fields: Any) -> Contact:
    return factories.contact(account, first_name=first, last_name=last, **fields)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["anna Weber", "Bea Weber", "Carl Adam", "Carl Weber"]),
        ("-name", ["Carl Weber", "Carl Adam", "Bea Weber", "anna Weber"]),
        ("seen", ["Carl Adam", "anna Weber", "Bea Weber", "Carl Weber"]),
        ("-seen", ["anna Weber", "Carl Adam", "Carl Weber", "Bea Weber"]),
        ("created", ["Carl Weber", "Bea Weber", "anna Weber", "Carl Adam"]),
        ("-created", ["Carl Adam", "anna Weber", "Bea Weber", "Carl Weber"]),
    ],
)
def test_each_sort(web: Client, sort: str, order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Across pages of one; who was never seen comes last both ways."""
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    seen = {"Adam": NOON - timedelta(days=9), "anna": NOON}
    people = [("Bea", "Weber"), ("Carl", "Weber"), ("anna", "Weber"), ("Carl", "Adam")]
    for index, (first, last) in enumerate(people):
        at = NOON + timedelta(minutes=[2, 1, 3, 4][index])
        person(first, last, last_seen_at=seen.get(last) or seen.get(first), created_at=at)
    found, address = [], f"/contacts/?sort={sort}"
    while address:
        page = web.get(address)
        found += names(page)
        more = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', page.content.decode())
        address = f"/contacts/{more[1]}".replace("&amp;", "&") if more else ""
    assert found == order


@pytest.mark.parametrize("name", list(CONTACTS.orders.own))
def test_each_sort_is_a_range_of_an_index(db: None, name: str) -> None:
    sort = CONTACTS.orders[name].sort
    with connection.cursor() as database, CaptureQueriesContext(connection) as queries:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            database.execute(f"SET LOCAL enable_{way} = off")
        keyset_page(Contact.objects.for_list(), sort)
        for query in [query["sql"] for query in queries if query["sql"].startswith("SELECT")]:
            database.execute("EXPLAIN " + query)
            plan = "\n".join(row[0] for row in database.fetchall())
            assert "Index" in plan
            assert "Sort" not in plan


@pytest.mark.parametrize("name", ["-renewal", "-silence"])
def test_the_other_way_needs_no_index_of_its_own(db: None, name: str) -> None:
    with connection.cursor() as database, CaptureQueriesContext(connection) as queries:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            database.execute(f"SET LOCAL enable_{way} = off")
        keyset_page(Account.objects.for_list(), ACCOUNTS.orders[name].sort)
        asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
        assert len(asked) == 2
        for query in asked:
            database.execute("EXPLAIN " + query)
            plan = "\n".join(row[0] for row in database.fetchall())
            assert "Scan Backward" in plan
            assert "Sort" not in plan


def test_search_by_name_address_and_number_and_what_is_alike(web: Client) -> None:
    person("Jonas", email="jonas@nordwind.example", phone="+49 40 123456")
    person("Sofia", "Lindqvist")
    assert names(web.get("/contacts/?q=nas web")) == ["Jonas Weber"]
    assert names(web.get("/contacts/?q=nordwind.ex")) == ["Jonas Weber"]
    assert names(web.get("/contacts/?q=040 1234")) == ["Jonas Weber"]
    page = web.get("/contacts/?q=lindkvist")
    assert names(page) == ["Sofia Lindqvist"]
    assert "Nothing holds “lindkvist”. These contacts have a name like it:" in page.content.decode()
    assert names(web.get("/contacts/?q=zzzzzz")) == []


def test_what_takes_too_long_to_resemble_is_nothing(web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    person("Sofia", "Lindqvist")
    monkeypatch.setattr(listing, "ALIKE_MS", 1)
    alike = CONTACTS.alike
    slow = replace(CONTACTS, alike=lambda rows, text: alike(rows, text).extra(where=["pg_sleep(1) IS NOT NULL"]))
    monkeypatch.setattr("crm.accounts.views.listing.CONTACTS", slow)

    page = web.get("/contacts/?q=lindkvist")

    assert (page.status_code, names(page)) == (200, [])
    assert "No matches" in page.content.decode()


def test_narrowed_by_owner_consent_and_what_the_account_says(web: Client, mira: User, sam: User) -> None:
    large = factories.account("Large", mrr=900, owner=mira, lifecycle="customer")
    small = factories.account("Small", mrr=100, owner=sam, lifecycle="trial")
    factories.contact(large, first_name="Lea", last_name="L", email_consent="no")
    factories.contact(small, first_name="Sol", last_name="S", email_consent="yes")
    factories.contact(small, first_name="Sue", last_name="S")
    asked = {
        "owner=me": ["Lea L"], f"owner={sam.pk}": ["Sol S", "Sue S"], "consent=yes": ["Sol S"],
        "consent=unknown": ["Sue S"],
    }  # fmt: skip
    for query, found in asked.items():
        assert names(web.get(f"/contacts/?{query}")) == found, query
    for tree, found in [
        ({"field": "account.mrr", "op": ">=", "value": 500}, ["Lea L"]),
        ({"field": "account.contacts", "op": "=", "value": 2}, ["Sol S", "Sue S"]),
        ({"field": "account.has_owner", "op": "is", "value": True}, ["Lea L", "Sol S", "Sue S"]),
        ({"field": "account.days_silent", "op": "is_set"}, []),
        ({"not": {"field": "consent", "op": "is_set"}}, ["Sue S"]),
    ]:
        assert names(web.get("/contacts/", {"f": filterbar.written(tree)})) == found, tree
    assert web.get("/contacts/?consent=perhaps").status_code == 404


def test_sql_and_python_agree_about_the_account(db: None) -> None:
    account = factories.account("Nordwind", mrr=900, tags=["vip"], last_seen_at=NOON - timedelta(days=9))
    contact = factories.contact(account, birthday=date(1990, 6, 1))
    for tree in (
        {"field": "account.mrr", "op": ">", "value": 500}, {"field": "account.tags", "op": "has", "value": "vip"},
        {"field": "account.days_silent", "op": "=", "value": 9}, {"field": "account.contacts", "op": "=", "value": 1},
        {"field": "birthday", "op": "on", "value": "1990-06-01"},
        {"field": "name", "op": "starts_with", "value": "anna "},
    ):  # fmt: skip
        asked = parse(tree, "contact")
        assert list(asked.apply(Contact.objects.all(), NOON)) == [contact], tree
        assert asked.matches(asked.values([contact.pk], NOON)[contact.pk], NOON), tree
    assert (
        parse({"field": "account.mrr", "op": ">", "value": 500}, "contact").sentence()
        == "Account: MRR is above €\u202f500"
    )
    with pytest.raises(FilterError, match=r"there is no field “account\.nope”"):
        parse({"field": "account.nope", "op": "is_set"}, "contact")


def test_bulk_acts_never_take_a_view_for_everything(web: Client, mira: User) -> None:
    person("Jonas")
    with pytest.raises(FilterError):
        CONTACTS.rows(QueryDict("view=7"), mira, NOON)
    assert CONTACTS.rows(QueryDict("view=7&edited=1&q=jon"), mira, NOON).count() == 1
    assert CONTACTS.rows(QueryDict("view=all"), mira, NOON).count() == 1


def test_those_who_come_back_get_all_rows_at_once(web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    monkeypatch.setattr(listing, "MOST_AT_ONCE", 4)
    for first in "ABCDE":
        person(first)
    back = {"HX-Request": "true"}
    assert len(names(web.get("/contacts/?rows=3", headers=back))) == 3
    rows = web.get("/contacts/?rows=900", headers=back)
    assert len(names(rows)) == 4
    assert b"rows=" not in rows.content
    assert len(names(web.get("/contacts/?rows=3"))) == 2
    assert len(names(web.get("/contacts/?rows=x", headers=back))) == 2


def test_the_page_says_who_they_are_and_whether_mail_reaches_them(web: Client, sam: User) -> None:
    account = factories.account("Nordwind", owner=sam, timezone="Europe/Berlin")
    jonas = person("Jonas", account=account, title="COO", birthday=date(1980, 6, 3), email_consent="yes")
    record(Fact(account.pk, "call.logged", "Called Jonas", NOON, contact_id=jonas.pk, source="person"), now=NOON)
    record(Fact(account.pk, "call.logged", "Called nobody", NOON, source="person"), now=NOON)
    Task.objects.create(title="Ask about seats", account=account, contact=jonas, due_at=NOON, owner=sam)
    enqueue([Draft("x", "service", template("Hello there", "Text"), NOON, account.pk, jonas.pk)], now=NOON)

    page = web.get(jonas.get_absolute_url()).content.decode()

    for words in (
        "COO at",
        "14:00 there",
        "Mail reaches them",
        "Called Jonas",
        "Ask about seats",
        "Hello there",
        "3 June, in 2 days",
    ):
        assert words in page, words
    assert "Called nobody" not in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": None}, "there is no address"),
        ({"email_consent": "no"}, "they refused other mail"),
        ({"do_not_contact": True}, "they are not to be contacted"),
        ({"automation_paused_until": NOON + timedelta(days=2)}, "Workflows leave them alone until 3 June"),
        ({"automation_paused_until": NOON}, "Service mail reaches them"),
    ],
)
def test_why_mail_does_not_reach_them(web: Client, fields: dict[str, Any], said: str) -> None:
    assert said in web.get(person("Jonas", **fields).get_absolute_url()).content.decode()


def test_entries_by_pages(web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.accounts.views.timeline.ENTRIES", 2)
    jonas = person("Jonas")
    record(
        [
            Fact(jonas.account_id, "call.logged", f"Call {n}", NOON - timedelta(hours=n), contact_id=jonas.pk)
            for n in range(3)
        ],
        now=NOON,
    )
    first = web.get(jonas.get_absolute_url()).content.decode()
    more = re.search(r'rel="next" href="([^"]*)"', first)
    assert more
    assert "Call 2" not in first
    rest = web.get(
        f"{jonas.get_absolute_url()}{more[1].replace('&amp;', '&')}", headers={"HX-Request": "true"}
    ).content.decode()
    assert "Call 2" in rest
    assert "<html" not in rest
    assert web.get(f"{jonas.get_absolute_url()}?cursor=x").status_code == 400


def test_somebody_new_is_added_at_a_customer(web: Client) -> None:
    account = factories.account("Nordwind")
    assert web.get("/contacts/new/").status_code == 200
    assert web.get("/contacts/new/?account=Nord").status_code == 422
    assert web.get("/contacts/new/?account=nordwind")["Location"] == f"/accounts/{account.pk}/contacts/"


def test_editing_leads_back_to_the_person(web: Client) -> None:
    jonas = person("Jonas")
    form = web.get(jonas.get_absolute_url() + "edit/")["Location"]
    assert form == f"/accounts/{jonas.account_id}/contacts/{jonas.pk}/?next=/contacts/{jonas.pk}/"
    blank = web.get(form).context["form"]
    shown = {name: blank[name].value() for name in blank.fields}
    typed = {name: value for name, value in shown.items() if value} | {"first_name": "Jon"}
    answer = web.post(form, typed)
    assert answer["Location"] == f"/contacts/{jonas.pk}/"


def test_deleting_asks_keeps_what_was_said_and_can_be_undone(web: Client, mira: User) -> None:
    jonas = person("Jonas")
    record(Fact(jonas.account_id, "call.logged", "Called Jonas", NOON, contact_id=jonas.pk), now=NOON)
    assert "You can undo it for 30 days" in web.get(f"/contacts/{jonas.pk}/deletion/").content.decode()
    assert Contact.objects.filter(pk=jonas.pk).exists()

    answer = web.post(f"/contacts/{jonas.pk}/deletion/")

    assert answer["Location"] == f"/accounts/{jonas.account_id}/"
    assert not Contact.objects.filter(pk=jonas.pk).exists()
    told = TimelineEntry.objects.filter(account=jonas.account_id).order_by("id").values_list("text", flat=True)
    assert list(told) == ["Called Jonas", "Jonas Weber was deleted"]
    act = Act.objects.get()
    assert (act.kind, act.by) == ("contact.deleted", mira)
    web.post(f"/history/acts/{act.pk}/undo/")
    assert Contact.objects.get(pk=jonas.pk).email == jonas.email


def test_whoever_has_a_history_is_not_deleted(web: Client) -> None:
    jonas = person("Jonas")
    enqueue([Draft("x", "service", template("Hello", "Text"), NOON, jonas.account_id, jonas.pk)], now=NOON)
    assert "Jonas Weber has 1 mail" in web.get(f"/contacts/{jonas.pk}/deletion/").content.decode()
    page = web.post(f"/contacts/{jonas.pk}/deletion/", follow=True)
    assert "Jonas Weber has 1 mail. Tick “Do not contact”" in page.content.decode()
    assert Contact.objects.filter(pk=jonas.pk).exists()
    assert not Act.objects.exists()


def test_who_may_not_delete_is_told_and_nothing_happens(client: Client, sam: User) -> None:
    client.force_login(sam)
    jonas = person("Jonas")
    assert client.post(f"/contacts/{jonas.pk}/deletion/").status_code == 403
    assert Contact.objects.filter(pk=jonas.pk).exists()
    assert "Delete this person" not in client.get(jonas.get_absolute_url()).content.decode()


def test_a_confined_manager_sees_own_people_only(client: Client, olaf: User, mira: User) -> None:
    client.force_login(olaf)
    hers = factories.contact(factories.account(owner=mira), first_name="Hers", last_name="X")
    factories.contact(factories.account(owner=olaf), first_name="His", last_name="X")
    assert names(client.get("/contacts/")) == ["His X"]
    assert names(client.get("/contacts/?q=Hers")) == []
    for address in ("", "edit/", "deletion/"):
        assert client.get(f"/contacts/{hers.pk}/{address}").status_code == 404
    assert client.post(f"/contacts/{hers.pk}/deletion/").status_code == 404
