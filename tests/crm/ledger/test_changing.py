"""What account managers decide about contracts, seen by what it makes of the figures, and by what an undo leaves."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from crm.history.actions import UndoError, undo
from crm.ledger import actions, reading
from crm.ledger.actions import changing, leaving
from crm.ledger.actions.renewals import book_renewals
from crm.ledger.models import Cancellation, CancelReason, CustomerSpan
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.ledger import counting

pytestmark = pytest.mark.django_db
TODAY, DAY = date(2026, 6, 1), timedelta(days=1)
START, END = date(2026, 1, 31), date(2027, 1, 31)


@pytest.fixture
def price(db):
    return leaving.Asked(CancelReason.objects.get_or_create(name="Too expensive")[0], "twice as dear")


@pytest.fixture
def contract(db):
    row = factories.contract(factories.account("Kelp"), START, END, mrr=400, auto_renew=True)
    actions.project([row.account_id], NOON)
    return row


def spans(contract):
    rows = CustomerSpan.objects.filter(account=contract.account_id).order_by("starts_on")
    return [(row.starts_on, row.ends_on, row.mrr) for row in rows]


def terms(contract):
    return list(contract.terms.order_by("starts_on").values_list("starts_on", "ends_on", "mrr"))


def test_an_upgrade_counts_from_its_day_and_goes_back(contract, mira):
    day = TODAY + 14 * DAY
    done = changing.change(contract, changing.NewTerms(Decimal(500), day, "Scale"), mira, NOON)
    contract.refresh_from_db()
    assert (contract.plan, spans(contract)) == ("Scale", [(START, day, 400), (day, END, 500)])
    assert TimelineEntry.objects.get(kind="contract.changed").text == (
        "Pro becomes Scale: €\N{NARROW NO-BREAK SPACE}400 → €\N{NARROW NO-BREAK SPACE}500 a month from 15 Jun 2026"
    )
    back = undo(done, mira, NOON)
    contract.refresh_from_db()
    assert (contract.plan, terms(contract), back.kept) == ("Pro", [(START, END, 400)], [])
    assert not TimelineEntry.objects.filter(kind="contract.changed").exists()
    again = undo(done.__class__.objects.get(undoes=done), mira, NOON)
    assert (spans(contract), again.kept) == ([(START, day, 400), (day, END, 500)], [])
    assert TimelineEntry.objects.get(kind="contract.changed").actor == mira


@pytest.mark.parametrize("read", [False, True])
def test_workflows_begin_with_what_is_done_again_only_if_they_had_not_begun_with_it(contract, mira, read):
    done = changing.change(contract, changing.NewTerms(Decimal(500), TODAY, "Scale"), mira, NOON)
    if read:
        Pending.objects.all().delete()  # as the worker does that has matched it
    undo(done, mira, NOON)
    assert not Pending.objects.exists()
    undo(done.__class__.objects.get(undoes=done), mira, NOON)
    assert Pending.objects.filter(entry__kind="contract.changed").exists() != read


def test_a_term_that_was_changed_since_is_not_taken_back(contract, mira):
    done = changing.change(contract, changing.NewTerms(Decimal(500), TODAY), mira, NOON)
    changing.change(contract, changing.NewTerms(Decimal(550), TODAY), mira, NOON)
    with pytest.raises(UndoError, match="changed since"):
        undo(done, mira, NOON)
    assert spans(contract)[1:] == [(TODAY, END, 550)]


@pytest.mark.parametrize(
    ("mrr", "day", "said"),
    [
        (400, TODAY, "nothing would change"),
        (500, START - DAY, "No term of the contract runs on 30 Jan 2026"),
        (500, END, "No term of the contract runs on 31 Jan 2027"),
        (-1, TODAY, "0 or more"),
    ],
)
def test_what_cannot_be_changed_says_why_and_stays(contract, mira, mrr, day, said):
    with pytest.raises(changing.ChangeError, match=said):
        changing.change(contract, changing.NewTerms(Decimal(mrr), day), mira, NOON)
    assert terms(contract) == [(START, END, 400)]


def test_notice_runs_to_its_day_does_not_renew_and_can_be_withdrawn(contract, mira, price):
    on = leaving.end_of_period(contract, TODAY)
    assert on == END
    leaving.cancel(contract, price, TODAY + 30 * DAY, mira, NOON)
    contract.refresh_from_db()
    assert (contract.status, contract.auto_renew) == ("paid", False)
    assert spans(contract) == [(START, TODAY + 30 * DAY, 400)]
    assert book_renewals(NOON + 31 * DAY) == 0
    with pytest.raises(changing.ChangeError, match="given notice already"):
        leaving.cancel(contract, price, TODAY, mira, NOON)
    leaving.reinstate(contract, mira, NOON + DAY)
    contract.refresh_from_db()
    assert (contract.auto_renew, spans(contract)) == (True, [(START, END, 400)])
    assert Cancellation.objects.get().withdrawn_on == TODAY + DAY


def test_the_end_at_once_leaves_a_gap_for_who_comes_back(contract, mira, price):
    leaving.cancel(contract, price, TODAY - 10 * DAY, mira, NOON)
    contract.refresh_from_db()
    assert (contract.status, contract.cancelled_on, spans(contract)) == (
        "cancelled", TODAY - 10 * DAY, [(START, TODAY - 10 * DAY, 400)]
    )  # fmt: skip
    assert reading.contract(contract, TODAY)["running"] is None  # the dialog names no price that nobody pays
    done = leaving.reinstate(contract, mira, NOON)
    assert spans(contract) == [(START, TODAY - 10 * DAY, 400), (TODAY, END, 400)]
    kinds = [kind for _, kind in counting.stored(contract.account_id)]
    assert kinds == ["new", "churn", "reactivation"]
    undo(done, mira, NOON)
    assert spans(contract) == [(START, TODAY - 10 * DAY, 400)]
    undo(done.__class__.objects.get(kind="contract.cancelled"), mira, NOON)
    contract.refresh_from_db()
    assert (contract.status, contract.cancelled_on, spans(contract)) == ("paid", None, [(START, END, 400)])
    assert not Cancellation.objects.exists()


def test_it_cannot_end_before_it_began_nor_after_its_term(contract, mira, price):
    for day, said in ((START - DAY, "cannot end before"), (END + DAY, "ends on 31 Jan 2027 if it is not renewed")):
        with pytest.raises(changing.ChangeError, match=said):
            leaving.cancel(contract, price, day, mira, NOON)
    assert (spans(contract), Cancellation.objects.count()) == ([(START, END, 400)], 0)


def test_a_discount_keeps_them_and_the_price_comes_back_with_the_next_term(contract, mira, price):
    leaving.save_by_discount(contract, price, leaving.Discount(25, 3), mira, NOON)
    assert terms(contract) == [(START, TODAY, 400), (TODAY, date(2026, 9, 1), 300), (date(2026, 9, 1), END, 400)]
    leaving.save_by_discount(contract, price, leaving.Discount(50, 24), mira, NOON + 100 * DAY)
    assert terms(contract)[-2:] == [(date(2026, 9, 9), END, 200), (END, date(2028, 1, 31), 400)]
    assert list(Cancellation.objects.values_list("saved_by", "effective_on")) == [("discount", None)] * 2


def test_a_pause_keeps_them_as_customers(contract, mira, price):
    leaving.save_by_pause(contract, price, mira, NOON)
    contract.refresh_from_db()
    assert (contract.status, contract.account.lifecycle, spans(contract)) == ("paused", "paused", [(START, END, 400)])
    changing.resume(contract, mira, NOON)
    contract.refresh_from_db()
    assert contract.status == "paid"
    with pytest.raises(changing.ChangeError, match="is not paused"):
        changing.resume(contract, mira, NOON)


def test_a_trial_counts_from_the_day_on_which_it_is_paid_and_never_if_it_is_not(api_contract, mira):
    paid, left = api_contract("paid"), api_contract("cancelled")
    assert (paid.paid_from, spans(paid)) == (TODAY, [(TODAY, END, 400)])
    assert (left.paid_from, left.cancelled_on, spans(left)) == (TODAY, TODAY, [])
    left.account.refresh_from_db()
    assert left.account.lifecycle == "lead"


@pytest.fixture
def api_contract(client, ada, load):
    """A trial that became something else by a file."""

    def made(status):
        account = factories.account(external_id=status)
        row = factories.contract(account, START, END, mrr=400, status="trial", external_id=f"k-{status}")
        actions.project([account.pk], NOON)
        load("contracts", f"external_id,account_external_id,starts_on,status\nk-{status},{status},{START},{status}\n")
        row.refresh_from_db()
        return row

    return made


def test_who_comes_back_by_a_file_leaves_a_gap_and_the_same_file_changes_nothing(load, mira):
    account = factories.account(external_id="a")
    head = "external_id,account_external_id,starts_on,ends_on,mrr,status\n"
    row = f"k,a,{START},{END},400,"
    load("contracts", f"{head}{row}paid\n")
    load("contracts", f"{head}{row}cancelled\n")
    later = NOON + 5 * DAY
    load("contracts", f"{head}{row}paid\n", now=later)
    contract = account.contracts.get()
    gone = [(START, TODAY, 400), (TODAY + 5 * DAY, END, 400)]
    assert spans(contract) == gone
    again = load("contracts", f"{head}{row}paid\n", now=later)
    assert (again.skipped, again.rejected, spans(contract)) == (1, 0, gone)


def test_the_dialog_shows_first_what_follows(client, mira, sam, contract, price):
    url = f"/contracts/{contract.pk}/cancellation/"
    client.force_login(sam)
    assert client.get(url).status_code == 403
    client.force_login(mira)
    assert b"Too expensive" in client.get(url).content
    said = {"reason": price.reason.pk, "note": "", "way": "end", "effective_on": "2026-07-01"}
    shown = client.post(url, said)
    assert shown.status_code == 200
    effect = shown.context["effect"]
    assert (effect.before, effect.after, effect.stays) == (400, 0, False)
    assert spans(contract) == [(START, END, 400)]  # not done yet
    mark = shown.context["mark"]
    other = client.post(url, said | {"effective_on": "2026-08-01", "shown": mark})
    assert (other.status_code, spans(contract)) == (200, [(START, END, 400)])  # something else than was shown
    assert client.post(url, said | {"shown": mark}).status_code == 302
    assert spans(contract) == [(START, date(2026, 7, 1), 400)]
    assert client.post(url, said | {"way": "discount", "percent": "", "months": 3}).status_code == 422
    page = client.get(f"/contracts/{contract.pk}/")
    assert f"{contract.account}</a>" in page.content.decode()  # whose it is, where no dialog lies over them
    assert 'id="dialog"' in page.content.decode()  # alone, it has room for the forms that its buttons open
    assert (page.context["notice"].effective_on, page.context["can_cancel"]) == (date(2026, 7, 1), False)
