"""Thousands of mails that nobody of ours wrote, bent and broken at random: none stops the desk, and each lands in the
ticket that it belongs to. Most of them are those by which Python's own mail library is tested."""

from __future__ import annotations

import random
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from crm.correspondence import rules
from crm.correspondence.reading.mail import read
from crm.inbox import actions
from crm.inbox.models import InboundPayload, InboxSettings
from crm.outbox import mime
from crm.tickets.models import Ticket, TicketMessage, TicketSettings
from tests import factories
from tests.conftest import NOON
from tests.crm.tickets.mails import DESK, OWN

#: Of so many mails, how many at least others wrote.
FOREIGN = 0.7


def corpus() -> list[bytes]:
    suite = pytest.importorskip("test.test_email")
    found = [path.read_bytes() for path in sorted((Path(suite.__file__).parent / "data").glob("msg_*.txt"))]
    assert len(found) > 40
    return found


# What befalls a mail on its way ---------------------------------------------------------------------------------------


def _flip(raw: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 40)):
        raw[dice.randrange(len(raw))] = dice.randrange(256)


def _cut(raw: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(raw))
    del raw[start : start + dice.randint(1, 400)]


def _repeat(raw: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(raw))
    raw[start:start] = raw[start : start + dice.randint(1, 300)] * dice.randint(1, 5)


def _truncate(raw: bytearray, dice: random.Random) -> None:
    del raw[dice.randrange(len(raw) // 2, len(raw)) :]


def _junk(raw: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(raw))
    junk = [b"\0" * 20, b"\xff\xfe\xfd", b"=?utf-8?b?////?=", b"\r\r\n\n", b"<" * 500, b"\x1b[0m"]
    raw[start:start] = dice.choice(junk)


def _lie(raw: bytearray, dice: random.Random) -> None:
    """Another charset, encoding or boundary than it has."""
    lies = [(b"us-ascii", b"utf-7"), (b"iso-8859-1", b"idna"), (b"text/plain", b"text/html"), (b"7bit", b"base64"),
            (b"base64", b"x-uuencode"), (b"boundary", b"bound"), (b"multipart/mixed", b"message/rfc822"),
            (b"\n", b"\r\n"), (b"charset=", b"charset*0*=x''")]  # fmt: skip
    old, new = dice.choice(lies)
    raw[:] = raw.replace(old, new)


DAMAGE = (_flip, _cut, _repeat, _truncate, _junk, _lie)


def damaged(raw: bytes, dice: random.Random) -> bytes:
    bent = bytearray(raw)
    for harm in dice.choices(DAMAGE, k=dice.randint(0, 3)):
        if len(bent) > 10:
            harm(bent, dice)
    return bytes(bent)


# A desk's day ---------------------------------------------------------------------------------------------------------


class Day:
    """Mails in the order in which they come, with the conversation that each belongs to; None: none of the desk's."""

    def __init__(self, mails: int, seed: int) -> None:
        self.dice = random.Random(seed)
        self.foreign, self.mails = corpus(), mails
        self.people = [f"person{n}@customer{n % 9}.example" for n in range(30)]
        self.belongs: dict[str, int | None] = {}
        self.talks: list[tuple[str, list[str]]] = []  # whose each is, and its Message-IDs
        self.written_by_us = 0

    def come(self) -> Iterator[tuple[str, bytes]]:
        acts = [self._begins, self._goes_on, self._token, self._stranger, self._elsewhere]
        for number in range(self.mails):
            act = self.dice.choices(acts, [30, 45, 10, 10, 5])[0] if self.talks else self._begins
            sender, to, references, talk = act()
            name = f"{number}.{self.dice.getrandbits(32)}@mail.example"
            if talk is not None:
                self.talks[talk][1].append(name)
            self.belongs[name] = talk
            yield name, self._raw(name, sender, to, references)

    def forget(self, name: str) -> None:
        """It is no part of a conversation, and nobody answers it."""
        talk = self.belongs[name]
        if talk is not None:
            self.talks[talk][1].remove(name)
            if not self.talks[talk][1]:  # only the last one can have begun with it
                self.talks.pop()

    def _begins(self) -> tuple[str, str, list[str], int | None]:
        who = self.dice.choice(self.people)
        self.talks.append((who, []))
        return who, DESK, [], len(self.talks) - 1

    def _talk(self) -> tuple[int, list[str]]:
        """One of those that go on, and what a program names of it: its beginning, or the last few of it."""
        talk = self.dice.randrange(max(len(self.talks) - 40, 0), len(self.talks))
        names = self.talks[talk][1]
        return talk, names[-self.dice.randint(1, 8) :] if self.dice.random() < 0.8 else names[:1]

    def _goes_on(self) -> tuple[str, str, list[str], int | None]:
        talk, names = self._talk()
        return self.talks[talk][0], self.dice.choice([DESK, "sales@crm.example"]), names, talk

    def _token(self) -> tuple[str, str, list[str], int | None]:
        talk, _ = self._talk()
        ticket = Ticket.objects.get(messages__external_key=self.talks[talk][1][0])
        return self.dice.choice(self.people), rules.with_token(OWN, "s", ticket.token), [], talk

    def _stranger(self) -> tuple[str, str, list[str], int | None]:
        _, names = self._talk()
        who = f"stranger{len(self.talks)}@elsewhere.example"
        self.talks.append((who, []))
        return who, "sales@crm.example", names, len(self.talks) - 1

    def _elsewhere(self) -> tuple[str, str, list[str], int | None]:
        return self.dice.choice(self.people), "sales@crm.example", [f"{self.dice.random()}@unknown.example"], None

    def _raw(self, name: str, sender: str, to: str, references: list[str]) -> bytes:
        headers = {
            "From": sender, "To": to, "Message-ID": f"<{name}>", "Date": "Mon, 1 Jun 2026 11:00:00 +0000",
            "References": " ".join(f"<{one}>" for one in references),
        }  # fmt: skip
        if self.dice.random() < FOREIGN:
            head = "".join(f"{key}: {value}\n" for key, value in headers.items() if value)
            return head.encode() + damaged(self.dice.choice(self.foreign), self.dice)
        return self._ours(headers) if self.dice.random() < 0.5 else self._librarys(headers)

    def _ours(self, headers: dict[str, str]) -> bytes:
        self.written_by_us += 1
        more = {"References": headers["References"]} if headers["References"] else {}
        return mime.build(
            mime.envelope(
                key="k", message_id=headers["Message-ID"], from_header=headers["From"], to_name="",
                to_address=headers["To"], subject=self.dice.choice(["Hello", "Ünïcode ☃", ""]),
                text="Text\n" * self.dice.randint(0, 50), date=NOON, headers=more,
            )
        )  # fmt: skip

    def _librarys(self, headers: dict[str, str]) -> bytes:
        made = EmailMessage()
        for key, value in headers.items():
            if value:
                made[key] = value
        made.set_content("Grüße\n" * self.dice.randint(0, 50), charset=self.dice.choice(["utf-8", "iso-8859-1"]))
        if self.dice.random() < 0.5:
            made.add_alternative("<p>Grüße <img src='cid:x'></p>", subtype="html")
        if self.dice.random() < 0.5:
            made.add_attachment(b"\x89PNG" * 50, maintype="image", subtype="png", filename="ü.png")
        return bytes(made)


def lands(day: Day) -> None:
    """Let it all come, some of it twice, and look where it went."""
    for number in range(9):
        account = factories.account(f"Customer {number}")
        factories.contact(account, email=f"person{number}@customer{number}.example")
    reports = set()
    for number, (name, raw) in enumerate(day.come()):
        if read(raw, NOON).report is not None:
            reports.add(name)  # whatever else it says, it is a mail server's
        for copy in range(2 if number % 20 == 0 else 1):
            actions.store("imap", "mail", f"{number}:{copy}", raw, {}, NOON)
        while actions.work(NOON):
            pass
        waiting = InboundPayload.objects.exclude(state__in=["done", "ignored"]).values_list("external_key", "error")
        assert list(waiting) == [], raw
        if name in reports:
            day.forget(name)
    where = dict(TicketMessage.objects.filter(kind="in").values_list("external_key", "ticket"))
    expected = {name: talk for name, talk in day.belongs.items() if talk is not None and name not in reports}
    assert set(where) == set(expected)
    began = {talk: where[names[0]] for talk, (_, names) in enumerate(day.talks)}
    strays = [name for name, talk in expected.items() if where[name] != began[talk]]
    assert strays == []
    assert Ticket.objects.count() == len(set(began.values())) == len(began)
    assert day.written_by_us < day.mails / 2


@pytest.fixture(autouse=True)
def desk(db: None, settings: object) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"  # type: ignore[attr-defined]
    InboxSettings.objects.create(pk=1, address=OWN)
    TicketSettings.objects.create(pk=1, addresses=[DESK])


def test_a_day_of_mails_lands_where_it_belongs() -> None:
    lands(Day(120, seed=5))


@pytest.mark.long
@pytest.mark.django_db(transaction=True)  # one transaction around all of them would hold more locks than Postgres keeps
def test_ten_thousand_mails_land_where_they_belong() -> None:
    lands(Day(10_000, seed=11))
