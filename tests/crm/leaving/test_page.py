"""The page on which a customer leaves: opening it changes nothing, what they decide is done once, limits hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils.html import strip_tags

from crm.accounts.models import Account
from crm.duplicates.merging import merge
from crm.history.actions import undo
from crm.history.models import Act
from crm.leaving import letters, report, tokens
from crm.leaving.actions import Answer, answer, set_offers
from crm.leaving.models import LeavingAnswer, LeavingOffer
from crm.leaving.rules import DISCOUNT, PAUSE, SMALLER, TALK, Offer
from crm.ledger.actions import leaving, project
from crm.ledger.actions.changing import resume
from crm.ledger.models import Cancellation, CancelReason, Contract
from crm.outbox.models import Notification, OutboundMessage
from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from tests import factories
from tests.beside import beside
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
TODAY, END = date(2026, 6, 1), date(2027, 1, 1)


@pytest.fixture
def reasons() -> dict[str, CancelReason]:
    names = {"price": "Price", "season": "Not needed now", "feature": "A feature is missing", "other": "Other"}
    return {key: CancelReason.objects.create(name=f"{name} (test)", order=90) for key, name in names.items()}


@pytest.fixture
def contract(mira: Any, reasons: dict[str, CancelReason], ada: Any) -> Contract:
    of = factories.account("Kelp", owner=mira)
    factories.contact(of, email="anna@kelp.example")
    made = factories.contract(of, date(2026, 1, 1), END, 100, auto_renew=True)
    project([of.pk], NOON)
    set_offers({"afterwards": "We keep your data for 90 days."}, {
        reasons["season"].pk: Offer(PAUSE, words="Come back when the season begins."),
        reasons["price"].pk: Offer(DISCOUNT, 20, 3), reasons["feature"].pk: Offer(TALK),
        reasons["other"].pk: Offer(SMALLER),
    }, ada, NOON)  # fmt: skip
    return made


@pytest.fixture
def url(contract: Contract) -> str:
    return _url(contract)


def _url(contract: Contract, contact: int | None = None, last: date = TODAY) -> str:
    return f"/leave/{tokens.issue(contract.pk, contact, last)}/"


def _text(answer: Any) -> str:
    """What people read of it."""
    return strip_tags(answer.content.decode())


def _decide(client: Client, url: str, reason: CancelReason, took: str, shown: date = END) -> Any:
    said = {"reason": reason.pk, "note": "It rains.", "took": took, "shown": str(shown)}
    return client.post(url, said)


def test_opening_the_page_and_giving_a_reason_changes_nothing(client: Client, url: str, reasons: Any) -> None:
    assert "ends on 1 Jan 2027" in _text(client.get(url))
    for query in ("?took=end&reason=1", "?took=pause"):  # as a scanner of links would follow them
        assert client.get(url + query).status_code == 200
    offered = client.post(url, {"reason": reasons["season"].pk, "note": ""})
    page = _text(offered)
    assert "Come back when the season begins." in page
    assert "Cancel from 1 Jan 2027" in page  # beside every offer
    assert "We keep your data for 90 days." in page
    assert not Cancellation.objects.exists()
    assert not LeavingAnswer.objects.exists()
    assert not Act.objects.filter(kind__startswith="contract.").exists()
    assert not client.cookies


def test_a_pause_is_taken_once_and_confirmed_once(client: Client, contract: Contract, url: str, reasons: Any) -> None:
    for _ in range(2):
        assert _decide(client, url, reasons["season"], PAUSE).status_code in (302, 409)
    contract.refresh_from_db()
    assert contract.status == "paused"
    kept = Cancellation.objects.get()
    assert (kept.saved_by, kept.by, kept.note) == ("pause", None, "It rains.")
    mail = OutboundMessage.objects.get()
    assert (mail.category, mail.key) == ("transactional", f"leaving:{LeavingAnswer.objects.get().pk}")
    assert "pauses from today on, until you tell us to go on" in mail.facts["what"]
    assert TimelineEntry.objects.get(kind="contract.saved").source == "customer"
    assert Notification.objects.get().text.startswith("Kelp pauses Pro instead of leaving")
    assert "Your contract pauses" in _text(client.get(url))


def test_who_declines_leaves_to_the_end_of_what_is_paid(
    client: Client, contract: Contract, url: str, reasons: Any
) -> None:
    assert _decide(client, url, reasons["season"], "end").status_code == 302
    gone = Cancellation.objects.get()
    assert (gone.effective_on, gone.saved_by, gone.asked_on) == (END, None, TODAY)
    answer = LeavingAnswer.objects.get()
    assert (answer.offered, answer.took, answer.effective_on) == (PAUSE, "end", END)
    again = _decide(client, url, reasons["season"], "end")
    assert (again.status_code, Cancellation.objects.count(), OutboundMessage.objects.count()) == (302, 1, 1)
    page = client.get(url).content.decode()
    assert "Your contract ends on 1 Jan 2027" in strip_tags(page)
    assert "<form" not in page


def test_the_day_that_was_shown_is_the_day_that_counts(client: Client, url: str, reasons: Any) -> None:
    answer = _decide(client, url, reasons["season"], "end", shown=date(2026, 12, 1))
    assert answer.status_code == 409
    assert "It would end on 1 Jan 2027 now" in _text(answer)
    assert not Cancellation.objects.exists()


def test_what_was_not_offered_cannot_be_taken(client: Client, contract: Contract, url: str, reasons: Any) -> None:
    answer = _decide(client, url, reasons["season"], DISCOUNT)
    assert (answer.status_code, Cancellation.objects.count()) == (409, 0)
    assert _decide(client, url, reasons["season"], "gold").status_code == 422


def test_a_discount_comes_once_a_year_for_all_contracts_of_a_customer(
    client: Client, contract: Contract, url: str, reasons: Any
) -> None:
    assert _decide(client, url, reasons["price"], DISCOUNT).status_code == 302
    assert contract.terms.get(starts_on=TODAY).mrr == 80
    other = factories.contract(contract.account, date(2026, 1, 1), END, 50, plan="Extra")
    assert _decide(client, _url(other), reasons["price"], DISCOUNT).status_code == 409
    assert other.terms.get().mrr == 50
    Cancellation.objects.update(asked_on=TODAY - timedelta(days=365))
    assert _decide(client, _url(other), reasons["price"], DISCOUNT).status_code == 302


@pytest.mark.parametrize(("key", "took", "kind"), [("feature", TALK, "talk"), ("other", SMALLER, "smaller")])
def test_a_talk_and_a_smaller_plan_become_a_task_for_the_owner_once(
    client: Client, contract: Contract, url: str, reasons: Any, key: str, took: str, kind: str
) -> None:
    for _ in range(2):
        assert _decide(client, url, reasons[key], took).status_code == 302
    task = Task.objects.get()
    assert (task.owner, task.account_id) == (contract.account.owner, contract.account_id)
    assert "It rains." in task.body
    assert TimelineEntry.objects.filter(kind=f"contract.{kind}_wanted").count() == 1
    assert (contract.status, Cancellation.objects.count(), OutboundMessage.objects.count()) == ("paid", 0, 0)


def test_links_that_are_damaged_old_or_for_nobody_lead_nowhere(client: Client, contract: Contract, url: str) -> None:
    damaged = client.get(url[:-4] + "aaa/")
    assert (damaged.status_code, b"This link is damaged" in damaged.content) == (404, True)
    forged = signing.Signer(salt="another", sep=".").sign_object([contract.pk, 0, TODAY.toordinal()])
    assert client.get(f"/leave/{forged}/").status_code == 404
    assert client.get(_url(contract, last=TODAY)).status_code == 200  # its last day
    assert client.get(_url(contract, last=TODAY - timedelta(days=1))).status_code == 410
    person = factories.contact(contract.account)
    link = _url(contract, person.pk)
    assert client.get(link).status_code == 200
    person.delete()  # as an erasure does
    assert client.get(link).status_code == 404


def test_an_expired_link_decides_nothing(client: Client, contract: Contract, reasons: Any) -> None:
    old = _url(contract, last=TODAY - timedelta(days=1))
    assert _decide(client, old, reasons["season"], "end").status_code == 410
    assert not Cancellation.objects.exists()


def test_a_merged_customer_keeps_the_link_and_so_does_a_merged_person(
    client: Client, contract: Contract, reasons: Any, ada: Any
) -> None:
    person = contract.account.contacts.get()
    link = _url(contract, person.pk)
    keeper = factories.account("Kelp & Co", owner=ada)
    merge("account", keeper.pk, contract.account_id, {}, ada, NOON)
    twin = factories.contact(keeper)
    merge("contact", twin.pk, person.pk, {}, ada, NOON)
    assert "Kelp &amp; Co" in client.get(link).content.decode()
    assert _decide(client, link, reasons["season"], PAUSE).status_code == 302
    assert Cancellation.objects.get().account_id == keeper.pk


def test_what_somebody_of_ours_cancelled_meanwhile_is_shown_and_not_done_twice(
    client: Client, contract: Contract, url: str, reasons: Any, ada: Any
) -> None:
    asked = leaving.Asked(reasons["price"])
    leaving.cancel(contract, asked, date(2026, 8, 1), ada, NOON)
    assert _decide(client, url, reasons["season"], "end").status_code == 302
    assert Cancellation.objects.get().effective_on == date(2026, 8, 1)
    assert "Your contract ends on 1 Aug 2026" in _text(client.get(url))


def test_expected_contracts_have_no_page_and_trials_end_without_an_offer(client: Client, reasons: Any) -> None:
    of = factories.account()
    expected = factories.contract(of, TODAY, END, status="expected")
    assert client.get(_url(expected)).status_code == 404
    trial = factories.contract(of, TODAY, date(2026, 6, 15), status="trial")
    page = client.post(_url(trial), {"reason": reasons["season"].pk}).content.decode()
    assert "pause" not in page
    assert _decide(client, _url(trial), reasons["season"], "end", date(2026, 6, 15)).status_code == 302
    assert Cancellation.objects.get().effective_on == date(2026, 6, 15)


def test_a_contract_that_never_began_and_one_that_ran_out(client: Client, reasons: Any) -> None:
    of = factories.account()
    later = factories.contract(of, date(2026, 7, 1), date(2027, 7, 1))
    assert _decide(client, _url(later), reasons["season"], "end", date(2026, 7, 1)).status_code == 302
    assert not later.terms.exists()
    over = factories.contract(of, date(2025, 1, 1), date(2026, 1, 1))
    page = _text(client.get(_url(over)))
    assert "It ended on 1 Jan 2026" in page
    assert _decide(client, _url(over), reasons["season"], "end", date(2026, 1, 1)).status_code == 302
    assert Cancellation.objects.count() == 1


def test_what_is_undone_by_us_is_not_confirmed_any_more(
    client: Client, contract: Contract, url: str, reasons: Any, ada: Any
) -> None:
    _decide(client, url, reasons["season"], "end")
    mail = OutboundMessage.objects.get()
    assert letters.guard([mail], NOON) == {}
    undo(Act.objects.get(kind="contract.cancelled"), ada, NOON)
    contract.refresh_from_db()
    assert (contract.auto_renew, Cancellation.objects.count()) == (True, 0)
    assert letters.guard([mail], NOON)[mail.pk].guard == "taken-back"
    assert "Cancel your contract" in _text(client.get(url))


def test_many_answers_from_one_address_wait(client: Client, url: str, reasons: Any) -> None:
    said = {"reason": reasons["season"].pk, "note": ""}
    answers = [client.post(url, said).status_code for _ in range(21)]
    assert (answers[:20], answers[20]) == ([200] * 20, 429)


def test_the_report_ranks_reasons_and_says_who_stayed(contract: Contract, reasons: Any, ada: Any) -> None:
    def gone(key: str, days: int = 0, **more: Any) -> None:
        Cancellation.objects.create(
            account=contract.account, contract=contract, reason=reasons[key],
            **({"effective_on": END} | {"asked_on": TODAY - timedelta(days=days)} | more),
        )  # fmt: skip

    for key, days in (("price", 0), ("feature", 1), ("feature", 89), ("price", 90)):
        gone(key, days)
    gone("other", withdrawn_on=TODAY)
    gone("season", 90, effective_on=None, saved_by="pause")
    gone("season", 89, effective_on=None, saved_by="pause")
    found = [(one.name.split(" (")[0], one.count, one.share) for one in report.reasons(ada, 90, TODAY)]
    assert found == [("A feature is missing", 2, 67), ("Price", 1, 33)]
    pause = report.kept(ada, 90, TODAY)[0]
    assert (pause.kind, pause.offered, pause.taken, pause.stayed, pause.judged) == ("pause", 1, 1, 1, 1)
    Contract.objects.filter(pk=contract.pk).update(status="cancelled", cancelled_on=TODAY)
    project([contract.account_id], NOON)
    assert report.kept(ada, 90, TODAY)[0].stayed == 0


def test_the_report_opens_its_names_and_each_sees_their_own(
    contract: Contract, reasons: Any, ada: Any, olaf: Any, client: Client
) -> None:
    Cancellation.objects.create(account=contract.account, contract=contract, reason=reasons["price"],
                                asked_on=TODAY, effective_on=END, note="Far too dear")  # fmt: skip
    client.force_login(ada)
    page = client.get(f"/leaving/?days=30&reason={reasons['price'].pk}").content.decode()
    assert "Far too dear" in page
    assert "100 %" in page
    assert "Far too dear" not in client.get(f"/leaving/?reason={reasons['other'].pk}").content.decode()
    assert client.get("/leaving/?reason=x").status_code == 404
    client.force_login(olaf)
    assert "Far too dear" not in client.get("/leaving/").content.decode()


def test_who_left_without_a_word_is_counted_beside_the_notices(
    reasons: Any, ada: Any, olaf: Any, mira: Any, client: Client
) -> None:
    def ended(name: str, ends_on: date, **more: Any) -> Contract:
        account = factories.account(name, owner=mira)
        row = factories.contract(account, date(2025, 1, 1), ends_on, 100)
        if more:
            Cancellation.objects.create(account=account, contract=row, reason=reasons["price"], **more)
        return row

    for name, days in (("Today", 0), ("First day", 89), ("Before", 90), ("Tomorrow", -1)):
        ended(name, TODAY - timedelta(days=days))
    ended("Said so", TODAY, asked_on=TODAY - timedelta(days=30), effective_on=TODAY)
    ended("Took it back", TODAY, asked_on=TODAY - timedelta(days=30), effective_on=TODAY, withdrawn_on=TODAY)
    back = ended("Came back", TODAY - timedelta(days=9)).account
    factories.contract(back, TODAY - timedelta(days=3), None, 100)
    project(list(Account.objects.values_list("pk", flat=True)), NOON)
    names = {span.account.name for span in report.unannounced(ada, 90, TODAY)}
    assert names == {"Today", "First day", "Took it back"}
    client.force_login(ada)
    page = client.get("/leaving/?days=90&silent=1").content.decode()
    assert "3 customers</a> left without giving notice" in page
    assert "Who left without giving notice" in page
    assert "First day" in page
    assert "Said so" not in page
    client.force_login(olaf)
    assert "First day" not in client.get("/leaving/?days=90&silent=1").content.decode()


def test_admins_set_offers_and_take_them_back(reasons: Any, ada: Any, mira: Any, client: Client) -> None:
    client.force_login(mira)
    assert client.get("/settings/leaving/").status_code == 403
    client.force_login(ada)
    name = f"r{reasons['price'].pk}"
    said = {"link_days": 30, "every_days": 365, "afterwards": "", f"{name}-kind": "discount"}
    refused = client.post("/settings/leaving/", said)
    assert (refused.status_code, "A discount needs this." in refused.content.decode()) == (422, True)
    kept = client.post("/settings/leaving/", said | {f"{name}-percent": 10, f"{name}-months": 2})
    assert kept.status_code == 302
    assert LeavingOffer.objects.get().offer == Offer(DISCOUNT, 10, 2)
    undo(Act.objects.get(kind="leaving.set"), ada, NOON)
    assert not LeavingOffer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_one_discount(reasons: Any) -> None:
    """Two windows, two contracts of one customer: the limit is the customer's."""
    of = factories.account("Kelp")
    both = [factories.contract(of, date(2026, 1, 1), END, 100, plan=plan) for plan in ("Pro", "Extra")]
    set_offers({}, {reasons["price"].pk: Offer(DISCOUNT, 20, 3)}, None, NOON)
    given = Answer(reasons["price"], "", DISCOUNT)
    gave = beside(*(lambda pk=one.pk: answer(pk, given, NOON) for one in both))
    assert sorted(type(one).__name__ for one in gave) == ["LeavingAnswer", "NotAnyMore"]
    assert Cancellation.objects.count() == 1


def test_links_that_were_revoked_open_nothing_and_the_next_one_does(
    contract: Contract, mira: Any, olaf: Any, client: Client
) -> None:
    old = tokens.url_of(contract.pk, None, END).removeprefix("http://testserver")
    path = old[old.index("/leave/") :]
    assert Client().get(path).status_code == 200
    client.force_login(olaf)
    assert client.post(f"/contracts/{contract.pk}/leave-link/revocation/").status_code == 404
    assert Client().get(path).status_code == 200

    client.force_login(mira)
    client.post(f"/contracts/{contract.pk}/leave-link/revocation/")
    gone = Client().get(path)
    assert (gone.status_code, b"does not work any more" in gone.content) == (404, True)
    assert b"Open it from the mail once more" not in gone.content  # it would lead back here
    said = {"reason": CancelReason.objects.latest("pk").pk, "note": "", "took": "end", "shown": str(END)}
    assert Client().post(path, said).status_code == 404
    assert not contract.cancellations.exists()
    fresh = tokens.url_of(contract.pk, None, END)
    assert Client().get(fresh[fresh.index("/leave/") :]).status_code == 200


def test_the_page_says_nothing_of_what_one_of_ours_has_changed_since(
    client: Client, url: str, contract: Contract, reasons: dict[str, CancelReason], ada: Any
) -> None:
    _decide(client, url, reasons["season"], PAUSE)
    assert "Your contract pauses" in _text(client.get(url))
    resume(contract, ada, NOON)
    assert "Your contract pauses" not in (text := _text(client.get(url)))
    assert "Cancel your contract" in text
    _decide(client, url, reasons["price"], DISCOUNT)
    assert "Your discount begins today" in _text(client.get(url))
    undo(Act.objects.filter(kind="contract.saved").latest("pk"), ada, NOON)
    assert "Your discount begins today" not in (text := _text(client.get(url)))
    assert "Cancel your contract" in text
