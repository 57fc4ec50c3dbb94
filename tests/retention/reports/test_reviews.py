"""The monthly review: what it says, that it is counted and sent once and on time, and that it stays as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from crm.accounts.models import Account
from crm.ledger.actions import project
from crm.ledger.models import Cancellation, CancelReason
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets.models import Ticket, TicketCategory
from retention.reports import actions, rules
from retention.reports.models import MonthlyReview, ReviewReader
from retention.reports.reading import facts, kept, read
from retention.reports.rules import Category, Facts, Reason, Said, said
from tests import factories

MAY = date(2026, 5, 1)
#: 1 June 2026 is a Monday.
COUNTED = datetime(2026, 6, 1, 6, tzinfo=UTC)
SENT = datetime(2026, 6, 1, 8, tzinfo=UTC)
TICK = timedelta(microseconds=1)


# Sentences ------------------------------------------------------------------------------------------------------------


def figures(**other: Any) -> dict[str, Any]:
    still = {"customers_start": 100, "customers_end": 100, "customers_new": 10, "customers_lost": 10, "crr": 0.9}
    return still | {"mrr_start": "1000.00", "mrr_end": "1000.00", "nrr": 1.0, "grr": 0.9} | other


def about(month: dict[str, Any] | None = None, before: dict[str, Any] | None = None, **more: Any) -> Facts:
    return Facts(MAY, month or figures(), before or figures(), **more)


def told(found: Facts) -> Said:
    return said(found, lambda amount: f"€ {amount}")


def test_a_month_like_the_one_before_is_quiet() -> None:
    assert told(about()).quiet
    assert told(about()).sections == []


def test_retention_is_said_where_it_moved_by_a_point_or_into_another_band() -> None:
    up = told(about(figures(crr=0.91, customers_lost=9))).changed
    assert str(up[0]) == "91.0\u202f% of 100 customers were kept, 1 point more than the month before: 9 left."
    assert [part.names for part in up[0].parts] == ["", "start", "", "lost", ""]
    assert told(about(figures(crr=0.9099), figures(crr=0.901))).quiet
    assert not told(about(figures(crr=0.9001), figures(crr=0.8999))).quiet  # from good to great
    down = told(about(figures(crr=0.885), figures(crr=0.9))).changed
    assert (down[0].tone, "1.5 points fewer" in str(down[0])) == ("bad", True)
    few = figures(crr=0.5, customers_start=9)
    assert told(about(few)).quiet  # too few to judge
    assert told(about(figures(crr=0.8), few)).quiet  # too few to compare with
    assert told(about(figures(crr=None, customers_start=0))).quiet


def test_growth_by_new_customers_alone_is_told() -> None:
    grown = told(about(figures(mrr_end="1020.00", nrr=0.97))).changed
    assert [str(sentence) for sentence in grown] == [
        "MRR grew from € 1000.00 to € 1020.00.",
        "It grew by new customers alone: those who were there bring 97.0\u202f% of what they brought.",
    ]
    assert told(about(figures(mrr_end="1019.99", nrr=0.97))).quiet
    assert [str(one) for one in told(about(figures(mrr_end="900.00"))).changed] == [
        "MRR shrank from € 1000.00 to € 900.00."
    ]


def test_a_reason_stands_out_from_two_of_five_on() -> None:
    named = [Reason(7, "Missing feature", 2), Reason(8, "Price", 2), Reason(9, "Closed", 1)]
    assert str(told(about(reasons=named)).left[0]) == (
        "40 % of those who cancelled, 2 of 5, gave the reason “Missing feature”."
    )
    assert told(about(reasons=[*named, Reason(10, "Other", 1)])).quiet  # 2 of 6
    assert told(about(reasons=[Reason(7, "Missing feature", 4)])).quiet  # four are too few


def test_what_is_broken_is_named_from_its_bounds_on() -> None:
    exports = Category(3, "Exports", opened=6, reopened=3, answers=5, good=3)
    rest = Category(0, "Nothing in particular", opened=14, reopened=9, answers=9, good=0)
    assert [str(sentence) for sentence in told(about(categories=[rest, exports])).broken] == [
        "6 of 20 tickets were about “Exports”.",
        "60 % were content with help about “Exports”, of 5 answers.",
        "3 tickets about “Exports” were opened again.",
    ]
    fine = Category(3, "Exports", opened=4, reopened=2, answers=4, good=0)
    assert told(about(categories=[fine])).quiet


def test_who_was_saved_and_what_renews() -> None:
    found = told(about(saved=1, reinstated=2, renewing=3, renewing_mrr=Decimal("450.00")))
    assert [str(sentence) for sentence in (*found.saved, *found.next)] == [
        "Once a customer who wanted to leave stayed with a pause or a discount.",
        "2 cancellations were withdrawn.",
        "3 contracts end in June, € 450.00 a month.",
    ]


# Its time -------------------------------------------------------------------------------------------------------------


def test_the_first_working_day_is_the_houses() -> None:
    assert rules.first_working_day(date(2026, 7, 1), lambda day: day.weekday() < 5) == date(2026, 8, 3)
    assert rules.first_working_day(MAY, lambda day: day.day >= 4) == date(2026, 6, 4)
    assert rules.first_working_day(date(2026, 7, 1), lambda day: False) == date(2026, 8, 3)


def test_nobody_gets_it_before_it_is_counted() -> None:
    assert rules.sent_at(date(2026, 6, 1), ZoneInfo("Pacific/Auckland"), COUNTED) == COUNTED
    assert rules.sent_at(date(2026, 6, 1), ZoneInfo("America/New_York"), COUNTED) == COUNTED.replace(hour=12)


# Facts ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def month() -> dict[str, Any]:
    """Three customers on 30 April; in May one left for a missing feature, one was saved; one contract ends in June."""
    left, saved, stays = (factories.account(name) for name in ("Left", "Saved", "Stays"))
    gone = factories.contract(left, date(2026, 1, 1), date(2026, 5, 20), mrr=70)
    held = factories.contract(saved, date(2026, 1, 1), mrr=100)
    factories.contract(stays, date(2026, 1, 1), date(2026, 6, 30), mrr=300)
    factories.contract(stays, date(2026, 5, 30), date(2026, 6, 30), mrr=9, auto_renew=True)  # renews by itself
    project([left.pk, saved.pk, stays.pk], COUNTED)
    reason = CancelReason.objects.create(name="Missing feature of ours")
    common = {"reason": reason, "asked_on": date(2026, 5, 3)}
    Cancellation.objects.create(account=left, contract=gone, effective_on=date(2026, 5, 20), **common)
    Cancellation.objects.create(account=saved, contract=held, saved_by="pause", **common)
    Cancellation.objects.create(account=stays, contract=held, effective_on=date(2026, 6, 1), **common)  # June's
    category = TicketCategory.objects.create(name="Exports of ours")
    ticket = {"channel": "email", "reply_channel": "email", "asked_at": COUNTED, "category": category}
    for number, day in enumerate((date(2026, 4, 30), MAY, date(2026, 5, 31), date(2026, 6, 1))):
        at = datetime.combine(day, datetime.min.time(), UTC)
        Ticket.objects.create(account=left, subject="Exports", token=f"t{number}", created_at=at, **ticket)
    return {"left": left, "reason": reason, "stays": stays}


@pytest.mark.django_db
def test_the_facts_of_a_month_begin_and_end_with_it(month: dict[str, Any]) -> None:
    found = facts(MAY, SENT)
    assert (found.figures["customers_start"], found.figures["customers_lost"]) == (3, 1)
    assert found.reasons == [Reason(month["reason"].pk, "Missing feature of ours", 1)]
    assert [(one.name, one.opened) for one in found.categories if one.opened] == [("Exports of ours", 2)]
    assert (found.saved, found.reinstated, found.renewing, found.renewing_mrr) == (1, 0, 1, Decimal("300.00"))
    assert found.renewals == [(month["stays"].pk, "300.00")]
    assert found.leavers == [(month["left"].pk, "70.00")]
    assert read(MAY, kept(found)) == found


# Counted and sent -----------------------------------------------------------------------------------------------------


def mails() -> list[tuple[int | None, str]]:
    return list(OutboundMessage.objects.filter(origin="review").order_by("key").values_list("user_id", "category"))


@pytest.mark.django_db
def test_it_is_counted_and_sent_on_time_and_once(month: dict[str, Any], mira: User, sam: User) -> None:
    User.objects.update(time_zone="UTC")
    actions.subscribe(mira, datetime(2026, 5, 15, tzinfo=UTC))
    assert actions.work(COUNTED - TICK) == 0
    assert not MonthlyReview.objects.exists()
    assert actions.next_due(COUNTED - TICK) == COUNTED
    assert actions.work(COUNTED) == 1
    assert (actions.work(COUNTED), mails()) == (0, [])
    assert actions.next_due(COUNTED) == SENT
    assert (actions.work(SENT - TICK), mails()) == (0, [])
    assert actions.work(SENT) == 1
    assert mails() == [(mira.pk, "transactional")]
    assert (actions.work(SENT), actions.work(SENT + timedelta(days=20)), len(mails())) == (0, 0, 1)
    ReviewReader.objects.update(told_until=None)  # as if the note had been lost: the key still stands
    actions.work(SENT)
    assert len(mails()) == 1
    message = OutboundMessage.objects.get(origin="review")
    assert message.facts["month"] == "May 2026"
    assert "Once a customer who wanted to leave stayed with a pause or a discount." in str(message.facts["sections"])


@pytest.mark.django_db
def test_months_before_it_was_asked_for_are_not_sent(month: dict[str, Any], mira: User, sam: User) -> None:
    User.objects.update(time_zone="UTC")
    actions.subscribe(mira, SENT)
    actions.subscribe(sam, SENT + TICK)
    assert actions.work(SENT + TICK) == 1
    assert actions.work(SENT + TICK) == 2
    assert mails() == [(mira.pk, "transactional")]
    assert ReviewReader.objects.get(user=sam).told_until == MAY
    actions.subscribe(mira, SENT + timedelta(days=1))  # asked again: the first moment holds
    assert ReviewReader.objects.get(user=mira).since == SENT


@pytest.mark.django_db
def test_whoever_may_not_see_all_or_is_gone_or_late_gets_none(month: dict[str, Any], mira: User, sam: User) -> None:
    early = datetime(2026, 5, 1, tzinfo=UTC)
    actions.subscribe(mira, early)
    actions.subscribe(sam, early)
    User.objects.filter(pk=mira.pk).update(sees="own")
    User.objects.filter(pk=sam.pk).update(is_active=False)
    actions.work(SENT)
    assert (actions.work(SENT), mails()) == (2, [])
    late = User.objects.create_user("late@holdfast.example", None, name="Late", role="manager")
    actions.subscribe(late, early)
    assert (actions.work(SENT + rules.STALE), mails()) == (1, [])


@pytest.mark.django_db
def test_an_empty_installation_reports_nothing() -> None:
    assert actions.work(SENT) == 0
    assert not MonthlyReview.objects.exists()


@pytest.mark.django_db
def test_a_review_is_of_a_whole_month_and_once(month: dict[str, Any]) -> None:
    actions.work(SENT)
    for day in (MAY, date(2026, 4, 2)):
        with pytest.raises(IntegrityError), transaction.atomic():
            MonthlyReview.objects.create(month=day, facts={})


# Pages ----------------------------------------------------------------------------------------------------------------


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_what_was_reported_stands_and_a_correction_stands_beside_it(month: dict[str, Any], ada: User) -> None:
    actions.work(SENT)
    client = client_of(ada)
    page = unescape(client.get("/retention/reviews/2026-05/").content.decode())
    assert "As reported" in page
    assert "now " not in page[page.index('class="tiles"') : page.index("</div></div>", page.index('class="tiles"'))]
    month["stays"].contracts.first().terms.update(ends_on=date(2026, 5, 10))
    month["stays"].contracts.last().terms.all().delete()
    project([month["stays"].pk], SENT + timedelta(hours=1))
    page = unescape(client.get("/retention/reviews/2026-05/").content.decode())
    assert "66.7\u202f%" in page
    assert "now 33.3\u202f%" in page
    assert "What was reported stands" in page
    assert client.get("/retention/reviews/2026-06/").status_code == 404  # not over
    assert client.get("/retention/reviews/2026-13/").status_code == 404
    assert "Not reported" in client.get("/retention/reviews/2026-04/").content.decode()


@pytest.mark.django_db
def test_every_figure_opens_its_names(month: dict[str, Any], ada: User) -> None:
    actions.work(SENT)
    client = client_of(ada)
    reason = month["reason"].pk
    for what, names in {
        f"reason/?reason={reason}": {"Left"}, "reason/": {"Left"}, "saved/": {"Saved"}, "reinstated/": set(),
        "renewing/": {"Stays"}, "leavers/": {"Left"},
    }.items():  # fmt: skip
        page = client.get(f"/retention/reviews/2026-05/{what}").content.decode()
        assert {name for name in ("Left", "Saved", "Stays") if f">{name}<" in page} == names, what
    assert client.get("/retention/reviews/2026-05/luck/").status_code == 404
    assert client.get("/retention/reviews/2026-05/reason/?reason=x").status_code == 404


@pytest.mark.django_db
def test_it_is_for_those_who_see_all_customers(month: dict[str, Any], olaf: User, mira: User) -> None:
    actions.work(SENT)
    client = client_of(olaf)
    assert client.get("/retention/reviews/2026-05/").status_code == 404
    assert client.get("/retention/reviews/2026-05/leavers/").status_code == 404
    assert "A review counts all customers" in client.get("/retention/reviews/").content.decode()
    assert client.post("/retention/reviews/mail/", {"wanted": "yes"}).status_code == 404
    assert not ReviewReader.objects.exists()
    client = client_of(mira)
    assert client.post("/retention/reviews/mail/", {"wanted": "perhaps"}).status_code == 400
    client.post("/retention/reviews/mail/", {"wanted": "yes"})
    assert ReviewReader.objects.get().user == mira
    client.post("/retention/reviews/mail/", {"wanted": "no"})
    assert not ReviewReader.objects.exists()
    assert Account.objects.count() == 3
