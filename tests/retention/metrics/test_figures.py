"""The figures: the examples of the texts, whatever history there was, and the names behind each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.imports.actions import Plan, import_file
from crm.ledger.actions import project
from crm.ledger.models import Contract, MrrMovement, Purchase
from crm.segments.filters import parse
from crm.segments.models import Segment
from crm.team.models import User
from retention.metrics.cohorts import cohorts
from retention.metrics.figures import of_period
from retention.metrics.names import behind, of_cell
from retention.metrics.reading import Period, PeriodError, Slice, counts
from retention.metrics.rules import Counts, band, crr, ltv, months_of
from tests import factories
from tests.conftest import NOON
from tests.retention.metrics import oracle

pytestmark = pytest.mark.django_db

START, END = date(2026, 4, 1), date(2026, 5, 1)
APRIL = Period(START, END)


def told(*options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("metrics", *options, "--json", stdout=out)
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


@pytest.fixture
def business(tmp_path: Path) -> Callable[[int, int, int], None]:
    """By files: so many customers at the start, at the end, and of these so many new ones."""

    def load(started: int, ended: int, new: int) -> None:
        lost = started - (ended - new)
        stays = [f"s{n}" for n in range(started)] + [f"n{n}" for n in range(new)]
        accounts = "".join(f"{name},Customer {name},company\n" for name in stays)
        (tmp_path / "accounts.csv").write_text("external_id,name,kind\n" + accounts)
        rows = []
        for n in range(started):
            rows.append(f"c-s{n},s{n},Team,2026-01-15,{'2026-04-20' if n < lost else ''},100.00,EUR\n")
        rows += [f"c-n{n},n{n},Team,2026-04-10,,100.00,EUR\n" for n in range(new)]
        header = "external_id,account_external_id,plan,starts_on,ends_on,mrr,currency\n"
        (tmp_path / "contracts.csv").write_text(header + "".join(rows))
        for kind in ("accounts", "contracts"):
            report = import_file(kind, tmp_path / f"{kind}.csv", now=NOON, plan=Plan())
            assert report.rejected == 0

    return load


@pytest.mark.parametrize(
    ("started", "ended", "new", "kept", "lost"),
    [(500, 600, 200, 0.8, 0.2), (50, 50, 10, 0.8, 0.2)],  # the two examples of the texts
)
def test_the_examples_of_the_texts_from_file_to_command(
    business: Callable[..., None], started: int, ended: int, new: int, kept: float, lost: float
) -> None:
    business(started, ended, new)
    found = told("--start", str(START), "--end", str(END))
    assert (found["customers_start"], found["customers_end"], found["customers_new"]) == (started, ended, new)
    assert (found["crr"], found["churn_rate"], found["customers_lost"]) == (kept, lost, started * lost)
    # 100 each: ARPA 100 / churn 0.2 = 500 in one month.
    assert (found["mrr_start"], found["arpa"], found["ltv"]) == (f"{started * 100}.00", "100.00", "500.00")
    assert (found["nrr"], found["grr"], found["nps"], found["csat"]) == (0.8, 0.8, None, None)


def test_nothing_at_all_is_not_available_rather_than_nought() -> None:
    found = told("--start", str(START), "--end", str(END))
    assert {name for name, value in found.items() if value is None} == {
        "crr", "churn_rate", "nrr", "grr", "arpa", "ltv", "repeat_purchase_rate", "nps", "csat",
    }  # fmt: skip
    assert (found["customers_start"], found["mrr_end"]) == (0, "0.00") or found["mrr_end"] == "0"


def test_growth_and_shrinking_of_those_who_were_there() -> None:
    """One grows, one shrinks, one leaves, one is new, one pays nothing: gross and net leave the last two out."""
    sizes = {"grows": (100, 150), "shrinks": (100, 60), "leaves": (100, 0), "new": (0, 400), "free": (0, 0)}
    for name, (before, after) in sizes.items():
        account = factories.account(name)
        if before or name == "free":
            factories.contract(account, date(2026, 1, 1), date(2026, 4, 15), mrr=before)
        if after or name == "free":
            factories.contract(account, date(2026, 4, 15), mrr=after)
        project([account.pk], NOON)
    found = of_period(APRIL, NOON)
    assert (found.customers_start, found.customers_end, found.customers_new, found.customers_lost) == (4, 4, 1, 1)
    assert (found.nrr, found.grr) == (Fraction(210, 300), Fraction(160, 300))
    assert found.arpa == Decimal("152.50")  # 610 / 4


def test_who_leaves_and_returns_within_a_period_is_kept() -> None:
    account = factories.account()
    factories.contract(account, date(2026, 1, 1), date(2026, 4, 10))
    factories.contract(account, date(2026, 4, 20))
    project([account.pk], NOON)
    assert (of_period(APRIL, NOON).crr, of_period(APRIL, NOON).customers_new) == (Fraction(1), 0)
    # On the first day without, and one before it.
    assert of_period(Period(date(2026, 4, 9), date(2026, 4, 9)), NOON).customers_end == 1
    assert of_period(Period(date(2026, 4, 10), date(2026, 4, 10)), NOON).customers_end == 0


def test_repeat_purchases_are_counted_up_to_the_end_of_the_last_day(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    midnight = datetime(2026, 5, 1, 22, tzinfo=UTC)  # 2 May begins
    for at in (midnight - timedelta(days=40), midnight - timedelta(microseconds=1)):
        Purchase.objects.create(account=Account.objects.first() or factories.account(), purchased_at=at, currency="EUR")
    late = factories.account()
    for at in (midnight - timedelta(days=3), midnight):
        Purchase.objects.create(account=late, purchased_at=at, currency="EUR")
    assert of_period(APRIL, NOON).repeat_purchase_rate == Fraction(1, 2)


def test_only_who_is_in_a_segment_and_whom_the_viewer_sees(ada: User) -> None:
    for name, industry in (("a", "Shipping"), ("b", "Shipping"), ("c", "Food")):
        account = factories.account(name, industry=industry)
        factories.contract(account, date(2026, 1, 1), date(2026, 4, 15) if name == "a" else None)
        project([account.pk], NOON)
    tree = {"field": "industry", "op": "is", "value": "Shipping"}
    Segment.objects.create(name="Ships", subject="account", tree=tree, owner=ada, shared=True)
    assert told("--start", str(START), "--end", str(END), "--segment", "ships")["crr"] == 0.5
    own = User.objects.create(email="own@holdfast.example", sees=User.Sees.OWN, role="manager")
    Account.objects.filter(name="c").update(owner=own)
    Account.objects.exclude(name="c").update(owner=ada)
    assert counts(APRIL, NOON, Slice(viewer=own)).customers_start == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--start", "2026-05-01", "--end", "2026-04-01"], "before it starts"),
        (["--start", "yesterday", "--end", "2026-04-01"], "--start must be a date such as"),
        (["--start", "2026-04-01", "--end", "2026-05-01", "--segment", "Nobody"], "No shared segment"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(options: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as refused:
        call_command("metrics", *options)
    assert refused.value.returncode == 2


def test_formulas_on_their_bounds() -> None:
    assert [band(Fraction(n, 1000)) for n in (850, 851, 900, 901)] == ["low", "good", "good", "great"]
    assert (band(None), crr(Counts()), ltv(Counts(customers_start=1, customers_end=1), Fraction(1))) == ("", None, None)
    assert months_of(date(2026, 1, 31), date(2026, 2, 28)) == 1
    assert months_of(date(2026, 1, 1), date(2026, 4, 1)) == 3
    assert months_of(date(2026, 1, 15), date(2026, 2, 1)) == Fraction(17, 31)
    with pytest.raises(PeriodError):
        Period(END, START)


# Any history ---------------------------------------------------------------------------------------------------------

_DAYS = st.dates(date(2026, 1, 1), date(2026, 6, 30))


@st.composite
def histories(draw: Any) -> list[oracle.Contract]:
    made = []
    for _ in range(draw(st.integers(0, 7))):
        edges = sorted(draw(st.sets(_DAYS, min_size=2, max_size=5)))
        terms = [
            oracle.Term(first, last, Decimal(draw(st.sampled_from(["0", "10", "99.99", "100.005"]))))
            for first, last in pairwise(edges)
            if draw(st.booleans())
        ]
        if terms and draw(st.booleans()):
            terms[-1].ends_on = None
        made.append(
            oracle.Contract(
                draw(st.integers(0, 3)), draw(st.sampled_from(["paid", "paused", "trial", "cancelled"])), terms
            )
        )
        if made[-1].status == "cancelled":
            made[-1].cancelled_on = draw(_DAYS)
        if made[-1].status != "trial" and draw(st.booleans()):
            made[-1].paid_from = draw(_DAYS)
    return made


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), _DAYS, _DAYS)
def test_any_history_is_counted_as_day_by_day(history: list[oracle.Contract], one: date, other: date) -> None:
    """Figures, the names behind them, and movements; whatever was there before is taken away first."""
    Account.objects.all().delete()
    accounts = [factories.account() for _ in range(4)]
    for contract in history:
        row = Contract.objects.create(
            account=accounts[contract.account], status=contract.status, currency="EUR", plan="Any",
            paid_from=contract.paid_from, cancelled_on=contract.cancelled_on,
        )  # fmt: skip
        for term in contract.terms:
            term.mrr = term.mrr.quantize(Decimal("0.01"))
            row.terms.create(starts_on=term.starts_on, ends_on=term.ends_on, mrr=term.mrr)
    now = datetime(2026, 7, 1, 12, tzinfo=UTC)
    project([account.pk for account in accounts], now)
    period = Period(min(one, other), max(one, other))
    expected = oracle.counted(history, period.start, period.end)
    for found in (counts(period, now), counts(period, now, as_of=now)):
        assert (found.customers_start, found.customers_end) == (len(expected.start), len(expected.end))
        assert (found.customers_new, found.customers_lost) == (len(expected.new), len(expected.lost))
        assert (found.mrr_start, found.mrr_end) == (expected.mrr_start, expected.mrr_end)
        assert (found.mrr_stayed, found.mrr_kept) == (expected.stayed, expected.kept)
    sets = {"customers_start": expected.start, "customers_end": expected.end, "customers_new": expected.new,
            "customers_lost": expected.lost}  # fmt: skip
    for figure, names in sets.items():
        chosen = parse({"all": behind(figure, period)}).apply(Account.objects.all(), now)
        assert {accounts.index(account) for account in chosen} == names
    for cohort in cohorts(6, now):
        joined = {account for account, day in oracle.joined(history).items() if day.replace(day=1) == cohort.first}
        assert cohort.joined == len(joined)
        for cell in cohort.cells:
            there = {account: mrr for account, mrr in oracle.standing(history, cell.month).items() if account in joined}
            assert (cell.customers, cell.mrr) == (len(there), sum(there.values()))
        names = parse({"all": of_cell(cohort.first, cell.month)}).apply(Account.objects.all(), now)
        assert {accounts.index(account) for account in names} == set(there)
    moved = MrrMovement.objects.filter(day__gt=period.start, day__lte=period.end)
    assert sum(row.amount for row in moved) == expected.mrr_end - expected.mrr_start
