"""Taking an act back field by field, whatever happened since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from crm.accounts.models import Account, Contact
from crm.history.actions import act, undo
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from tests import factories
from tests.conftest import NOON
from tests.crm.history.deeds import change

pytestmark = pytest.mark.django_db


def test_everything_goes_back(mira, sam):
    for n in range(3):
        factories.account(f"Kelp {n}", owner=sam, tags=["a", "b"], do_not_contact=n == 1)
    deed = change("x", mira, Account.objects.all(), owner=mira, tags=["c"], do_not_contact=True)
    assert undo(deed, mira, NOON) == Undone(3)
    assert set(Account.objects.values_list("owner", "do_not_contact")) == {(sam.pk, False), (sam.pk, True)}
    assert all(tags == ["a", "b"] for tags in Account.objects.values_list("tags", flat=True))
    assert Account.objects.first().updated_at == NOON


def test_a_field_that_somebody_changed_since_is_kept_and_named(mira, sam, ada):
    kelp = factories.account("Kelp", owner=sam, domain="kelp.example")
    deed = change("x", mira, Account.objects.all(), owner=mira, domain="new.example")
    change("y", ada, Account.objects.all(), NOON + timedelta(hours=1), domain="ada.example")
    undone = undo(deed, mira, NOON + timedelta(hours=2))
    kelp.refresh_from_db()
    assert (kelp.owner, kelp.domain) == (sam, "ada.example")
    assert undone == Undone(1, [
        Kept("Kelp", "domain", "ada.example", "Ada", NOON + timedelta(hours=1), "Ada edited it since",
             model="crm.Account", pk=kelp.pk)
    ])  # fmt: skip


def test_a_field_changed_and_changed_back_by_hand_is_kept(mira, ada):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    change("y", ada, Account.objects.all(), domain="c.example")
    change("y", ada, Account.objects.all(), domain="b.example")
    assert [one.field for one in undo(deed, mira, NOON).kept] == ["domain"]
    assert Account.objects.get().domain == "b.example"


def test_what_was_undone_meanwhile_does_not_count_as_a_change(mira, ada):
    factories.account("Kelp", domain="a.example")
    first = change("x", mira, Account.objects.all(), domain="b.example")
    second = change("y", ada, Account.objects.all(), domain="c.example")
    undo(second, ada, NOON)
    assert undo(first, mira, NOON) == Undone(1)
    assert Account.objects.get().domain == "a.example"


def test_an_undo_can_be_undone_and_that_again(mira):
    factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    for expected in ("a.example", "b.example", "a.example", "b.example"):
        assert undo(deed, mira, NOON) == Undone(1)
        assert Account.objects.get().domain == expected
        deed = Act.objects.latest("pk")
    assert deed.turns == 4
    assert deed.label == "undid: x by Mira" or deed.label.startswith("did again")


def test_a_redo_counts_as_a_change_again(mira, ada):
    factories.account("Kelp", domain="a.example")
    first = change("x", mira, Account.objects.all(), domain="b.example")
    second = change("y", ada, Account.objects.all(), domain="c.example")
    undo(second, ada, NOON)
    undo(Act.objects.latest("pk"), ada, NOON)  # c.example again
    (kept,) = undo(first, mira, NOON).kept
    assert (kept.value, kept.by) == ("c.example", "Ada")


def test_several_changes_of_one_act_go_back_to_before_the_first(mira):
    factories.account("Kelp", domain="a.example")
    with act("x", "", mira, NOON) as deed:
        for domain in ("b.example", "c.example", "d.example"):
            Account.objects.update(domain=domain)
    assert undo(deed, mira, NOON).reverted == 1
    assert Account.objects.get().domain == "a.example"


def test_deleted_rows_come_back_with_their_ids_and_all_they_had(mira):
    kelp = factories.account("Kelp", owner=mira, mrr=500, last_seen_at=NOON, tags=["vip"])
    anna = factories.contact(kelp, email="anna@kelp.example", last_seen_at=NOON)
    before = (Account.objects.values().get(), Contact.objects.values().get())
    with act("account.deleted", "deleted Kelp", mira, NOON) as deed:
        kelp.delete()
    assert undo(deed, mira, NOON) == Undone(2)
    assert (Account.objects.values().get(), Contact.objects.values().get()) == before
    assert Contact.objects.get().pk == anna.pk


def test_changed_and_then_deleted_in_one_act(mira):
    kelp = factories.account("Kelp", domain="a.example")
    with act("x", "", mira, NOON) as deed:
        Account.objects.update(domain="b.example")
        Account.objects.all().delete()
    assert undo(deed, mira, NOON).kept == []
    assert Account.objects.get(pk=kelp.pk).domain == "a.example"


def test_a_row_that_somebody_deleted_since_is_named(mira, ada):
    kelp = factories.account("Kelp", domain="a.example")
    deed = change("x", mira, Account.objects.all(), domain="b.example")
    with act("account.deleted", "", ada, NOON + timedelta(hours=1)):
        Account.objects.all().delete()
    assert undo(deed, mira, NOON + timedelta(hours=2)) == Undone(0, [
        Kept("Kelp", "", None, "Ada", NOON + timedelta(hours=1), "Ada deleted it since", "crm.Account", kelp.pk)
    ])  # fmt: skip


def test_an_address_that_somebody_else_has_now_stays_there(mira):
    anna = factories.contact(email="anna@kelp.example", first_name="Anna", last_name="Lee", phone="1")
    deed = change("x", mira, Contact.objects.filter(pk=anna.pk), email=None, phone="2")
    other = factories.contact(email="anna@kelp.example")
    undone = undo(deed, mira, NOON)
    anna.refresh_from_db()
    assert (anna.email, anna.phone) == (None, "1")
    assert [(k.record, k.field, k.because) for k in undone.kept] == [
        ("Anna Lee", "e-mail", "another record has it now")
    ]
    assert Contact.objects.get(pk=other.pk).email == "anna@kelp.example"


def test_two_rows_that_gave_each_other_what_only_one_can_have(mira):
    """The primary contact: giving it back in the wrong order would break the rule that there is one."""
    kelp = factories.account("Kelp")
    anna, bert = factories.contact(kelp), factories.contact(kelp)
    with act("x", "", mira, NOON) as deed:
        Contact.objects.filter(pk=anna.pk).update(is_primary=False)
        Contact.objects.filter(pk=bert.pk).update(is_primary=True)
    assert undo(deed, mira, NOON) == Undone(2)
    assert Contact.objects.get(is_primary=True) == anna


def test_what_a_deleted_row_had_is_given_up_before_it_comes_back(mira):
    """As a merge does it: the one that stays takes the address of the one that goes."""
    kelp = factories.account("Kelp")
    anna, anne = factories.contact(kelp, email=None), factories.contact(kelp, email="anne@kelp.example")
    with act("x", "", mira, NOON) as deed:
        Contact.objects.filter(pk=anne.pk).delete()
        Contact.objects.filter(pk=anna.pk).update(email="anne@kelp.example")
    assert undo(deed, mira, NOON).kept == []
    assert Contact.objects.get(pk=anne.pk).email == "anne@kelp.example"
    assert Contact.objects.get(pk=anna.pk).email is None


def test_people_go_back_to_a_customer_that_comes_back(mira):
    kelp, ridge = factories.account("Kelp"), factories.account("Ridge")
    anna = factories.contact(kelp)
    with act("x", "", mira, NOON) as deed:
        Contact.objects.filter(pk=anna.pk).update(account=ridge)
        Account.objects.filter(pk=kelp.pk).delete()
    assert undo(deed, mira, NOON).kept == []
    assert Contact.objects.get().account == kelp


def test_an_owner_who_is_gone_does_not_come_back(mira, make_user):
    leaver = make_user("Leaver")
    factories.account("Kelp", owner=leaver, domain="a.example")
    deed = change("x", mira, Account.objects.all(), owner=mira, domain="b.example")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_user WHERE id = %s", [leaver.pk])
    (kept,) = undo(deed, mira, NOON).kept
    assert (kept.field, kept.because) == ("owner", "what it pointed to is no longer there")
    assert Account.objects.values_list("owner", "domain").get() == (mira.pk, "a.example")
