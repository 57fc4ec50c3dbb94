"""Mail as it really comes: encoded, broken, huge, without a text; and where a quotation begins."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.correspondence import rules
from crm.correspondence.reading import text
from crm.correspondence.reading.mail import read
from tests.conftest import NOON


def test_words_in_any_encoding() -> None:
    mail = read(
        b"From: =?utf-8?q?J=C3=B6rg?= <Joerg@Kelp.Example>\r\nTo: =?iso-8859-1?q?Stra=DFe?= <a@b.example>\r\n"
        b"Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?b?4oKs?=\r\nDate: Mon, 1 Jun 2026 10:00:00 +0200\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n",
        NOON,
    )
    assert mail.sender
    assert (mail.sender.name, mail.sender.address) == ("Jörg", "joerg@kelp.example")
    assert (mail.subject, mail.text, mail.to[0].name) == ("Grüße€", "Grüße", "Straße")
    assert mail.date == datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("charset", ["klingon", "", "utf-8", "idna", "base64", "\xff", "utf\0-8"])
def test_a_charset_that_nobody_knows_hides_no_text(charset: str) -> None:
    raw = b'Content-Type: text/plain; charset="' + charset.encode() + b'"\r\n\r\nGood day, J\xf6rg'
    assert read(raw, NOON).text.startswith("Good day, J")


def test_html_alone_is_read_as_text() -> None:
    raw = (
        b"Content-Type: text/html\r\n\r\n<html><head><style>p{}</style></head><body><script>x()</script><p>Hello &amp;"
        b" <b>good</b> day</p><ul><li>one<li>two</ul><!-- <p>no --><blockquote>old<br>er</blockquote>"
    )
    mail = read(raw, NOON)
    assert mail.text == "Hello & good day\n\n- one\n- two\n\n> old\n> er"
    assert mail.folded_at is not None
    assert mail.text[: mail.folded_at].strip() == "Hello & good day\n\n- one\n- two"
    assert mail.html.startswith("<html><head><style>")  # as it came


def test_a_date_to_come_or_none_is_when_it_came() -> None:
    for said in ("Tue, 2 Jun 2026 10:00:00 +0000", "yesterday", "1" * 500, "Mon, 1 Jan 1900 00:00:00 +0000"):
        assert read(f"Date: {said}\r\n\r\n".encode(), NOON).date == NOON


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Auto-Submitted: auto-replied", True), ("Auto-Submitted: no", False), ("Precedence: bulk", True),
        ("X-Auto-Response-Suppress: All", True), ("List-Id: <x>", True), ("Return-Path: <>", True),
        ("Return-Path: <a@b>", False), ("X-Nothing: 1", False),
    ],
)  # fmt: skip
def test_what_machines_say_of_themselves(header: str, automatic: bool) -> None:
    assert read(f"{header}\r\n\r\n".encode(), NOON).automatic is automatic


@pytest.mark.parametrize(
    ("written", "fresh"),
    [
        ("Yes.\n\nOn Mon, Mira <m@x> wrote:\n> Two?\n> Three?", "Yes."),
        ("Yes.\n\nOn Mon, 1 Jun 2026 at 12:00, Mira Okafor\n<m@x> wrote:\n\n> Two?", "Yes."),
        ("Ja.\n\nAm 1. Juni schrieb Mira:\n> Zwei?", "Ja."),
        ("Yes.\n\n-----Original Message-----\nFrom: Mira\nTwo?", "Yes."),
        ("Yes.\n\n________________________________\nFrom: Mira <m@x>\nSent: Monday\nTo: Anna\n\nTwo?", "Yes."),
        ("Yes.\n\nFrom: Mira\nSent: Monday\nTo: Anna\nSubject: Seats\n\nTwo?", "Yes."),
        ("Yes.\n> Two?\n", "Yes."),
        ("> Two?\nYes.\n> Three?\nNo.", None),
        ("On Mon Mira wrote:\n> Two?\nYes, two.\n> Three?\nNo.", None),
        ("> all quoted", None),
        ("Hello.\nBen wrote:\nhe would come.", None),
        ("Yes.\n\nOn 1 June Mira wrote:\nTwo?", "Yes."),
        ("No quotation at all.", None),
        ("", None),
    ],
)
def test_where_a_quotation_begins(written: str, fresh: str | None) -> None:
    shown = text.tidy(written)
    at = text.folded_at(shown)
    if fresh is None:
        assert at is None
    else:
        assert shown[:at].strip() == fresh


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 80_000,
        b"Content-Type: text/html\r\n\r\n" + b"<!-- " * 80_000,
        b"Content-Type: text/html\r\n\r\n" + b"<a href='" * 40_000,
        b"\r\n" + b"On a\nb wrote:\n> q\nfoo\n" * 5_000,
        b"\r\n" + b"From: a\n" * 12_000,
        b"From: a@b.example\r\n" + b"".join(
            b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(2_000)
        ),
        b"From: a@b.example\r\n" + b"".join(
            b'Content-Type: multipart/mixed; BOUNDARY="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(400)
        ) + b"x\n" * 200_000,
        b"From: a@b.example\r\n" + b"".join(
            b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(100)
        ) + b"x\n" * 400_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\n\n" * 500_000,
        b"a: b\n" * 500_000,
        b"To: " + b"a@b.c," * 100_000,
        b"Subject: " + b"=?utf-8?q?" * 50_000,
        b"Content-Type: text/plain; " + b"a*0*=x;" * 3_000,
    ],
)  # fmt: skip
def test_what_is_made_to_take_our_time_takes_little(raw: bytes) -> None:
    began = time.process_time()
    read(raw, NOON)
    assert time.process_time() - began < 2


_NASTY = st.sampled_from([
    b"\0", b"\xff\xfe", b"=?utf-8?b?", b"?=", b"<", b">", b'"', b"(", b";", b"charset=", b"\xed\xa0\x80", b"\n",
    b"\r\n ", b"multipart/mixed", b"boundary=b", b"--b", b"message/rfc822", b"base64", b"@",
    b"multipart/report; report-type=delivery-status", b"message/delivery-status", b"filename*0*=",
])  # fmt: skip
_NAMES = st.sampled_from(
    [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"References", b"Content-Type", b"Content-Disposition",
     b"Content-Transfer-Encoding", b"Received", b"Delivered-To", b"MIME-Version", b""]
)  # fmt: skip
_VALUES = st.lists(_NASTY | st.binary(max_size=12), max_size=8).map(b"".join)


@settings(max_examples=150)
@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=12), st.lists(_NASTY | st.binary(max_size=30), max_size=12))
def test_no_mail_is_so_broken_that_it_cannot_be_read(heads: list[tuple[bytes, bytes]], body: list[bytes]) -> None:
    raw = b"".join(name + b": " + value + b"\r\n" for name, value in heads) + b"\r\n" + b"".join(body)
    mail = read(raw, NOON)
    words = [
        mail.subject,
        mail.text,
        mail.message_id,
        *mail.references,
        *mail.delivered_to,
        *(f.name for f in mail.files),
    ]
    words += [part for one in [mail.sender, *mail.to] if one for part in (one.name, one.address)]
    for word in words:
        assert "\0" not in word
        word.encode()  # no half characters
    assert mail.date <= NOON
    assert len(mail.message_id) <= 255


def test_tokens_stand_behind_the_plus_of_our_own_address_alone() -> None:
    token = "ab" * 16
    own = "inbox@crm.example"
    assert rules.tokens_in([rules.with_token(own, "u", token)], own).users == [token]
    for other in (f"inbox+u{token}@evil.example", f"other+u{token}@crm.example", f"u{token}@crm.example", own):
        assert rules.tokens_in([other], own) == rules.Tokens([], [], [])
    assert rules.tokens_in([f"+u{token}@"], "") == rules.Tokens([], [], [])


def test_subjects_answer_one_another() -> None:
    assert rules.answer_to("AW: Re: RE[2]: Seats") == "Re: Seats"
    assert rules.answer_to("Regarding seats") == "Re: Regarding seats"
