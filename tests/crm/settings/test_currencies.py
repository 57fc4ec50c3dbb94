"""Rates of exchange: added, pasted, removed while unused, undone; and which one a booked amount takes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm.history.models import Act
from crm.ledger.actions.rates import rate_on
from crm.ledger.models import ContractTerm, CurrencyRate
from crm.settings.rate_lines import LineError, NewRate, read
from tests import factories

PAGE = "/settings/currencies/"
TODAY = date(2026, 6, 1)


@pytest.fixture
def admin(client, ada):
    client.force_login(ada)
    return client


def give(code: str, day: str, rate: str) -> CurrencyRate:
    return CurrencyRate.objects.create(code=code, valid_from=day, rate=rate)


def book(code: str, rate: str) -> None:
    made = factories.contract(factories.account(), TODAY, currency=code)
    ContractTerm.objects.filter(contract=made).update(rate=Decimal(rate))


@pytest.mark.parametrize(("day", "rate"), [
    (date(2025, 1, 1), "0.90"), (date(2026, 1, 1), "0.90"), (date(2026, 5, 31), "0.90"), (date(2026, 6, 1), "0.92"),
    (date(2030, 1, 1), "0.92"),
])  # fmt: skip
def test_the_rate_of_a_day(db, day: date, rate: str):
    give("USD", "2026-01-01", "0.90")
    give("USD", "2026-06-01", "0.92")
    give("GBP", "2026-06-01", "1.2")
    assert rate_on("USD", day) == Decimal(rate)


def test_the_environment_stands_in_until_there_is_a_rate(db, settings):
    settings.CURRENCY_RATES = {"USD": Decimal("0.5")}
    assert (rate_on("USD", TODAY), rate_on("EUR", TODAY), rate_on("CHF", TODAY)) == (Decimal("0.5"), 1, None)
    give("USD", "2026-01-01", "0.9")
    assert rate_on("USD", TODAY) == Decimal("0.9")


def test_a_rate_is_added_and_never_changed(admin, ada):
    for rate in ("0.92", "0.5"):
        admin.post(PAGE, {"code": "usd", "rate": rate, "valid_from": "2026-06-01"})
    row = CurrencyRate.objects.get()
    assert (row.code, row.rate, row.valid_from, row.added_by) == ("USD", Decimal("0.92"), TODAY, ada)
    assert "in use" not in admin.get(PAGE).content.decode()
    assert Act.objects.get().label == "added 1 rate of USD"


def test_a_rate_may_have_a_comma(admin):
    admin.post(PAGE, {"code": "GBP", "rate": "1,17", "valid_from": "2026-06-01"})
    assert CurrencyRate.objects.get().rate == Decimal("1.17")


@pytest.mark.parametrize(("code", "rate", "why"), [
    ("EUR", "1", "reporting currency"), ("US", "1", "three letters"), ("USD", "0", "or more."),
    ("USD", "one", "such as 0.92"),
])  # fmt: skip
def test_what_cannot_be_a_rate(admin, code: str, rate: str, why: str):
    answer = admin.post(PAGE, {"code": code, "rate": rate, "valid_from": "2026-06-01"})
    assert (answer.status_code, why in answer.content.decode()) == (422, True)
    assert not CurrencyRate.objects.exists()


def test_pasted_lines(admin):
    lines = "Currency\tFrom\tRate\nUSD\t2026-01-01\t0,92\nGBP\t1.17\nUSD\t2025-01-01\t0.9"
    admin.post(f"{PAGE}rates/", {"lines": lines})
    assert list(CurrencyRate.objects.order_by("code", "valid_from").values_list("code", "valid_from", "rate")) == [
        ("GBP", TODAY, Decimal("1.17")), ("USD", date(2025, 1, 1), Decimal("0.9")),
        ("USD", date(2026, 1, 1), Decimal("0.92")),
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "why"), [
    ("USD, 2026-01-01", "not understood"), ("USD, 2026-02-30, 1", "no day of the calendar"),
    ("EUR 1", "always worth 1"), ("USD; 2026-01-01; x1", "no number"), ("USD, -1", "lies between"),
    ("USD 1\nUSD 2", "another rate"),
    ("USD, 0.9.2", "no number"), ("USD, 2026-01-01, 1e30", "lies between"),
])  # fmt: skip
def test_a_line_that_is_not_understood_is_named(text: str, why: str):
    with pytest.raises(LineError, match=why):
        read(text, "EUR", TODAY)


def test_lines_as_a_spreadsheet_has_them():
    assert read('USD;"0,92"', "EUR", TODAY) == [NewRate("USD", TODAY, Decimal("0.92"))]
    assert read("0.92 usd 2026-01-02", "EUR", TODAY) == [NewRate("USD", date(2026, 1, 2), Decimal("0.92"))]


def test_one_that_was_booked_with_stays(admin):
    used, mistake = give("USD", "2026-01-01", "0.9"), give("USD", "2026-02-01", "9")
    book("USD", "0.9")
    for rate in (used, mistake):
        admin.post(f"{PAGE}rates/{rate.pk}/removal/")
    assert list(CurrencyRate.objects.all()) == [used]
    admin.post(f"/history/acts/{Act.objects.latest('pk').pk}/undo/")
    assert set(CurrencyRate.objects.values_list("rate", flat=True)) == {Decimal("0.9"), Decimal(9)}


def test_adding_is_undone_but_for_what_was_booked_with(admin):
    admin.post(f"{PAGE}rates/", {"lines": "USD 0.9\nGBP 1.2"})
    added = Act.objects.get()
    book("GBP", "1.2")
    admin.post(f"/history/acts/{added.pk}/undo/")
    assert CurrencyRate.objects.get().code == "GBP"
    undoing = Act.objects.get(undoes=added)
    assert (undoing.detail["reverted"], undoing.detail["kept"][0]["because"]) == (1, "amounts have been booked with it")


def test_the_page_says_which_currency_lacks_a_rate(admin):
    book("USD", "0.9")
    book("GBP", "1.2")
    give("GBP", "2026-01-01", "1.2")
    page = admin.get(PAGE).content.decode()
    assert page.count("no rate: imports reject it") == 1


def test_others_may_not(client, mira):
    client.force_login(mira)
    assert client.post(PAGE, {"code": "USD", "rate": "1", "valid_from": "2026-06-01"}).status_code == 403
    assert not CurrencyRate.objects.exists()
