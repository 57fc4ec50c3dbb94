"""No name and no address becomes a header, and no robot that opens links unsubscribes anybody (T24)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client

from crm.accounts.models import Contact
from crm.outbox import mime
from crm.outbox.actions import work
from crm.outbox.models import MailPolicy, Sender
from crm.outbox.unsubscribing import url_for
from tests import factories
from tests.conftest import NOON
from tests.crm.conftest import server  # noqa: F401  a real mail server
from tests.crm.outbox.conftest import anna, plan  # noqa: F401
from tests.security.payloads import BIDI, HEADER_BREAKS

INJECTED = "X-Injected: yes"


@pytest.fixture(autouse=True)
def live(db: None) -> None:
    MailPolicy.objects.update_or_create(pk=MailPolicy.the_only().pk, defaults={"mode": MailPolicy.Mode.LIVE})


@pytest.mark.parametrize("broken", HEADER_BREAKS, ids=ascii)
def test_no_field_becomes_a_header(server: Any, plan: Any, broken: str) -> None:  # noqa: F811
    evil = f"A{broken}{INJECTED}{broken}{broken}<b>body</b>{broken}Bcc: evil@evil.example"
    kept = evil.replace("\0", " ")  # no column holds it
    account = factories.account(kept[:200])
    contact = factories.contact(account, first_name=kept[:80], last_name=kept[:80], title=kept[:80])
    sender = Sender.objects.create(name=kept[:60], from_email=f'"{kept[:60]}" <us@holdfast.example>')
    plan(
        contact,
        subject=f"Hello {kept} {{{{ contact.name }}}} {{{{ account.name }}}}",
        body=kept,
        facts={"evil": kept},
        sender_id=sender.pk,
    )
    while work(NOON):
        pass
    (mail,) = server.mails
    assert set(mail.keys()) <= {
        "Message-ID",
        "Date",
        "From",
        "To",
        "Subject",
        "Auto-Submitted",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "MIME-Version",
        "Content-Type",
        "X-Peer",
        "X-MailFrom",
        "X-RcptTo",
    }
    assert len(mail.get_all("To")) == 1
    assert contact.email in mail["To"]
    head = server.raw[0].partition(b"\r\n\r\n")[0]
    assert not re.search(rb"^(X-Injected|Bcc)", head, re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize("turned", BIDI, ids=ascii)
def test_no_header_reads_backwards(turned: str) -> None:
    made = mime.envelope(
        message_id="<a@b>",
        key="k",
        from_header=f"Us{turned} <us@holdfast.example>",
        to_name=f"Anna {turned}gro.live",
        date=NOON,
        to_address="anna@kelp.example",
        subject=f"Invoice {turned}fdp.exe",
        text="x",
        headers={"X-A": f"b{turned}"},
    )
    written = mime.build(made).decode()
    for header in (made.from_header, made.to_header, made.subject, *made.headers.values(), written):
        assert turned not in header


@pytest.mark.parametrize(
    "address", ["a@b\r\nbcc: c@d.example", "a@b, c@d.example", "a b@c.example", "<a@b.example>", "", "a@b\0c"]
)
def test_an_address_that_is_none_gets_nothing(server: Any, plan: Any, address: str) -> None:  # noqa: F811
    contact = factories.contact(first_name="Anna")
    Contact.objects.filter(pk=contact.pk).update(email=address.replace("\0", "\x01") or None)
    plan(Contact.objects.get(pk=contact.pk))
    while work(NOON):
        pass
    recipients = {mail["To"] for mail in server.mails}
    assert all("d.example" not in str(recipient) for recipient in recipients)
    assert server.mails == []


def test_what_opens_links_unsubscribes_nobody(server: Any, plan: Any, anna: Contact) -> None:  # noqa: F811
    plan(anna, body="See {{ base_url }}/ or {{ unsubscribe_url }}")
    while work(NOON):
        pass
    (mail,) = server.mails
    bodies = "".join(part.get_content() for part in mail.walk() if part.get_content_maintype() == "text")
    links = {
        link.removeprefix(settings.BASE_URL)
        for link in re.findall(r"https?://[^\s<>\"]+", f"{bodies} {mail['List-Unsubscribe']}")
    }
    assert any(link.startswith("/u/") for link in links)
    scanner = Client(enforce_csrf_checks=True, headers={"User-Agent": "Scanner", "Purpose": "prefetch"})
    for link in links:
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"):
            for query in ("", "?List-Unsubscribe=One-Click", "?undo=1"):
                assert scanner.generic(method, link + query).status_code < 500
    anna.refresh_from_db()
    assert anna.email_consent == ""
    assert not anna.account.entries.filter(kind="email.unsubscribed").exists()


def test_one_click_needs_no_session_and_the_right_token(anna: Contact) -> None:  # noqa: F811
    other = factories.contact(first_name="Jonas", email="jonas@kelp.example")
    mailbox, click = Client(enforce_csrf_checks=True), {"List-Unsubscribe": "One-Click"}
    right = url_for(anna.pk).removeprefix(settings.BASE_URL)
    wrong = [
        signing.dumps([anna.pk, "newsletter"], salt="crm.outbox.unsubscribe"),
        signing.dumps([anna.pk, "email"], salt="other"),
        right.split("/")[2][:-1] + ("A" if right.split("/")[2][-1] != "A" else "B"),
        "redirected",
        str(anna.pk),
        "x" * 5_000,
        signing.dumps([10**9, "email"], salt="crm.outbox.unsubscribe"),
        signing.dumps("x", salt="crm.outbox.unsubscribe"),
    ]
    for token in wrong:
        assert mailbox.post(f"/u/{token}/", click).status_code == 404, token
    for person in (anna, other):
        person.refresh_from_db()
        assert person.email_consent == ""
    assert mailbox.post(right, click).content == b"Unsubscribed.\n"
    for person, consent in ((anna, "no"), (other, "")):
        person.refresh_from_db()
        assert person.email_consent == consent
