"""The dashboard: what it says sums up, every figure has as many names as it says, and who asks for nonsense is told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account
from crm.ledger.actions import project
from crm.ledger.models import Contract, Purchase
from crm.segments.filters import parse
from crm.segments.models import SavedView, Segment
from crm.team.models import ApiToken, User
from retention.metrics import names
from retention.metrics.asking import asked, earlier, preceding, ready
from retention.metrics.board import KINDS, Board, as_json, found
from retention.metrics.dashboard import drawing, tiles
from retention.metrics.reading import Period, PeriodError
from retention.metrics.rules import Joined, Kept, fast_leavers, grows_in_vain, kept_by_month
from tests import factories
from tests.conftest import NOON
from tests.retention.metrics import oracle
from tests.retention.metrics.test_figures import histories

pytestmark = pytest.mark.django_db

PAGE = "/retention/"
TODAY = date(2026, 6, 1)
MAY = {"period": "own", "from": "2026-04-30", "to": "2026-05-31"}


@pytest.fixture
def ada_client(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


@pytest.fixture
def olaf_client(client: Client, olaf: User) -> Client:
    client.force_login(olaf)
    return client


def behind(url: str, viewer: User, now: datetime = NOON) -> set[str]:
    """The names in the list of customers that an address leads to."""
    tree = json.loads(parse_qs(urlsplit(url).query)["f"][0])
    return {row.name for row in parse(tree, "account", viewer).apply(Account.objects.visible_to(viewer), now)}


def customers(spells: dict[str, tuple[date, date | None, int]], **fields: Any) -> dict[str, Account]:
    made = {}
    for name, (starts, ends, mrr) in spells.items():
        made[name] = factories.account(name, **fields)
        factories.contract(made[name], starts, ends, mrr=mrr)
    project([account.pk for account in made.values()], NOON)
    return made


# Any history ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.dates(date(2026, 2, 1), date(2026, 6, 30)), st.integers(1, 60))
def test_whatever_happened_it_sums_up_and_names_whom_it_counts(
    ada: User, history: list[oracle.Contract], end: date, days: int
) -> None:
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
    period = Period(end - timedelta(days=days), end)
    question = asked({"from": str(period.start), "to": str(end)}, ada, now)
    kept = json.loads(json.dumps(as_json(found(period, question.before, now, question.of))))
    board = Board.of(kept, period)
    counts, expected = board.counts, oracle.counted(history, period.start, end)
    assert sum(move.amount for move in board.moved) == counts.mrr_end - counts.mrr_start
    assert counts.mrr_end - counts.mrr_start == expected.mrr_end - expected.mrr_start
    for move in board.moved:
        assert len(behind(question.names(names.of_moves(move.kind, period)), ada, now)) == move.customers
    said = {tile.name: tile for tile in tiles.tiles(board, question)}
    assert len(behind(said["crr"].url, ada, now)) == len(expected.start) - len(expected.lost)
    assert len(behind(said["churn"].url, ada, now)) == len(expected.lost)
    assert len(behind(said["ltv"].url, ada, now)) == len(expected.end)
    assert (said["crr"].value == tiles.NONE) == (not expected.start)
    assert (said["ltv"].value == tiles.NONE) == (not expected.lost or not expected.end)
    for month in board.months:
        before = month.month - timedelta(days=1)
        last = (month.month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        there, still = set(oracle.standing(history, before)), set(oracle.standing(history, last))
        assert (month.customers, month.kept) == (len(there), len(there & still))
        assert len(behind(question.names(names.of_month(month.month)), ada, now)) == month.kept
    first_days = oracle.joined(history)
    for one in board.joined:
        mine = {name for name in expected.start if first_days[name].replace(day=1) == one.month}
        assert (one.customers, one.lost) == (len(mine), len(mine & expected.lost))


# The page ------------------------------------------------------------------------------------------------------------


def test_figures_of_a_period_beside_the_one_before(ada_client: Client, ada: User) -> None:
    customers({
        "Stays": (date(2026, 1, 1), None, 100), "Leaves": (date(2026, 1, 1), date(2026, 5, 10), 300),
        "Comes": (date(2026, 5, 5), None, 50),
    })  # fmt: skip
    answer = ada_client.get(PAGE, MAY)
    said = {tile.name: tile for tile in answer.context["tiles"]}
    assert (said["crr"].value, said["churn"].second) == ("50.0\N{NARROW NO-BREAK SPACE}%", "1 of 2 customers")
    assert (said["crr"].turn.words, said["churn"].turn.good) == ("50.0 points down", False)
    assert behind(said["churn"].url, ada) == {"Leaves"}
    page = answer.content.decode()
    assert "▼ 50.0 points down" in page
    assert "below 85" in page
    lines = [(label, move.amount, move.customers) for label, move, _ in answer.context["moves"]]
    assert lines == [("New", 50, 1), ("Grown", 0, 0), ("Back", 0, 0), ("Shrunk", 0, 0), ("Lost", -300, 1)]
    assert [bar.said for bar in answer.context["waterfall"].bars] == ["400", "50", "0", "0", "0", "−300", "150"]


def test_nobody_lost_leaves_lifetime_value_open_and_says_why(ada_client: Client) -> None:
    customers({"Stays": (date(2026, 1, 1), None, 100)})
    said = {tile.name: tile for tile in ada_client.get(PAGE, MAY).context["tiles"]}
    assert (said["ltv"].value, said["ltv"].second) == ("n/a", "nobody was lost, so it has no end")
    assert (said["repeat_purchase_rate"].value, said["csat"].value, "nps" in said) == ("n/a", "n/a", False)


def test_a_new_installation_is_told_what_to_import(ada_client: Client) -> None:
    page = ada_client.get(PAGE).content.decode()
    assert "Nothing to count yet" in page
    assert "Import a file" in page
    assert "n/a</b>" not in page


def test_days_without_customers_lead_back_to_where_there_are_some(ada_client: Client) -> None:
    customers({"Stays": (date(2026, 1, 1), None, 100)})
    days = {"from": "2024-01-01", "to": "2024-02-01"}
    page = ada_client.get(PAGE, days).content.decode()
    assert "Nobody was a customer in these days" in page
    assert f'<a class="btn" href="{PAGE}">This quarter</a>' in page  # “All customers” would lead to the same page again
    sliced = days | {"f": '{"all": [{"field": "name", "op": "is", "value": "Stays"}]}'}
    page = ada_client.get(PAGE, sliced).content.decode()
    assert "Nobody of these was a customer in these days" in page
    assert (
        '<a class="btn" href="/retention/?period=own&amp;from=2024-01-01&amp;to=2024-02-01">All customers</a>' in page
    )


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"from": "2026-05-31", "to": "2026-04-30"}, "ends on 30 Apr 2026, before it starts on 31 May 2026"),
        ({"from": "2026-05-31", "to": "2026-06-02"}, "still to come"),
        ({"from": "2026-05-31", "to": "2026-05-31"}, "nothing can happen in it"),
        ({"from": "yesterday", "to": ""}, "Own days are two dates"),
        ({"period": "decade"}, "no period called “decade”"),
        ({"compare": "mars"}, "not with “mars”"),
        ({"segment": "77"}, "no such segment"),
        ({"view": "x"}, "no such saved view"),
        ({"f": "{"}, "no filter that can be read"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    ada_client: Client, parameters: dict[str, str], why: str
) -> None:
    answer = ada_client.get(PAGE, parameters)
    assert answer.status_code == 400
    assert why in answer.content.decode()
    assert "filter: There is no such" not in answer.content.decode()


def test_sliced_by_segment_view_and_filter_the_lists_are_sliced_as_well(ada_client: Client, ada: User) -> None:
    customers({"A": (date(2026, 1, 1), date(2026, 5, 10), 10), "B": (date(2026, 1, 1), None, 10)}, industry="Ships")
    customers({"C": (date(2026, 1, 1), date(2026, 5, 10), 10)}, industry="Food")
    tree = {"all": [{"field": "industry", "op": "is", "value": "Ships"}]}
    segment = Segment.objects.create(name="Fleet", subject="account", tree=tree, owner=ada)
    view = SavedView.objects.create(name="Seen", subject="account", tree=tree, owner=ada)
    for slicing in ({"segment": segment.pk}, {"view": view.pk}, {"f": json.dumps(tree)}):
        answer = ada_client.get(PAGE, MAY | slicing)
        said = {tile.name: tile for tile in answer.context["tiles"]}
        assert said["churn"].second == "1 of 2 customers"
        assert behind(said["churn"].url, ada) == {"A"}
    view.parameters = {"q": "ship"}
    view.save()
    assert "searches for a text" in ada_client.get(PAGE, MAY | {"view": view.pk}).content.decode()


def test_who_sees_some_customers_gets_their_figures_and_names(olaf_client: Client, olaf: User, ada: User) -> None:
    customers({"Mine": (date(2026, 1, 1), date(2026, 5, 10), 10)}, owner=olaf)
    customers({"Other": (date(2026, 1, 1), date(2026, 5, 10), 999)}, owner=ada)
    answer = olaf_client.get(PAGE, MAY)
    said = {tile.name: tile for tile in answer.context["tiles"]}
    assert said["churn"].second == "1 of 1 customer"
    assert "999" not in answer.content.decode()
    assert behind(said["churn"].url, olaf) == {"Mine"}
    assert "of the customers that you may see" in answer.content.decode()


def test_the_first_product_that_leads_on_names_its_buyers(ada_client: Client, ada: User) -> None:
    orders = {"A": ["Mug", "Bag"], "B": ["mug"], "C": ["Mug", "Bag", "Pen"], "D": ["Bag"], "Late": ["Mug", "Pen"]}
    for name, products in orders.items():
        account = factories.account(name)
        for number, product in enumerate(products):
            at = datetime(2026, 5, 1 + number, 12, tzinfo=UTC) + timedelta(days=35 * (name == "Late") - 5)
            row = Purchase.objects.create(account=account, purchased_at=at, currency="EUR")
            row.items.create(place=1, product=product, amount=5)
    answer = ada_client.get(PAGE, MAY)
    found = [(one["path"].product.lower(), one["path"].buyers, one["path"].again, one["path"].following)
             for one in answer.context["products"]]  # fmt: skip
    assert found == [("mug", 4, 2, "Bag"), ("bag", 1, 0, "")]
    assert behind(answer.context["products"][0]["buyers"], ada) == {"A", "B", "C", "Late"}
    assert behind(answer.context["products"][0]["again"], ada) == {"A", "C"}
    said = {tile.name: tile for tile in answer.context["tiles"]}
    assert behind(said["repeat_purchase_rate"].url, ada) == {"A", "C"}
    assert "2 of 5 buyers" in said["repeat_purchase_rate"].second


def test_programs_get_the_same_figures_with_their_names(ada: User, ada_client: Client) -> None:
    customers({"Stays": (date(2026, 1, 1), None, 100), "Leaves": (date(2026, 1, 1), date(2026, 5, 10), 300)})
    program = Client(headers={"Authorization": f"Bearer {ApiToken.issue(ada, 'read')[1]}"})
    found = program.get("/api/v1/metrics/", MAY).json()
    assert (found["figures"]["crr"], found["figures"]["mrr_end"], found["band"]) == (0.5, "100.00", "low")
    lost = next(move for move in found["movements"] if move["kind"] == "churn")
    assert (lost["amount"], lost["customers"], behind(lost["names"], ada)) == ("-300.00", 1, {"Leaves"})
    assert {name: len(behind(url, ada)) for name, url in found["names"].items()} == {
        "customers_start": 2, "customers_end": 1, "customers_new": 0, "customers_lost": 1, "customers_kept": 1,
        "mrr_start": 2, "mrr_end": 1, "repeat_buyers": 0,
    }  # fmt: skip
    refused = ada_client.get("/retention/", {"from": "2026-05-31", "to": "2026-04-30"})
    page = refused.content.decode()
    assert (refused.status_code, "before it starts on 31 May 2026." in page) == (400, True)
    assert 'name="from" value="2026-05-31"' in page  # the chooser holds what was typed
    refused = program.get("/api/v1/metrics/", {"from": "2026-05-31", "to": "2026-04-30"})
    assert (refused.status_code, "before it starts" in refused.content.decode()) == (400, True)


# Periods and rules ---------------------------------------------------------------------------------------------------


def test_ready_periods_begin_with_the_customers_of_the_day_before() -> None:
    today = date(2026, 5, 20)
    spans = {name: (ready(name, today).start, ready(name, today).end) for name in ("month", "last-quarter", "year")}
    assert spans == {
        "month": (date(2026, 4, 30), today), "last-quarter": (date(2025, 12, 31), date(2026, 3, 31)),
        "year": (date(2025, 12, 31), today),
    }  # fmt: skip
    assert preceding("month", ready("month", today)) == Period(date(2026, 3, 31), date(2026, 4, 20))
    assert preceding("last-month", Period(date(2026, 1, 31), date(2026, 2, 28))) == Period(
        date(2025, 12, 31), date(2026, 1, 31)
    )
    assert preceding("own", Period(date(2026, 4, 10), date(2026, 4, 20))) == Period(
        date(2026, 3, 31), date(2026, 4, 10)
    )
    assert earlier(Period(date(2024, 2, 29), date(2024, 3, 10)), 12) == Period(date(2023, 2, 28), date(2023, 3, 10))
    with pytest.raises(PeriodError):
        asked({"period": "own"}, User(), NOON)


def test_months_of_bits() -> None:
    """Two at all three ends, one only at the first, one who comes at the last."""
    found = kept_by_month([(0b111, 2), (0b001, 1), (0b100, 1)], 2026 * 12 + 0, 2)
    assert found == [Kept(date(2026, 2, 1), 3, 2), Kept(date(2026, 3, 1), 2, 2)]


def test_a_quarter_is_told_of_only_when_it_is_more_than_chance() -> None:
    usual = Joined(date(2025, 2, 1), 400, 20)
    told = fast_leavers([usual, Joined(date(2026, 1, 1), 30, 4), Joined(date(2026, 2, 1), 30, 6)])
    assert told
    assert (told.first, told.customers, told.lost, told.times) == (date(2026, 1, 1), 60, 10, Fraction(10, 3))
    assert fast_leavers([usual, Joined(date(2026, 1, 1), 60, 7)]) is None  # more than twice as often, yet chance
    assert fast_leavers([usual, Joined(date(2026, 1, 1), 5, 4)]) is None  # too few to speak of
    assert fast_leavers([Joined(date(2026, 1, 1), 60, 30)]) is None  # nobody to compare with
    assert fast_leavers([usual, Joined(date(2026, 1, 1), 60, 0)]) is None


def test_growing_in_vain_on_its_bounds() -> None:
    assert grows_in_vain(Decimal(1000), Decimal(1009), Decimal(50))
    assert not grows_in_vain(Decimal(1000), Decimal(1010), Decimal(50))
    assert not grows_in_vain(Decimal(1000), Decimal(1009), Decimal("49.99"))
    assert not grows_in_vain(Decimal(0), Decimal(0), Decimal(50))


def test_the_waterfall_begins_and_ends_where_mrr_does() -> None:
    drawn = drawing.waterfall(
        Decimal(128000), [("New", Decimal(14200)), ("Lost", Decimal(-6500))], Decimal(135700), [""] * 4
    )
    assert drawn
    assert drawn.cut
    assert drawn.cut < 128000
    start, new, lost, end = drawn.bars
    assert round(new.y + new.height, 0) == round(start.y, 0)
    assert round(lost.y + lost.height, 0) == round(end.y, 0)
    assert (new.said, lost.said, [bar.tone for bar in drawn.bars]) == ("14.2k", "−6,500", ["neu", "pos", "neg", "neu"])
    still = drawing.waterfall(Decimal(100), [("Shrunk", Decimal(0))], Decimal(100), [""] * 3)
    assert still
    assert still.bars[1].tone == "held"
    assert drawing.waterfall(Decimal(0), [("New", Decimal(0))], Decimal(0), [""] * 3) is None
    assert len(KINDS) == 5


def test_managers_can_begin_with_it(client: Client, mira: User) -> None:
    client.force_login(mira)
    client.post("/me/", {"name": "Mira", "time_zone": "", "start_page": "retention"})
    client.logout()
    assert client.post("/sign-in/", {"login": mira.email, "password": "correct horse"})["Location"] == PAGE
    assert client.get(PAGE).status_code == 200
