"""The pages of cohorts: exact cells, as many names as a cell says, refusals, the file and the API."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from html import unescape

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.ledger.actions import project
from crm.segments.models import Segment
from crm.team.models import ApiToken, User
from retention.metrics.cohorts import Cell, Cohort, cohorts
from retention.metrics.joined.comparing import beside, chosen
from retention.metrics.rules import percent
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def customer(name: str, start: date, end: date | None = None, mrr: int = 100, **fields: object) -> Account:
    account = factories.account(name, **fields)
    factories.contract(account, start, end, mrr=mrr)
    project([account.pk], NOON)
    return account


@pytest.fixture
def customers() -> None:
    """Three of January, of whom one left in March; one of March, who came and went; one of May who grew."""
    customer("Anna", date(2026, 1, 10), industry="Shipping")
    customer("Berta", date(2026, 1, 31), industry="Shipping")
    customer("Cora", date(2026, 1, 1), date(2026, 3, 15))
    customer("Dora", date(2026, 3, 2), date(2026, 3, 20))
    customer("Elsa", date(2026, 5, 31), mrr=50)


def page(user: User, query: str = "") -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(f"/retention/cohorts/{query}")
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_a_span_within_a_month_joins_and_is_there_in_none(customers: None) -> None:
    found = {cohort.first.month: cohort for cohort in cohorts(5, NOON)}
    assert [found[month].joined for month in (1, 2, 3, 4, 5)] == [3, 0, 1, 0, 1]
    assert [cell.customers for cell in found[1].cells] == [3, 3, 2, 2, 2]
    assert [cell.mrr for cell in found[1].cells] == [300, 300, 200, 200, 200]
    assert [(cell.customers, cell.kept) for cell in found[3].cells] == [(0, Fraction(0))] * 3
    assert found[2].cells[0].kept is None


def test_every_cell_opens_as_many_names_as_it_says(customers: None, ada: User) -> None:
    client = Client()
    client.force_login(ada)
    html = page(ada, "?months=12")
    cells = re.findall(r'<a class="s\d+" href="([^"]+)" title="\d+ %: ([\d,]+) of ([\d,]+)', html)
    assert len(cells) == 6  # five months of January's, one of May's
    for url, count, _ in cells:
        listed = client.get(url, follow=True).content.decode()
        assert sum(f">{name}<" in listed for name in ("Anna", "Berta", "Cora", "Dora", "Elsa")) == int(count), url
    joined = client.get("/retention/cohorts/2026-01/", follow=True).content.decode()
    assert all(name in joined for name in ("Anna", "Berta", "Cora"))
    assert "Dora" not in joined
    assert client.get("/retention/cohorts/2026-13/").status_code == 404
    assert client.get("/retention/cohorts/2026-01/nothing/").status_code == 404


def test_only_of_a_segment_and_its_cells_keep_to_it(customers: None, ada: User) -> None:
    tree = {"field": "industry", "op": "is", "value": "Shipping"}
    ships = Segment.objects.create(name="Ships", subject="account", tree=tree, owner=ada, shared=True)
    html = page(ada, f"?segment={ships.pk}")
    assert "100 %: 2 of 2 who joined in January 2026" in html
    client = Client()
    client.force_login(ada)
    names = client.get(f"/retention/cohorts/2026-01/2026-02/?segment={ships.pk}", follow=True).content.decode()
    assert "Anna" in names
    assert "Cora" not in names


def test_a_confined_viewer_counts_their_own(customers: None, ada: User) -> None:
    own = User.objects.create(email="own@holdfast.example", sees=User.Sees.OWN, role="manager")
    Account.objects.update(owner=ada)
    Account.objects.filter(name="Anna").update(owner=own)
    assert "1 of 1 who joined in January 2026" in page(own)


@pytest.mark.parametrize(
    ("query", "why"),
    [("months=37", "1 to 36 months"), ("by=luck", "customers or revenue"), ("segment=99", "no such segment"),
     ("one=2026-13", "such as 2026-01"), ("f={", "no filter that can be read")],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_said(customers: None, ada: User, query: str, why: str) -> None:
    client = Client()
    client.force_login(ada)
    answer = client.get(f"/retention/cohorts/?{query}")
    assert answer.status_code == 422
    assert why in unescape(answer.content.decode())
    assert client.get(f"/retention/cohorts/file/?{query}").status_code == 404


def test_nobody_joined_says_what_will_stand_there(ada: User) -> None:
    assert "Nobody joined in these months" in page(ada)


def test_the_file_has_a_line_for_each_cell_and_needs_the_right(customers: None, mira: User, sam: User) -> None:
    client = Client()
    client.force_login(mira)
    answer = client.get("/retention/cohorts/file/?months=5")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 1 + 5 + 4 + 3 + 2 + 1
    assert lines[3] == "2026-01,3,2,2026-03-31,2,0.6667,200.00,0.6667,"
    assert lines[6] == "2026-02,0,0,2026-02-28,0,,0,,nobody joined in this month"
    assert lines[10] == "2026-03,1,0,2026-03-31,0,0.0000,0,,who joined in this month brought nothing at its end"
    client.force_login(sam)
    assert client.get("/retention/cohorts/file/").status_code == 403
    assert ["/cohorts/file/" in page(user) for user in (mira, sam)] == [True, False]


def test_programs_get_the_same(customers: None, ada: User) -> None:
    program = Client(headers={"Authorization": f"Bearer {ApiToken.issue(ada, 'read')[1]}"})
    told = program.get("/api/v1/metrics/cohorts/?months=5").json()
    assert (told["months"], told["cohorts"][0]["joined"]) == (5, 3)
    assert told["cohorts"][0]["cells"][2] == {
        "month": "2026-03-31", "customers": 2, "mrr": "200.00", "kept": 2 / 3, "revenue_kept": 2 / 3,
    }  # fmt: skip
    ships = json.dumps({"field": "industry", "op": "is", "value": "Shipping"})
    assert program.get("/api/v1/metrics/cohorts/", {"f": ships, "months": 5}).json()["cohorts"][0]["joined"] == 2
    for wrong in ("months=0", "months=x", "segment=1", "f=x", "by=revenue"):
        assert program.get(f"/api/v1/metrics/cohorts/?{wrong}").status_code == 400, wrong
    assert Client().get("/api/v1/metrics/cohorts/").status_code == 401


# Two beside each other ------------------------------------------------------------------------------------------------


def _cohort(month: int, joined: int, *left: int) -> Cohort:
    cells = tuple(Cell(date(2026, month, 28), there, Decimal(there), joined, Decimal(joined)) for there in left)
    return Cohort(date(2026, month, 1), joined, cells)


def test_two_are_compared_where_both_have_come_to() -> None:
    january, june = _cohort(1, 20, 20, 18, 16, 15, 14), _cohort(6, 10, 10, 9, 9, 9)
    found = beside(january, june, "customers")
    assert found.finding == (
        "After 3 months 75 % of the customers of January 2026 are left, and 90 % of June 2026: 15 points better."
    )
    assert found.lines == (("1 month", "90 %", "90 %", "±0"), ("3 months", "75 %", "90 %", "+15"))
    assert "15 points worse" in beside(june, january, "customers").finding
    assert "too few to judge" in beside(january, _cohort(6, 9, 9, 9), "customers").finding


def test_which_two_the_page_chooses() -> None:
    found = [_cohort(1, 3, 3, 3, 3, 3, 3), _cohort(2, 0, 0, 0, 0, 0), _cohort(3, 3, 3, 3, 3, 3), _cohort(5, 3, 3)]
    pair = chosen(found, None, None)
    assert pair is not None
    assert [cohort.first.month for cohort in pair] == [1, 3]
    assert chosen(found, date(2026, 1, 1), date(2026, 1, 1)) is None
    assert chosen(found, date(2020, 1, 1), None) is None


@pytest.mark.parametrize(
    ("rate", "words"),
    [(Fraction(999, 1000), "99"), (Fraction(1), "100"), (Fraction(1, 1000), "1"), (Fraction(0), "0"), (None, ""),
     (Fraction(11, 10), "110")],
)  # fmt: skip
def test_a_hundred_is_said_of_all_alone(rate: Fraction | None, words: str) -> None:
    assert percent(rate) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [(None, ""), (Fraction(0), "0.0"), (Fraction(1, 10_000), "0.1"), (Fraction(9996, 10_000), "99.9"),
     (Fraction(1), "100.0"), (Fraction(872, 1000), "87.2"), (Fraction(1042, 1000), "104.2")],
)  # fmt: skip
def test_tenths_of_percents_say_all_and_none_only_where_it_is_so(rate, words):
    assert percent(rate, 1) == words
