"""The same act on many rows: what is asked before, who may, what is left out, at once or by a worker, and back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.history import rules, runs
from crm.history.actions import UndoError, begin_undo, undo
from crm.history.models import Act, Run
from crm.slots import BulkAction, bulk_actions
from crm.todos.models import Task
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client: Client, mira) -> Client:
    client.force_login(mira)
    return client


def ids(*rows) -> str:
    return ",".join(str(row.pk) for row in rows)


def test_it_asks_before_it_does(pages, sam):
    rows = [factories.account(f"Kelp {n}", owner=sam) for n in range(7)]
    answer = pages.post("/bulk/account/owner/", {"ids": ids(*rows)})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Assign owner · 7 customers" in html
    assert "Kelp 0, Kelp 1, Kelp 2, Kelp 3, Kelp 4 and 2 others" in html
    assert not Account.objects.exclude(owner=sam).exists()
    assert not Act.objects.exists()


def test_few_rows_change_at_once_and_the_toast_takes_it_back(pages, mira, sam):
    rows = [factories.account(f"Kelp {n}", owner=sam) for n in range(3)] + [factories.account("Mine", owner=mira)]
    answer = pages.post("/bulk/account/owner/", {"ids": ids(*rows), "owner": mira.pk, "confirmed": "1"}, follow=True)
    assert not Account.objects.exclude(owner=mira).exists()
    deed = Act.objects.get()
    assert (deed.kind, deed.by, deed.door) == ("bulk.owner", mira, "page")
    assert deed.label == "assigned 4 customers to Mira"
    assert deed.detail == {"subject": "account", "rows": 4, "changed": 3}
    html = answer.content.decode()
    assert "You assigned 4 customers to Mira. 1 was so already." in html
    assert f"/history/acts/{deed.pk}/undo/" in html
    pages.post(f"/history/acts/{deed.pk}/undo/")
    assert Account.objects.filter(owner=sam).count() == 3
    again = {"ids": ids(rows[3]), "owner": mira.pk, "confirmed": "1"}
    told = pages.post("/bulk/account/owner/", again, follow=True).content.decode()
    assert "Nothing changed: it was so already." in told


def test_a_form_that_is_wrong_comes_back_and_changes_nothing(pages):
    kelp = factories.account("Kelp")
    answer = pages.post("/bulk/account/tag/", {"ids": ids(kelp), "tags": " , ", "confirmed": "1"})
    assert answer.status_code == 422
    assert "Name at least one tag." in answer.content.decode()
    assert Account.objects.get().tags == []
    assert not Act.objects.exists()


def test_rows_that_one_may_not_see_are_left_out_and_counted(client, olaf, mira):
    own, foreign = factories.account("Own", owner=olaf), factories.account("Foreign", owner=mira)
    client.force_login(olaf)
    html = client.post("/bulk/account/tag/", {"ids": ids(own, foreign)}).content.decode()
    assert "1 of the rows you chose is left out" in html
    assert "Foreign" not in html
    client.post("/bulk/account/tag/", {"ids": ids(own, foreign), "tags": "x", "confirmed": "1"})
    assert list(Account.objects.order_by("pk").values_list("tags", flat=True)) == [["x"], []]


def test_whoever_may_not_is_refused_and_nothing_happens(client, sam):
    kelp = factories.account("Kelp")
    client.force_login(sam)
    answer = client.post("/bulk/account/tag/", {"ids": ids(kelp), "tags": "x", "confirmed": "1"})
    assert answer.status_code == 403
    assert Account.objects.get().tags == []
    assert not Act.objects.exists()


def test_nothing_chosen_and_nonsense_are_told(pages):
    for sent in ({}, {"ids": "7'; DROP"}, {"ids": "999999999"}):
        answer = pages.post("/bulk/account/tag/", sent, follow=True)
        assert "Choose" in answer.content.decode(), sent
    assert pages.post("/bulk/account/nothing/", {"ids": "1"}).status_code == 404


def test_all_that_match_means_the_lists_own_parameters(pages, mira, sam):
    for n in range(6):
        factories.account(f"Kelp {n}", owner=sam if n % 2 else None)
    sent = {"all": "1", "asked": f"owner={sam.pk}"}
    assert "3 customers" in pages.post("/bulk/account/owner/", sent).content.decode()
    pages.post("/bulk/account/owner/", {**sent, "owner": mira.pk, "confirmed": "1"})
    assert Account.objects.filter(owner=mira).count() == 3
    assert Account.objects.filter(owner=None).count() == 3


@pytest.mark.parametrize(
    ("name", "sent", "column", "before", "after"),
    [
        ("owner", {"owner": ""}, "owner_id", None, None),
        ("tag", {"tags": "b, c"}, "tags", ["a", "b"], ["a", "b", "c"]),
        ("untag", {"tags": "a"}, "tags", ["a", "b"], ["b"]),
        ("fields", {"industry": "Film"}, "industry", "Rail", "Film"),
        ("contacting", {"stop": "yes"}, "do_not_contact", False, True),
    ],
)
def test_each_act_on_customers_and_back(pages, mira, name, sent, column, before, after):
    kelp = factories.account("Kelp", **({column: before} if column != "owner_id" else {"owner": mira}))
    was = getattr(kelp, column)
    pages.post(f"/bulk/account/{name}/", {"ids": ids(kelp), **sent, "confirmed": "1"})
    assert Account.objects.values_list(column, flat=True).get() == after
    undo(Act.objects.get(), mira, NOON)
    assert Account.objects.values_list(column, flat=True).get() == was


def test_people_who_are_not_to_be_contacted(pages, mira):
    anna = factories.contact()
    pages.post("/bulk/contact/contacting/", {"ids": ids(anna), "stop": "yes", "confirmed": "1"})
    assert Contact.objects.get().do_not_contact
    assert Act.objects.get().label == "asked not to contact 1 person"


def test_whoever_reads_mail_of_a_customer_is_looked_at_again(pages, mira):
    """A letter that was cleared must not leave after it."""
    anna = factories.contact(updated_at=NOON - timedelta(days=1))
    pages.post("/bulk/account/contacting/", {"ids": ids(anna.account), "stop": "yes", "confirmed": "1"})
    assert Contact.objects.get().updated_at == NOON


def test_a_task_for_each_and_back_but_for_those_that_were_done(pages, mira, sam):
    rows = [factories.account(f"Kelp {n}", owner=sam) for n in range(3)]
    sent = {"title": "Say hello", "due_on": "2026-06-05", "whose": "owner", "confirmed": "1"}
    pages.post("/bulk/account/task/", {"ids": ids(*rows), **sent})
    assert list(Task.objects.values_list("title", "owner")) == [("Say hello", sam.pk)] * 3
    assert Task.objects.first().due_at.astimezone(mira.zone).date() == date(2026, 6, 5)
    Task.objects.filter(account=rows[0]).update(done_at=NOON, done_by=sam)
    undone = undo(Act.objects.get(), mira, NOON)
    assert undone.reverted == 2
    assert [(one.record, one.because) for one in undone.kept] == [("Say hello", "Sam has done it")]
    assert Task.objects.get().account == rows[0]
    with pytest.raises(UndoError, match="do it again"):
        undo(Act.objects.latest("pk"), mira, NOON)


# Many rows


@pytest.fixture
def few(monkeypatch):
    """So that ten rows are many."""
    monkeypatch.setattr(rules, "AT_ONCE", 5)
    monkeypatch.setattr(rules, "SLICE", 4)


def many(pages, sam, mira) -> Run:
    Account.objects.bulk_create(Account(name=f"Kelp {n:02}", owner=sam) for n in range(10))
    pages.post("/bulk/account/owner/", {"all": "1", "asked": "", "owner": mira.pk, "confirmed": "1"})
    return Run.objects.get()


def test_many_rows_wait_for_a_worker_which_takes_them_in_slices(pages, mira, sam, few):
    run = many(pages, sam, mira)
    assert (run.state, run.total, run.done) == ("waiting", 10, 0)
    assert "0 of 10" in pages.get(f"/history/acts/{run.act_id}/").content.decode()
    assert not Account.objects.filter(owner=mira).exists()
    moved = []
    while rows := runs.work(NOON):
        moved.append(rows)
    run.refresh_from_db()
    assert moved == [4, 4, 2]
    assert (run.state, run.done, run.changed, run.finished_at) == ("done", 10, 10, NOON)
    assert Account.objects.filter(owner=mira).count() == 10
    assert Act.objects.count() == 1


def test_what_matches_later_was_not_agreed_to(pages, mira, sam, few):
    many(pages, sam, mira)
    factories.account("Later", owner=sam)
    while runs.work(NOON):
        pass
    assert Account.objects.get(owner=sam).name == "Later"


def test_it_can_be_stopped_and_what_was_done_undone(pages, mira, sam, few):
    run = many(pages, sam, mira)
    runs.work(NOON)
    with pytest.raises(UndoError, match="still at work"):
        begin_undo(run.act, mira, NOON)
    pages.post(f"/history/acts/{run.act_id}/stop/")
    while runs.work(NOON):
        pass
    run.refresh_from_db()
    assert (run.state, run.done) == ("stopped", 4)
    assert Account.objects.filter(owner=mira).count() == 4
    undo(Act.objects.get(pk=run.act_id), mira, NOON)
    assert not Account.objects.filter(owner=mira).exists()


def test_a_large_undo_is_work_too_and_names_what_it_kept(pages, mira, sam, ada, few):
    run = many(pages, sam, mira)
    while runs.work(NOON):
        pass
    Account.objects.filter(name="Kelp 03").update(owner=ada)
    pages.post(f"/history/acts/{run.act_id}/undo/")
    undoing = Act.objects.get(kind="undo")
    assert undoing.run.total == 10
    assert not Account.objects.filter(owner=sam).exists()
    while runs.work(NOON):
        pass
    assert Account.objects.filter(owner=sam).count() == 9
    html = pages.get(f"/history/acts/{undoing.pk}/").content.decode()
    assert "Kelp 03" in html
    assert "edited it since" in html
    undoing.refresh_from_db()
    assert (undoing.detail["reverted"], len(undoing.detail["kept"])) == (9, 1)
    assert (undoing.run.state, undoing.run.done) == ("done", 10)


def test_a_slice_that_fails_is_tried_again_and_then_told(pages, mira, few, caplog):
    Account.objects.bulk_create(Account(name=f"Kelp {n}") for n in range(10))

    def run(ids, data, by, now):
        Account.objects.filter(pk__in=ids).update(goal="half done")
        raise RuntimeError("poison")

    broken = BulkAction("Break", "x", "account", run, lambda data, rows: f"broke {rows}")
    with bulk_actions.temporarily("account.broken", broken):
        pages.post("/bulk/account/broken/", {"all": "1", "confirmed": "1"})
        now = NOON
        for _ in range(3):
            assert runs.work(now) == 1
            assert runs.work(now) == 0  # not at once
            now += runs.AGAIN_AFTER
    row = Run.objects.get()
    assert (row.state, row.done) == ("failed", 0)
    assert "failed three times" in row.error
    assert runs.next_due(now) is None
    assert not Account.objects.filter(goal="half done").exists()
    assert "failed three times" in pages.get(f"/history/acts/{row.act_id}/").content.decode()


def test_somebody_who_lost_the_right_goes_no_further(pages, mira, sam, few):
    run = many(pages, sam, mira)
    runs.work(NOON)
    type(mira).objects.filter(pk=mira.pk).update(role="agent")
    while runs.work(NOON):
        pass
    run.refresh_from_db()
    assert (run.state, run.done) == ("failed", 4)
    assert "may not do it any more" in run.error


def test_next_due_is_when_a_failed_slice_is_tried_again(pages, mira, sam, few):
    run = many(pages, sam, mira)
    Run.objects.filter(pk=run.pk).update(due_at=NOON + timedelta(seconds=30))
    assert runs.work(NOON + timedelta(seconds=29)) == 0
    assert runs.next_due(NOON) == NOON + timedelta(seconds=30)


def test_a_worker_that_dies_over_a_slice_leaves_a_counted_try(pages, mira, sam, few, monkeypatch):
    run = many(pages, sam, mira)

    class Killed(BaseException):
        pass

    def dies(*_):
        raise Killed

    monkeypatch.setattr(runs, "act_on", dies)
    now = NOON
    for tries in (1, 2, 3):
        with pytest.raises(Killed):
            runs.work(now)
        run.refresh_from_db()
        assert (run.tries, run.state, run.done) == (tries, "waiting", 0)
        assert runs.work(now) == 0  # others wait their turn, and so does this one
        now += runs.AGAIN_AFTER
    monkeypatch.undo()
    assert runs.work(now) == 1
    run.refresh_from_db()
    assert (run.state, run.done) == ("failed", 0), "as many died over it as may fail at it"
