"""Ways in: a provider's webhook that must prove itself, and a mailbox that is read from where the last look ended."""

from __future__ import annotations

import json
import re
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from crm.inbox import rules
from crm.inbox.channels import hooks, imap
from crm.inbox.models import InboundPayload, MailboxPlace
from crm.team.models import User
from tests.conftest import NOON

SECRET = b64encode(b"name:password").decode()
POSTMARK = {
    "FromFull": {"Email": "anna@kelp.example", "Name": "Anna Berg"},
    "ToFull": [{"Email": "inbox+u1@crm.example", "Name": ""}], "OriginalRecipient": "inbox+u1@crm.example",
    "Subject": "Seats", "TextBody": "Two more, please.", "MessageID": "p-1", "Date": "Mon, 1 Jun 2026 10:00:00 +0000",
    "Headers": [{"Name": "Message-ID", "Value": "<seats@kelp.example>"}], "Attachments": [],
}  # fmt: skip


@pytest.fixture
def postmark(settings: Any) -> None:
    settings.MAIL_HOOKS = "postmark?webhook_secret=name:password,mailgun?webhook_signing_key=k"


def _post(body: Any, secret: str = SECRET, provider: str = "postmark") -> int:
    headers = {"Authorization": f"Basic {secret}"} if secret else {}
    client = Client(raise_request_exception=False, headers=headers)
    return client.post(f"/hooks/mail/{provider}/", body, content_type="application/json").status_code


def test_a_request_that_proves_itself_is_stored_as_it_came(db: None, postmark: None) -> None:
    assert _post(json.dumps(POSTMARK)) == 200
    assert _post(json.dumps(POSTMARK)) == 200  # the provider heard no answer

    row = InboundPayload.objects.get()
    assert (row.source, row.kind, row.state) == ("postmark", "mail.hook", "new")
    assert json.loads(bytes(row.body)) == POSTMARK
    assert SECRET not in json.dumps(row.headers)

    made = hooks.unpack(row.arrived, NOON)
    assert (made.note, made.ignored) == ("Held one mail.", False)
    mail = InboundPayload.objects.get(kind="mail")
    assert mail.headers == {"to": "inbox+u1@crm.example", "from": ""}
    assert b64encode(b"Two more, please.") in bytes(mail.body)
    assert b"<seats@kelp.example>" in bytes(mail.body)


@pytest.mark.parametrize("secret", ["", b64encode(b"name:wrong").decode(), "none"])
def test_a_request_that_proves_nothing_is_refused(db: None, postmark: None, secret: str) -> None:
    assert _post(json.dumps(POSTMARK), secret) == 403
    assert _post(json.dumps(POSTMARK), secret, "mailgun") == 403
    assert not InboundPayload.objects.exists()


def test_an_unknown_provider_is_not_there(db: None, postmark: None) -> None:
    assert _post(json.dumps(POSTMARK), provider="resend") == 404
    assert not InboundPayload.objects.exists()


def test_what_is_too_large_is_refused_before_it_is_read(db: None, postmark: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(rules, "MOST_BYTES", 100)
    assert _post(json.dumps(POSTMARK)) == 413
    assert not InboundPayload.objects.exists()


def test_what_cannot_be_read_is_stored_all_the_same(db: None, postmark: None) -> None:
    assert _post(b"\xff\xfe no json") == 200
    assert InboundPayload.objects.get().state == "new"


@pytest.mark.parametrize(
    "configured", ["postmark", "postmark?x=y", "postmark?webhook_secret=", "nobody?webhook_secret=a:b", "../x?a=b"]
)
def test_a_hook_that_would_take_anything_is_refused_at_the_start(configured: str) -> None:
    with pytest.raises(hooks.BadHooks):
        hooks.check(configured)


def test_urls_of_mailboxes() -> None:
    box = imap.mailbox("imaps://in%40x.example:p%2Fw@mail.example/Sub%20folder")
    assert (box.user, box.password, box.host, box.port) == ("in@x.example", "p/w", "mail.example", 993)
    assert box.name == "in@x.example@mail.example/Sub folder"
    for wrong in ("pop3://a:b@c", "imaps://c/INBOX", "imaps:///x", "imap://a:b@c:port"):
        with pytest.raises(imap.BadImapURL):
            imap.mailbox(wrong)


class Imap:
    """An IMAP server for one client at a time (RFC 9051), with as much as a poller needs."""

    def __init__(self) -> None:
        self.validity, self.mails, self.huge = 7, dict[int, bytes](), set[int]()
        self.dies_before: int | None = None  # the number of the mail before whose bytes it hangs up
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"imap://in:secret@127.0.0.1:{self._socket.getsockname()[1]}/INBOX"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._attend(client)

    def _attend(self, client: socket.socket) -> None:
        with client, client.makefile("rwb") as lines:
            self._talk(lines)

    def _talk(self, lines: Any) -> None:
        lines.write(b"* OK ready\r\n")
        lines.flush()
        while said := lines.readline().decode().strip():
            tag, _, command = said.partition(" ")
            self.asked.append(command)
            answer = self._answer(command)
            if answer is None:
                return
            ending = "NO wrong password" if "wrong" in command else "OK done"
            lines.write(answer + f"{tag} {ending}\r\n".encode())
            lines.flush()

    def _answer(self, command: str) -> bytes | None:
        if command.startswith("CAPABILITY"):
            return b"* CAPABILITY IMAP4rev1\r\n"
        if command.startswith(("EXAMINE", "SELECT")):
            following = max(self.mails, default=0) + 1
            known = f"[UIDVALIDITY {self.validity}] valid\r\n* OK [UIDNEXT {following}] next"
            return f"* {len(self.mails)} EXISTS\r\n* OK {known}\r\n".encode()
        if search := re.match(r"UID SEARCH UID (\d+):(\d+|\*)", command):
            first, last = int(search[1]), float("inf") if search[2] == "*" else int(search[2])
            found = [uid for uid in self.mails if first <= uid <= last]
            found = found or (list(self.mails)[-1:] if search[2] == "*" else [])
            return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
        if fetch := re.match(r"UID FETCH (\d+) \((.*)\)", command):
            return self._fetched(int(fetch[1]), fetch[2])
        return b""

    def _fetched(self, uid: int, what: str) -> bytes | None:
        if uid not in self.mails:
            return b""
        body = self.mails[uid]
        if "SIZE" in what:
            size = rules.MOST_BYTES + 1 if uid in self.huge else len(body)
            return f"* 1 FETCH (UID {uid} RFC822.SIZE {size})\r\n".encode()
        if self.dies_before == uid:
            return None
        return f"* 1 FETCH (UID {uid} {what.replace('.PEEK', '')} {{{len(body)}}}\r\n".encode() + body + b")\r\n"


@pytest.fixture
def mailbox(settings: Any, db: None) -> Iterator[Imap]:
    server = Imap()
    settings.IMAP_URL = server.url
    yield server
    server.close()


def _bodies() -> list[bytes]:
    return [bytes(row.body) for row in InboundPayload.objects.order_by("pk")]


def test_each_mail_is_stored_once_and_left_as_it_is(mailbox: Imap) -> None:
    mailbox.mails = {3: b"Subject: one\r\n\r\nOne", 5: b"Subject: two\r\n\r\nTwo (2) {3}\r\n.\r\n"}

    assert imap.look(NOON) == 2
    assert imap.look(NOON) == 0
    mailbox.mails[9] = b"three"
    assert imap.look(NOON) == 1

    assert _bodies() == [b"Subject: one\r\n\r\nOne", b"Subject: two\r\n\r\nTwo (2) {3}\r\n.\r\n", b"three"]
    place = MailboxPlace.objects.get()
    assert (place.validity, place.last_uid, place.trouble) == (7, 9, "")
    assert not any("STORE" in said or "SELECT" in said for said in mailbox.asked)  # EXAMINE: nothing is marked as read


def test_a_test_opens_the_mailbox_and_reads_nothing(
    mailbox: Imap, client: Client, ada: User, mira: User, settings: Any
) -> None:  # fmt: skip
    mailbox.mails = {3: b"one", 5: b"two"}
    client.force_login(mira)
    assert client.post("/settings/inbox/mailbox/test/").status_code == 403
    assert mailbox.asked == []
    client.force_login(ada)
    assert "/settings/inbox/mailbox/test/" in client.get("/settings/integrations/").text
    page = client.post("/settings/inbox/mailbox/test/", follow=True).text
    assert "The mailbox of in at 127.0.0.1 opens: 2 mails in INBOX." in page
    assert not any("FETCH" in said or "SELECT" in said for said in mailbox.asked)
    assert not MailboxPlace.objects.exists()
    settings.IMAP_URL = mailbox.url.replace("secret", "wrong")
    page = client.post("/settings/inbox/mailbox/test/", {"next": "/settings/integrations/"}, follow=True)
    assert "cannot be opened" in page.text
    assert "wrong password" in page.text
    assert page.redirect_chain == [("/settings/integrations/", 302)]
    settings.IMAP_URL = ""
    assert "No mailbox is set up" in client.post("/settings/inbox/mailbox/test/", follow=True).text
    assert "/mailbox/test/" not in client.get("/settings/integrations/").text


def test_nothing_is_lost_when_the_line_breaks_between_two(mailbox: Imap) -> None:
    mailbox.mails, mailbox.dies_before = {1: b"one", 2: b"two", 3: b"three"}, 2

    assert imap.look(NOON) == 0
    assert _bodies() == [b"one"]
    place = MailboxPlace.objects.get()
    assert place.last_uid == 1
    assert place.trouble != ""

    mailbox.dies_before = None
    assert imap.look(NOON) == 2
    assert _bodies() == [b"one", b"two", b"three"]
    assert MailboxPlace.objects.get().trouble == ""


def test_a_death_between_fetching_and_storing_loses_nothing(mailbox: Imap, monkeypatch: Any) -> None:
    mailbox.mails = {1: b"one", 2: b"two"}

    class Killed(BaseException):
        pass

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("crm.inbox.channels.imap.actions.store", dies)
        with pytest.raises(Killed):
            imap.look(NOON)
    assert _bodies() == []
    assert MailboxPlace.objects.get().last_uid == 0

    assert imap.look(NOON) == 2
    assert _bodies() == [b"one", b"two"]


def test_other_numbers_are_read_from_the_beginning(mailbox: Imap) -> None:
    mailbox.mails = {8: b"one"}
    imap.look(NOON)
    mailbox.validity, mailbox.mails = 8, {1: b"one", 2: b"two"}

    assert imap.look(NOON) == 2  # the handler knows the first again by its Message-ID
    assert MailboxPlace.objects.get().last_uid == 2


def test_a_mailbox_with_more_than_a_line_can_name_is_read_stretch_by_stretch(mailbox: Imap, monkeypatch: Any) -> None:
    monkeypatch.setattr(imap, "BATCH", 2)
    first = 2 * imap.STRETCH + 1
    mailbox.mails = dict.fromkeys(range(first, first + 160_000), b"mail")
    assert imap.look(NOON) == 2
    place = MailboxPlace.objects.get()
    assert (place.last_uid, place.trouble) == (first + 1, "")
    assert sum("SEARCH" in said for said in mailbox.asked) == 3  # two stretches were empty, and are passed for good
    assert imap.look(NOON) == 2
    assert sum("SEARCH" in said for said in mailbox.asked) == 4


def test_of_a_huge_mail_only_the_head_is_fetched(mailbox: Imap) -> None:
    mailbox.mails, mailbox.huge = {1: b"Subject: huge\r\n\r\n"}, {1}

    assert imap.look(NOON) == 1

    row = InboundPayload.objects.get()
    assert (bytes(row.body), row.size) == (b"Subject: huge\r\n\r\n", rules.MOST_BYTES + 1)
    assert "UID FETCH 1 (BODY.PEEK[HEADER])" in mailbox.asked


def test_what_goes_wrong_is_noted_for_admins(mailbox: Imap, settings: Any) -> None:
    settings.IMAP_URL = mailbox.url.replace("secret", "wrong")
    assert imap.look(NOON) == 0
    assert "wrong password" in MailboxPlace.objects.get().trouble

    mailbox.close()
    assert imap.look(NOON) == 0
