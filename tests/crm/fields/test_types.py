"""What each type takes, refuses and says; and that whatever is shown in a form, a file or the API can be read again."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.fields.rules import TYPES, Definition, FieldError, Option, key_of

OPTIONS = (Option("gold", "Gold"), Option("silver", "Silver plus"), Option("lead", "Lead", gone=True))
PEOPLE = (Option("7", "Mira", also="mira@example.com"), Option("8", "Ben", gone=True, also="ben@example.com"))


def of(kind: str, **more: Any) -> Definition:
    if kind in ("choice", "choices"):
        more.setdefault("options", OPTIONS)
    if kind == "user":
        more.setdefault("options", PEOPLE)
    if kind == "money":
        more.setdefault("decimals", 2)
    return Definition(1, "account", "seats", "Seats", kind, currency="EUR", region="DE", **more)


@pytest.mark.parametrize(
    ("kind", "written", "stored", "said"),
    [
        ("text", "  two   words ", "two words", "two words"),
        ("long", "one\r\ntwo\n", "one\ntwo", "one\ntwo"),
        ("number", "1250", "1250", "1,250"),
        ("number", " -7 ", "-7", "−7"),
        ("number", "−7", "-7", "−7"),
        ("number", 12, "12", "12"),
        ("number", "-0", "0", "0"),
        ("money", "1250.5", "1250.50", "€ 1,250.50"),
        ("money", "1,250.50", "1250.50", "€ 1,250.50"),
        ("money", "12,5", "12.50", "€ 12.50"),
        ("money", Decimal(3), "3.00", "€ 3"),
        ("date", "2026-03-31", "2026-03-31", "31 Mar 2026"),
        ("date", "31.3.2026", "2026-03-31", "31 Mar 2026"),
        ("date", date(2024, 2, 29), "2024-02-29", "29 Feb 2024"),
        ("yes_no", "Yes", True, "yes"),
        ("yes_no", "0", False, "no"),
        ("yes_no", False, False, "no"),
        ("choice", "gold", "gold", "Gold"),
        ("choice", "SILVER PLUS", "silver", "Silver plus"),
        ("choices", "Silver plus, gold; gold", ["gold", "silver"], "Gold, Silver plus"),
        ("choices", ["silver"], ["silver"], "Silver plus"),
        ("url", "example.com/a?b=1", "https://example.com/a?b=1", "https://example.com/a?b=1"),
        ("url", "http://example.com:8080", "http://example.com:8080", "http://example.com:8080"),
        ("email", " Anna@Example.com", "anna@example.com", "anna@example.com"),
        ("phone", "030 1234567", "+49 30 1234567", "+49 30 1234567"),
        ("phone", "+1 650 253 0000", "+1 650-253-0000", "+1 650-253-0000"),
        ("user", "mira@example.com", "7", "Mira"),
        ("user", "7", "7", "Mira"),
    ],
)
def test_what_is_written_is_stored_and_said(kind: str, written: Any, stored: Any, said: str) -> None:
    value = of(kind).clean(written)
    assert (value, type(value)) == (stored, type(stored))
    assert of(kind).said(value).replace("\u202f", " ") == said


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("blank", [None, "", "  ", []])
def test_nothing_is_nothing(kind: str, blank: Any) -> None:
    assert of(kind).clean(blank) is None
    assert (of(kind).said(None), of(kind).cell(None), of(kind).told(None)) == ("", "", None)


@pytest.mark.parametrize(
    ("kind", "written", "said"),
    [
        ("text", "x" * 201, "Has 201 characters; 200 fit. Shorten it."),
        ("text", "a\0b", "Holds a character that no text may have. Write it again."),
        ("text", ["a"], "Is no text. Write it as text."),
        ("number", "ten", "Is not a number. Write digits, such as 1250.50."),
        ("number", "1.5", "Has more decimals than fit: none fit. Round it."),
        ("money", "1.005", "Has more decimals than fit: 2 fit. Round it."),
        ("money", "1,250", "Could be either of two numbers. Write it without a comma, such as 1250 or 1.25."),
        ("number", "1000000000001", "Is too large. Numbers go up to 1,000,000,000,000."),
        ("number", True, "Is not a number. Write digits, such as 1250.50."),
        ("number", "٣", "Is not a number. Write digits, such as 1250.50."),
        ("date", "31/03/2026", "Is not a date. Write year, month and day, such as 2026-03-31."),
        ("date", "2026-02-30", "Is not a day of the calendar. Write year, month and day, such as 2026-03-31."),
        ("yes_no", "perhaps", "Is neither yes nor no. Write yes or no, or leave it blank."),
        ("choice", "platinum", "“platinum” is not one of the choices. Choose one of Gold, Silver plus."),
        ("choice", "lead", "“lead” is not one of the choices. Choose one of Gold, Silver plus."),
        ("choice", ["gold", "silver"], "Is more than one. Choose one."),
        ("choices", 7, "Is no list. Name the choices in a list."),
        ("url", "javascript:alert(1)", "Is not an address on the web. Write one such as https://example.com/page."),
        ("url", "ftp://example.com", "Is not an address on the web. Write one such as https://example.com/page."),
        ("url", "just words", "Is not an address on the web. Write one such as https://example.com/page."),
        ("email", "anna@", "Is not an e-mail address. Write one address, such as anna@example.com."),
        ("phone", "call me", "Is no phone number. Write it with its country, such as +49 30 1234567."),
        ("user", "ben@example.com", "“ben@example.com” is not one of the choices. Choose one of Mira."),
    ],
)
def test_what_cannot_be_kept_is_refused_with_what_to_do(kind: str, written: Any, said: str) -> None:
    with pytest.raises(FieldError) as refused:
        of(kind).clean(written)
    assert str(refused.value) == said


def test_the_largest_number_fits_and_one_more_does_not() -> None:
    assert of("number").clean("1000000000000") == "1000000000000"
    assert of("number", decimals=6).clean("0.000001") == "0.000001"
    with pytest.raises(FieldError):
        of("number", decimals=6).clean("0.0000001")


_texts = st.text(max_size=60)
_numbers = st.decimals(-(10**12), 10**12, places=2)
WRITTEN: dict[str, st.SearchStrategy[Any]] = {
    "text": _texts, "long": _texts, "number": _numbers | _texts, "money": _numbers | st.floats(width=32) | _texts,
    "date": st.dates() | _texts, "yes_no": st.booleans() | _texts,
    "choice": st.sampled_from(["gold", "Silver plus", "lead"]) | _texts,
    "choices": st.lists(st.sampled_from(["gold", "silver", "Gold"])) | _texts,
    "url": st.from_regex(r"(https?://)?[a-z]{1,9}\.[a-z]{2,4}(/[\w.~%-]{0,20})?", fullmatch=True) | _texts,
    "email": st.emails() | _texts, "phone": st.from_regex(r"\+?[1-9][0-9 ()/-]{3,19}", fullmatch=True) | _texts,
    "user": st.sampled_from(["7", "8", "mira@example.com"]) | _texts,
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
@given(data=st.data())
def test_what_is_shown_can_be_read_again(kind: str, data: st.DataObject) -> None:
    field = of(kind, **({"decimals": 2} if kind == "number" else {}))
    try:
        value = field.clean(data.draw(WRITTEN[kind]))
    except FieldError:
        return
    assert json.loads(json.dumps(value)) == value
    assert field.clean(value) == value
    assert field.clean(field.typed(value)) == value
    assert field.clean(field.cell(value)) == value
    assert field.clean(field.told(value)) == value
    assert bool(field.said(value)) == (value is not None)


@pytest.mark.parametrize(
    ("name", "key"),
    [("Tier", "tier"), ("Größe in m²", "grosse_in_m2"), ("24/7 support", "x_24_7_support"), ("日本", ""),
     ("a" * 60, "a" * 40)],
)  # fmt: skip
def test_a_key_is_made_of_a_name(name: str, key: str) -> None:
    assert key_of(name) == key
