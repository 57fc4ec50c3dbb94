"""What other providers report of mail of ours, each in its own words: a bounce is noted once, and mail still comes."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.inbox import actions as inbox
from crm.inbox.channels import hooks
from crm.inbox.models import InboundPayload
from crm.outbox.actions import work
from crm.outbox.models import OutboundMessage, Suppression
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, folder, plan  # noqa: F401  (fixtures)

HOOKS = (
    "mailgun?webhook_signing_key=k,sendgrid?webhook_secret=name:password,mailjet?webhook_secret=name:password,"
    "sparkpost?webhook_secret=name:password,brevo?webhook_secret=name:password&api_key=k,"
    "mailersend?inbound_secret=inbound&signing_secret=signing,mandrill?webhook_key=key"
)
GONE = "550 5.1.1 No such mailbox"
ANNA = "anna@kelp.example"
SENDGRID = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")


@pytest.fixture(autouse=True)
def providers(settings: Any) -> None:
    settings.MAIL_HOOKS = HOOKS


@pytest.fixture
def sent(db: None, folder: Path, plan: Plan) -> OutboundMessage:  # noqa: F811
    contact: Contact = factories.contact(factories.account("Kelp"), first_name="Anna", email=ANNA)
    message = plan(contact)
    work(NOON)
    message.refresh_from_db()
    OutboundMessage.objects.filter(pk=message.pk).update(provider_id="prov-1")
    return message


def mailgun(name: str) -> Any:
    signature = hmac.new(b"k", b"1780315140token", hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": "1780315140", "token": "token", "signature": signature},
        "event-data": {
            "event": "failed", "severity": "permanent", "reason": "bounce", "timestamp": 1780315140.5,
            "recipient": ANNA, "message": {"headers": {"message-id": name.strip("<>")}}, "tags": [],
            "delivery-status": {"code": 550, "message": GONE, "description": ""}, "user-variables": {"message": name},
        },
    }  # fmt: skip


def sendgrid(name: str) -> Any:
    return [
        {"event": "delivered", "email": "bo@kelp.example", "timestamp": 1780315140, "sg_event_id": "e0"},
        {"event": "bounce", "email": ANNA, "timestamp": 1780315140, "type": "bounce", "status": "5.1.1",
         "reason": GONE, "sg_event_id": "e1", "smtp-id": name, "message": name},
    ]  # fmt: skip


def mailjet(name: str) -> Any:
    """Alone and not in a list, as Mailjet posts where events are not grouped."""
    return {
        "event": "bounce", "time": 1780315140, "MessageID": 13792286917004336, "email": ANNA, "hard_bounce": True,
        "blocked": False, "error_related_to": "recipient", "error": "user unknown", "smtp_reply": GONE,
        "Payload": json.dumps({"message": name}),
    }  # fmt: skip


def mailjet_group(name: str) -> Any:
    return [mailjet(name)]


def sparkpost(name: str) -> Any:
    return [{"msys": {"message_event": {
        "type": "bounce", "bounce_class": "10", "raw_rcpt_to": ANNA, "raw_reason": GONE, "timestamp": "1780315140",
        "transmission_id": "prov-1", "event_id": "7", "rcpt_meta": {"message": name},
    }}}]  # fmt: skip


def brevo(name: str) -> Any:
    return {
        "event": "hard_bounce", "email": ANNA, "message-id": name, "reason": GONE, "ts_epoch": 1780315140000,
        "X-Mailin-custom": json.dumps({"message": name}),
    }  # fmt: skip


def mailersend(name: str) -> Any:
    """Of which nothing comes back but the provider's own id."""
    return {"type": "activity.hard_bounced", "data": {
        "type": "hard_bounced", "id": "a1", "created_at": "2026-06-01T11:59:00.000000Z",
        "email": {"message": {"id": "prov-1"}, "recipient": {"email": ANNA}},
        "morph": {"object": "recipient_bounce", "reason": GONE},
    }}  # fmt: skip


def mandrill(name: str) -> Any:
    return {"mandrill_events": json.dumps([{
        "event": "hard_bounce", "ts": 1780315140, "_id": "prov-1",
        "msg": {"email": ANNA, "diag": GONE, "metadata": {"message": name}, "tags": []},
    }])}  # fmt: skip


def post(provider: str, told: Any, secret: bytes = b"signing") -> int:
    body, kind = json.dumps(told).encode(), "application/json"
    if provider == "mandrill":
        body, kind = urlencode(told).encode(), "application/x-www-form-urlencoded"
        signed = "http://testserver/hooks/mail/mandrill/mandrill_events" + told["mandrill_events"]
        headers = {"X-Mandrill-Signature": b64encode(hmac.new(b"key", signed.encode(), hashlib.sha1).digest()).decode()}
    else:
        headers = {"Authorization": f"Basic {b64encode(b'name:password').decode()}"}
    if provider == "mailersend":
        headers = {"Signature": hmac.new(secret, body, hashlib.sha256).hexdigest()}
    return Client(headers=headers).post(f"/hooks/mail/{provider}/", body, content_type=kind).status_code


def work_off() -> None:
    while inbox.work(NOON):
        pass


@SENDGRID
@pytest.mark.parametrize("told", [mailgun, sendgrid, mailjet, mailjet_group, sparkpost, brevo, mailersend, mandrill])
def test_each_providers_word_of_a_bounce_is_understood_and_noted_once(sent: OutboundMessage, told: Any) -> None:
    provider = told.__name__.partition("_")[0]
    assert post(provider, told(sent.message_id)) == 200
    assert post(provider, told(sent.message_id)) == 200
    work_off()
    kinds = set(InboundPayload.objects.values_list("kind", "state"))
    assert kinds == {(hooks.KIND, "done"), ("bounce", "done")}
    assert [one.verdict for one in sent.decisions.all()].count("bounced") == 1
    assert Suppression.objects.get().address == ANNA


def test_a_word_signed_by_nobodys_secret_is_refused(sent: OutboundMessage) -> None:
    assert post("mailersend", mailersend(""), b"forged") == 403
    assert post("mailersend", mailersend(""), b"inbound") == 200
    assert InboundPayload.objects.count() == 1


def test_a_reader_that_stumbled_over_a_report_reads_mail_all_the_same(sent: OutboundMessage) -> None:
    """Mandrill's reader knows one kind of each batch by what it has read before."""
    raw = f"From: {ANNA}\r\nTo: inbox@crm.example\r\nMessage-ID: <a@kelp.example>\r\nSubject: Seats\r\n\r\nTwo more."
    odd = {"mandrill_events": json.dumps([{"event": "hard_bounce", "ts": "never", "msg": {"email": ANNA}}])}
    assert post("mandrill", odd) == 200
    work_off()
    mail = {"event": "inbound", "ts": 1780315140, "msg": {"email": "inbox@crm.example", "raw_msg": raw}}
    assert post("mandrill", {"mandrill_events": json.dumps([mail])}) == 200
    work_off()
    assert InboundPayload.objects.filter(kind="mail").count() == 1


def test_a_provider_whose_every_request_would_fail_is_refused_at_once() -> None:
    with pytest.raises(hooks.BadHooks, match="MANDRILL_WEBHOOK_KEY"):
        hooks.check("mandrill?webhook_secret=name:password")


def test_what_no_column_holds_is_no_reason_to_lose_a_report(sent: OutboundMessage) -> None:
    told = sparkpost(sent.message_id)
    told[0]["msys"]["message_event"]["raw_reason"] = "550 5.1.1 No such\0 mailbox"
    assert post("sparkpost", told) == 200
    told[0]["msys"]["message_event"]["rcpt_meta"] = {"message": "no\0name"}
    assert post("sparkpost", told) == 200
    work_off()
    assert set(InboundPayload.objects.filter(kind="bounce").values_list("state", flat=True)) == {"done", "ignored"}
    assert Suppression.objects.get().address == ANNA
