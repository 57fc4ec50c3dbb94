"""The audit log, the history of a record and the page of an act: sentences, filters, who may read what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from crm.accounts.models import Account, AccountChange
from crm.history import forgetting
from crm.history.actions import act, through, undo
from crm.history.models import Act, Door
from crm.ledger.models import Payment
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return " ".join(answer.content.decode().split())


@pytest.fixture
def admin(client: Client, ada) -> Client:
    client.force_login(ada)
    return client


def plain(html: str) -> str:
    """Without tags."""
    import re

    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_the_log_reads_like_sentences(admin, mira, sam):
    kelp, ridge = factories.account("Kelp & Co", owner=sam), factories.account("Ridge")
    with through(Door.API, lambda: mira.pk):
        kelp.owner = mira
        kelp.save()
    with through(Door.PAGE, lambda: mira.pk):
        Account.objects.filter(pk=ridge.pk).update(name="Ridge Schools", tags=["vip"])
    with act("bulk.tag", "tagged 2 customers with x", sam, NOON + timedelta(minutes=1)):
        Account.objects.update(tags=["x"])
    with act("account.deleted", "", mira, NOON + timedelta(minutes=2)):
        ridge.delete()
    said = plain(text(admin, "/settings/audit/"))
    assert "Mira changed owner of Kelp &amp; Co from Sam to Mira, through the API" in said
    assert "Sam tagged 2 customers with x, in bulk" in said
    assert "Mira deleted Ridge" in said


def test_what_machines_did_says_which_and_money_reads_as_on_pages(admin):
    paid = Payment.objects.create(
        account=factories.account("Kelp"), external_id="in_1", due_at=NOON, amount=410, currency="EUR"
    )
    with through(Door.DEMO):
        Payment.objects.filter(pk=paid.pk).update(status="void")
    with through(Door.COMMAND):
        Account.objects.update(name="Kelp & Co")
    said = plain(text(admin, "/settings/audit/"))
    assert "The demo changed status of € 410 from" in said
    assert "Somebody changed name of Kelp" in said
    assert "by a command on the server" in said


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", ["second", "first"]),
        ("?kind=x.first", ["first"]),
        ("?kind=x.third", []),
        ("?door=database", ["second", "first"]),
        ("?since=2026-06-02", ["second"]),
        ("?until=2026-06-01", ["first"]),
        ("?about=Ridge", ["second"]),
        ("?by=nobody", []),
    ],
)
def test_the_log_narrows(admin, mira, asked, expected):
    kelp, ridge = factories.account("Kelp"), factories.account("Ridge")
    with act("x.first", "did the first thing", mira, NOON):
        Account.objects.filter(pk=kelp.pk).update(goal="a")
    with act("x.second", "did the second thing", mira, NOON + timedelta(days=1)):
        Account.objects.filter(pk=ridge.pk).update(goal="b")
    html = text(admin, f"/settings/audit/{asked}")
    assert [word for word in ("second", "first") if f"did the {word} thing" in html] == expected


def test_a_day_that_is_none_is_told(admin):
    assert "is no day" in text(admin, "/settings/audit/?since=2026-02-31")


def test_the_log_has_keyset_pages(admin, mira):
    Act.objects.bulk_create(
        Act(kind="x.y", label=f"did thing {n:03}", by=mira, at=NOON + timedelta(minutes=n)) for n in range(60)
    )
    first = admin.get("/settings/audit/")
    cursor = first.context["page"].next
    html = admin.get(f"/settings/audit/?cursor={cursor}", headers={"HX-Request": "true"}).content.decode()
    assert "did thing 059" in first.content.decode()
    assert "did thing 009" in html
    assert "did thing 010" not in html
    assert "<html" not in html
    assert admin.get("/settings/audit/?cursor=nonsense").status_code == 400


def test_the_log_is_for_admins(client, mira):
    client.force_login(mira)
    assert client.get("/settings/audit/").status_code == 403


def test_the_history_of_a_record_shows_before_and_after(client, mira, sam):
    kelp = factories.account("Kelp", owner=sam, tags=["a"], signed_up_on="2026-05-01")
    with through(Door.PAGE, lambda: mira.pk):
        Account.objects.filter(pk=kelp.pk).update(owner=mira, tags=["a", "b"], signed_up_on=None)
    client.force_login(mira)
    said = plain(text(client, f"/accounts/{kelp.pk}/history/"))
    assert "Mira" in said
    for words in ("ownerSam Mira", "tagsa a, b", "sign-up day1 May 2026 nothing"):
        assert words in said, words


def test_the_history_is_behind_the_gate_and_names_nothing_beyond_it(client, olaf, mira):
    foreign = factories.account("Verborgen", owner=mira)
    own = factories.account("Own", owner=olaf, parent=foreign)
    Account.objects.filter(pk=own.pk).update(parent=None)
    Account.objects.filter(pk=foreign.pk).update(goal="x")
    client.force_login(olaf)
    assert client.get(f"/accounts/{foreign.pk}/history/").status_code == 404
    said = text(client, f"/accounts/{own.pk}/history/")
    assert "something you cannot see" in said
    assert "Verborgen" not in said


def test_earlier_changes_follow_by_keyset(client, mira):
    kelp = factories.account("Kelp")
    for n in range(35):
        Account.objects.filter(pk=kelp.pk).update(goal=f"goal {n:02}")
    client.force_login(mira)
    first = client.get(f"/accounts/{kelp.pk}/history/")
    assert "goal 34" in first.content.decode()
    assert "goal 03" not in first.content.decode()
    rest = client.get(f"/accounts/{kelp.pk}/history/?before={first.context['more']}", headers={"HX-Request": "true"})
    assert "goal 03" in rest.content.decode()
    assert "<html" not in rest.content.decode()
    assert client.get(f"/accounts/{kelp.pk}/history/?before=x").status_code == 400


def test_people_have_a_history_too(client, mira):
    anna = factories.contact(first_name="Anna")
    type(anna).objects.filter(pk=anna.pk).update(email_consent="no")
    client.force_login(mira)
    said = plain(text(client, f"/contacts/{anna.pk}/history/"))
    assert "consent to mailNot asked Refused" in said


def test_an_act_is_for_whoever_did_it_and_for_admins(client, mira, sam, ada):
    factories.account("Kelp")
    with act("x.y", "did it", mira, NOON) as deed:
        Account.objects.update(goal="b")
    for who, status in ((mira, 200), (ada, 200), (sam, 404)):
        client.force_login(who)
        assert client.get(f"/history/acts/{deed.pk}/").status_code == status
    client.force_login(sam)
    assert client.post(f"/history/acts/{deed.pk}/undo/").status_code == 404
    assert Account.objects.get().goal == "b"


def test_undo_by_its_button_and_again(client, mira):
    factories.account("Kelp", goal="a")
    with act("x.y", "did it", mira, NOON) as deed:
        Account.objects.update(goal="b")
    client.force_login(mira)
    html = client.post(f"/history/acts/{deed.pk}/undo/", {"next": "/accounts/"}, follow=True).content.decode()
    assert Account.objects.get().goal == "a"
    assert "Undone." in html
    redo = Act.objects.latest("pk")
    assert f"/history/acts/{redo.pk}/undo/" in html  # the toast takes the undo back
    assert "Do it again" in html
    client.post(f"/history/acts/{redo.pk}/undo/")
    assert Account.objects.get().goal == "b"
    refused = client.post(f"/history/acts/{deed.pk}/undo/", follow=True).content.decode()
    assert "Mira has undone this already" in refused


def test_the_result_names_what_was_kept(client, mira, sam):
    factories.account("Kelp", goal="a")
    with act("x.y", "did it", mira, NOON) as deed:
        Account.objects.update(goal="b")
    with act("edit.z", "", sam, NOON):
        Account.objects.update(goal="c")
    client.force_login(mira)
    answer = client.post(f"/history/acts/{deed.pk}/undo/", follow=True)
    said = plain(answer.content.decode())
    assert answer.redirect_chain[-1][0] == f"/history/acts/{Act.objects.latest('pk').pk}/"
    assert "Sam edited it since" in said
    assert "Kept" in said


def test_what_was_kept_of_rows_one_may_no_longer_see_is_not_named(client, olaf, mira):
    kelp = factories.account("Verborgen", owner=olaf, goal="a")
    with act("x.y", "did it", olaf, NOON) as deed:
        Account.objects.filter(pk=kelp.pk).update(goal="b")
    with act("edit.z", "", mira, NOON):
        Account.objects.filter(pk=kelp.pk).update(goal="Verborgen c", owner=mira)
    undo(deed, olaf, NOON)
    client.force_login(olaf)
    said = text(client, f"/history/acts/{Act.objects.latest('pk').pk}/")
    assert "A record that you cannot see" in said


def test_acts_of_long_ago_are_forgotten_with_their_rows(mira):
    factories.account("Kelp")
    keep = timedelta(days=settings.HISTORY_DAYS)
    with act("x.old", "", mira, NOON - keep - timedelta(seconds=1)):
        Account.objects.update(goal="a")
    with act("x.young", "", mira, NOON - keep):
        Account.objects.update(goal="b")
    assert forgetting.next_due(NOON) == NOON + timedelta(microseconds=1)
    while forgetting.work(NOON):
        pass
    assert [deed.kind for deed in Act.objects.all()] == ["x.young"]
    assert AccountChange.objects.get().goal == "a"
