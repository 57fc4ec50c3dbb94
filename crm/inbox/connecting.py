"""The ways in for mail, on the page of integrations; and what came lately from a source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse

from crm import slots
from crm.inbox.channels import hooks
from crm.slots import Connection, Traffic

#: Payloads among which the last one of a source is looked for: of one who was silent for longer no time is shown.
_LOOKED_AT = 5000

#: Its own error stands beside it there.
_UNREAD = "Something that came could not be read. It lies in the inbox, parked."

_MAILBOX = """
    SELECT count(*) AS many, max(looked_at) AS last_at, coalesce(max(trouble), '') AS trouble FROM crm_mailboxplace
"""
_CAME = f"""
    SELECT count(*) AS many, max(received_at) AS last_at, coalesce((
        SELECT '{_UNREAD}' FROM crm_inboundpayload WHERE state = 'failed' AND {{which}} LIMIT 1
    ), '') AS trouble
    FROM crm_inboundpayload
    WHERE id > (SELECT coalesce(max(id), 0) FROM crm_inboundpayload) - {_LOOKED_AT} AND {{which}}
"""  # noqa: S608  (a number of ours)


def came(which: str, *values: str) -> tuple[str, Sequence[Any]]:
    """What an `Integration.look` asks of payloads that meet this SQL condition, with its values."""
    return _CAME.format(which=which), [*values, *values]


def _mailbox_says(seen: Traffic) -> Connection:
    if not settings.IMAP_URL:
        return Connection("Not set up", note="Set IMAP_URL in .env to have a mailbox looked into.")
    if not seen.many:
        return Connection("Not looked into yet", "warn")
    return Connection("Cannot be read" if seen.trouble else "Looked into", "bad" if seen.trouble else "good")


def _hooks_say(seen: Traffic) -> Connection:
    named = sorted(hooks.providers(settings.MAIL_HOOKS))
    if not named:
        return Connection("Not set up", note="Name providers in MAIL_HOOKS in .env.")
    return Connection(", ".join(named), "warn" if seen.trouble else "good")


def _hooks() -> list[slots.WayIn]:
    """Providers look first whether anybody is there, and so do we."""
    named = sorted(hooks.providers(settings.MAIL_HOOKS))
    return [slots.WayIn(reverse("hooks:mail", args=[name]), 200, method="HEAD") for name in named]


def register_integrations() -> None:
    slots.integrations.register(
        "mailbox",
        slots.Integration(
            "Mailbox", "Answers and requests by mail, looked for every half minute", "inbox", "inbox:list",
            lambda now: (_MAILBOX, []), _mailbox_says, order=12, test=("inbox:test_mailbox",),
            can_be_tested=lambda: bool(settings.IMAP_URL),
        ),
    )  # fmt: skip
    slots.integrations.register(
        "mail hooks",
        slots.Integration(
            "Mail provider", "Mail, bounces and complaints that your provider posts", "mail-check", "inbox:list",
            lambda now: came("kind = %s", hooks.KIND), _hooks_say, order=14, ways_in=_hooks,
        ),
    )  # fmt: skip
