"""Who may do what with mail: conversations, what nobody could place, the inbox, senders. A part of the table."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crm.correspondence.models import Mail, MailThread
from crm.inbox.models import InboundPayload
from crm.outbox.models import Sender
from tests.architecture.access_kinds import MANAGERS, Row, about, for_admins, public
from tests.conftest import NOON

BUNDLE = UUID("00000000-0000-4000-8000-00000000000a")
#: Whoever wrote a letter, and nobody else.
_WRITER = frozenset({"manager"})
#: What is said of a mail that waits for a yes.
_SAID = ("approval", "refusal", "rewording")


def correspond(world: Any, secret: str) -> None:
    """A conversation of Mira's with her customer, a mail that she brought and nobody has filed, and its payload."""
    world.thread = MailThread.objects.create(account=world.account, contact=world.contact, subject=secret)
    shared = {"user": world.mira, "direction": "out", "subject": secret, "text": secret, "occurred_at": NOON}
    world.letter = Mail.objects.create(
        thread=world.thread, account=world.account, contact=world.contact, bundle=BUNDLE, html=f"<p>{secret}</p>",
        **shared,
    )  # fmt: skip
    world.unmatched = Mail.objects.create(sender_address=f"{secret}@x.example", waits_because=secret, **shared)
    world.sender = Sender.objects.create(name=secret)
    world.payload = InboundPayload.objects.create(
        source="imap", kind="mail", external_key=secret, body=secret.encode(), size=1, due_at=NOON
    )


ROWS: dict[str, Row] = {
    "correspondence:write": about("account", "GET POST"),
    "correspondence:thread": about("thread"),
    "correspondence:reply": about("thread", "GET POST"),
    "correspondence:html": about("letter"),
    "correspondence:cancellation": Row("POST", writers=_WRITER, at=lambda world: {"bundle": BUNDLE}, foreign=True),
    "correspondence:unmatched": Row(),
    **{f"correspondence:{verb}": about("unmatched", "POST") for verb in ("link", "person", "ignoring", "heeding")},
    "correspondence:me": Row("GET POST"),
    "correspondence:new_address": Row("POST"),
    "inbox:list": for_admins(),
    "inbox:address": for_admins("GET POST"),
    "inbox:payload": for_admins(pk=lambda world: world.payload.pk),
    "inbox:replay": for_admins("POST", pk=lambda world: world.payload.pk),
    "inbox:discarding": for_admins("POST", pk=lambda world: world.payload.pk),
    # a provider proves itself by its signature; this one is none of ours
    "hooks:mail": public("", at=lambda world: {"provider": "nobody"}),
    "api-approval-list": Row(),
    "api-approval-detail": about("asked", readers=MANAGERS),
    **{f"api-approval-{verb}": about("asked", "POST", writers=MANAGERS) for verb in _SAID},
    "api-approval-reconsideration": about("asked", "POST"),
    "api-topic-list": for_admins("GET POST"),
    "api-topic-detail": for_admins("GET PUT PATCH", pk=lambda world: world.topic.pk),
    **{f"api-topic-{verb}": for_admins("POST", pk=lambda world: world.topic.pk) for verb in ("retirement", "return")},
    "senders:list": for_admins(),
    "senders:new": for_admins("GET POST"),
    "senders:edit": for_admins("GET POST", pk=lambda world: world.sender.pk),
    "senders:pause": for_admins("POST", pk=lambda world: world.sender.pk),
    "senders:test": for_admins("POST", pk=lambda world: world.sender.pk),
}
