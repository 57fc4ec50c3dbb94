"""What is put down to whom: acts, ordinary changes, and rows that nobody edits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Account, AccountChange, Contact, ContactChange
from crm.history.actions import act, continuing, through
from crm.history.models import Act, Door
from crm.team.models import ApiToken
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_a_change_keeps_the_row_as_it_was_and_belongs_to_the_act(mira, sam):
    kelp = factories.account("Kelp", owner=sam, mrr=500, tags=["vip"])
    with act("account.given", "gave Kelp to Mira", mira, NOON, {"why": "holiday"}) as deed:
        kelp.owner = mira
        kelp.save()
    change = AccountChange.objects.get()
    assert (change.pgh_obj_id, change.act_id, change.pgh_label) == (kelp.pk, deed.pk, "update")
    assert (change.owner, change.name, change.tags, change.mrr) == (sam.pk, "Kelp", ["vip"], 500)
    row = Act.objects.get()
    assert (row.kind, row.label, row.by, row.at) == ("account.given", "gave Kelp to Mira", mira, NOON)
    assert (row.door, row.detail, row.undone_at) == (Door.DATABASE, {"why": "holiday"}, None)


def test_set_based_sql_is_remembered_too(mira):
    Account.objects.bulk_create(Account(name=f"Account {n}") for n in range(5))
    with act("x.y", "", mira, NOON), connection.cursor() as cursor:
        cursor.execute("UPDATE crm_account SET tags = array['x'] WHERE id %% 1 = 0", [])
    assert AccountChange.objects.count() == 5
    assert Act.objects.count() == 1


def test_new_rows_and_what_machines_write_are_not(mira):
    kelp = factories.account("Kelp")
    anna = factories.contact(kelp)
    Account.objects.filter(pk=kelp.pk).update(mrr=9, lifecycle="customer", risk=3, updated_at=NOON)
    Contact.objects.filter(pk=anna.pk).update(automation_paused_until=NOON)
    factories.seen(NOON)
    Account.objects.filter(pk=kelp.pk).update(name="Kelp")  # the same again
    kelp.refresh_from_db()
    kelp.save()
    assert not AccountChange.objects.exists()
    assert not ContactChange.objects.exists()
    assert not Act.objects.exists()


def test_a_deletion_keeps_the_whole_row(mira):
    kelp = factories.account("Kelp", mrr=500)
    anna = factories.contact(kelp, email="anna@kelp.example", automation_paused_until=NOON)
    with act("account.deleted", "deleted Kelp", mira, NOON) as deed:
        kelp.delete()
    gone, person = AccountChange.objects.get(), ContactChange.objects.get()
    assert (gone.pgh_label, gone.name, gone.mrr, gone.act_id) == ("delete", "Kelp", 500, deed.pk)
    assert (person.pgh_label, person.email, person.automation_paused_until) == ("delete", "anna@kelp.example", NOON)
    assert person.pgh_obj_id == anna.pk


def test_an_act_inside_an_act_is_that_act(mira, ada):
    kelp = factories.account("Kelp")
    with act("outer.act", "did much", mira, NOON) as outer:
        with act("inner.act", "did a part", ada, NOON) as inner:
            Account.objects.filter(pk=kelp.pk).update(name="Kelp & Co")
        Account.objects.filter(pk=kelp.pk).update(name="Kelp & Sons")
    assert inner == outer
    assert set(AccountChange.objects.values_list("act_id", flat=True)) == {outer.pk}
    assert Act.objects.get().kind == "outer.act"


def test_an_act_goes_on_in_another_transaction_and_ends_with_its_block(mira):
    kelp = factories.account("Kelp")
    with act("import.run", "imported", mira, NOON) as deed:
        pass
    with continuing(deed):
        Account.objects.filter(pk=kelp.pk).update(name="Kelp & Co")
    Account.objects.filter(pk=kelp.pk).update(name="Kelp & Sons")
    first, second = AccountChange.objects.order_by("pgh_id")
    assert first.act_id == deed.pk
    assert (second.act.kind, second.act.by, second.act.door) == ("edit", None, "database")


def test_an_act_that_fails_leaves_nothing(mira):
    kelp = factories.account("Kelp")

    def fail():
        with act("x.y", "", mira, NOON):
            Account.objects.filter(pk=kelp.pk).update(name="Kelp & Co")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    Account.objects.filter(pk=kelp.pk).update(name="Kelp & Sons")
    assert Account.objects.get().name == "Kelp & Sons"
    assert [change.name for change in AccountChange.objects.all()] == ["Kelp"]
    assert Act.objects.get().kind == "edit"  # of the change after it


def test_label_and_detail_may_be_said_at_the_end(mira):
    with act("import.run", "", mira, NOON) as deed:
        deed.label = "imported " + "x" * 300
        deed.detail["rows"] = 7
    row = Act.objects.get()
    assert len(row.label) == 200
    assert row.detail == {"rows": 7}


def test_ordinary_changes_of_a_transaction_are_one_act_of_whoever_is_at_work(mira, ada):
    kelp, ridge = factories.account("Kelp"), factories.account("Ridge")
    with through(Door.WORKFLOW, lambda: mira.pk), transaction.atomic():
        Account.objects.filter(pk=kelp.pk).update(name="Kelp & Co")
        Account.objects.filter(pk=ridge.pk).update(name="Ridge & Co")
    with through(Door.COMMAND):
        Account.objects.filter(pk=kelp.pk).update(name="Kelp & Sons")
    first, second = Act.objects.order_by("pk")
    assert (first.kind, first.by, first.door, first.at) == ("edit", mira, Door.WORKFLOW, NOON)
    assert (second.by, second.door) == (None, Door.COMMAND)
    assert list(AccountChange.objects.order_by("pgh_id").values_list("act_id", flat=True)) == [
        first.pk, first.pk, second.pk
    ]  # fmt: skip


def test_a_form_puts_it_down_to_its_user_and_the_page(client: Client, mira):
    kelp = factories.account("Kelp", owner=mira)
    client.force_login(mira)
    address = f"/accounts/{kelp.pk}/facts/industry/"
    version = client.get(address).context["form"].initial["version"]
    answer = client.post(address, {"industry": "Rail", "version": version})
    assert answer.status_code == 302, answer.content
    row = Act.objects.get()
    assert (row.kind, row.by, row.door, row.at) == ("edit", mira, Door.PAGE, NOON)


def test_the_api_puts_it_down_to_the_user_of_its_token(mira):
    kelp = factories.account("Kelp", owner=mira)
    client = Client(headers={"Authorization": f"Bearer {ApiToken.issue(mira, 'write')[1]}"})
    url = f"/api/v1/accounts/{kelp.pk}/"
    answer = client.patch(url, {"name": "Kelp & Co"}, "application/json", headers={"If-Match": client.get(url)["ETag"]})
    assert answer.status_code == 200, answer.content
    row = Act.objects.get()
    assert (row.kind, row.by, row.door, row.at) == ("edit", mira, Door.API, NOON)


def test_what_a_request_said_is_forgotten_with_it(client: Client, mira):
    """Here a transaction goes on around it, as nowhere outside of tests."""
    kelp = factories.account("Kelp", owner=mira)
    api = Client(headers={"Authorization": f"Bearer {ApiToken.issue(mira, 'write')[1]}"})
    url = f"/api/v1/accounts/{kelp.pk}/"
    api.patch(url, {"name": "Kelp & Co"}, "application/json", headers={"If-Match": api.get(url)["ETag"]})
    Account.objects.filter(pk=kelp.pk).update(name="Kelp & Sons")
    assert [row.by for row in Act.objects.order_by("pk")] == [mira, None]


def test_who_is_at_work_costs_no_query_of_its_own(mira):
    kelp = factories.account("Kelp", owner=mira)
    with through(Door.PAGE, lambda: mira.pk), CaptureQueriesContext(connection) as asked:
        Account.objects.filter(pk=kelp.pk).update(name="Kelp & Co", updated_at=NOON + timedelta(1))
        list(Account.objects.all())
    assert len(asked) == 2  # the change and the list
    assert AccountChange.objects.get().act.by == mira
