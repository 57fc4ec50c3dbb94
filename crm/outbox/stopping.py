"""What keeps mail here though its time has come, and what each covers: no way out, a hold, the kill switches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q

from crm.outbox.channels import chats
from crm.outbox.models import CHATS, MailPolicy, OutboundMessage, Sender, Switch
from crm.outbox.models.messages import TESTS
from crm.team.models import User

#: SQL over messages m: a switch other than `all` covers it, as `covering` names them. Plain comparisons: a switch may
#: cover a million messages, and each sender passes them over. `Stops.covered` says the same to querysets.
COVERED = f"""coalesce(m.channel = ANY(%(channels)s) OR m.category = ANY(%(categories)s)
    OR m.contact_id = ANY(%(contacts)s)
    OR m.sender_id IN (SELECT id FROM crm_sender WHERE name = ANY(%(senders)s))
    OR (m.sender_id IS NULL AND '{Sender.DEFAULT}' = ANY(%(senders)s)), false)"""  # noqa: S608  (a constant of ours)


def covering(scopes: Iterable[str]) -> dict[str, list[Any]]:
    """The values in COVERED."""
    by_kind: dict[str, list[str]] = {"channel": [], "sender": [], "contact": [], "category": []}
    for scope in scopes:
        kind, _, name = scope.partition(":")
        by_kind.setdefault(kind, []).append(name)
    contacts = [int(pk) for pk in by_kind["contact"]]
    categories = AUTOMATIC if "automatic" in by_kind else by_kind["category"]
    return {
        "channels": by_kind["channel"],
        "senders": by_kind["sender"],
        "contacts": contacts,
        "categories": categories,
    }


#: What `automatic` stops: nobody wrote it, and nobody asked for it.
AUTOMATIC = ["service", "marketing"]
NO_WAY_OUT = "EMAIL_URL is not set."
SINGLE_READERS = "Stopped for single readers, or for a kind of mail."


@dataclass(frozen=True)
class Stops:
    """What stands against mail at one moment. Sentences are blank where nothing does."""

    everything: str  # why nothing leaves at all
    channels: dict[str, str]
    senders: dict[str, str]
    contacts: frozenset[int]
    mode: str  # MailPolicy.Mode
    mode_reason: str
    switches: tuple[Switch, ...]
    categories: tuple[str, ...] = ()
    firm: str = ""  # why nothing leaves at all, not even a test of the way out, which a hold lets pass

    def covered(self) -> Q:
        """Messages that are kept here, as plain comparisons: nothing is asked for each row."""
        if self.firm:
            return Q(pk__isnull=False)
        covered = ~TESTS if self.everything else Q(pk__isnull=True)
        if self.channels:
            covered |= Q(channel__in=self.channels)
        if self.categories:
            covered |= Q(category__in=self.categories)
        if self.contacts:
            covered |= Q(contact__in=self.contacts)
        if self.senders:
            covered |= Q(sender__in=Sender.objects.filter(name__in=self.senders)) | (
                Q(sender=None) if Sender.DEFAULT in self.senders else Q()
            )
        return covered

    def because(self, sender: str) -> str:
        """Why nothing of this sender leaves; blank if something does."""
        channel = next((channel for channel, name in CHATS.items() if name == sender), OutboundMessage.MAIL)
        return self.everything or self.channels.get(channel, "") or self.senders.get(sender, "")

    def against_test(self, sender: str) -> str:
        """Why not even a test of this sender leaves; blank if it does."""
        return self.firm or self.channels.get(OutboundMessage.MAIL, "") or self.senders.get(sender, "")


_THROWN = """
    SELECT p.mode, p.mode_reason, s.scope, s.reason, s.thrown_at, u.id, u.name, u.email FROM (SELECT) AS always
    LEFT JOIN crm_mailpolicy p ON p.id = 1 LEFT JOIN crm_switch s ON true LEFT JOIN crm_user u ON u.id = s.thrown_by_id
    ORDER BY s.scope
"""


def now_thrown() -> Stops:
    """As it stands: one query over two small tables."""
    with connection.cursor() as cursor:
        cursor.execute(_THROWN)
        rows = cursor.fetchall()
    mode, reason = rows[0][0] or MailPolicy.Mode.LIVE, rows[0][1] or ""
    switches = tuple(
        Switch(scope=scope, reason=why, thrown_at=at, thrown_by=User(pk=pk, name=name, email=email) if pk else None)
        for _, _, scope, why, at, pk, name, email in rows
        if scope
    )
    by_kind: dict[str, dict[str, str]] = {
        "all": {}, "automatic": {}, "category": {}, "channel": {}, "sender": {}, "contact": {},
    }  # fmt: skip
    for switch in switches:
        kind, _, name = switch.scope.partition(":")
        by = f" by {switch.thrown_by}" if switch.thrown_by else ""
        words = switch.words[0].upper() + switch.words[1:]
        by_kind[kind][name] = _sentence(f"{words} is stopped{by}", switch.reason)
    everything, closed = "", chats.closed(mode)
    if not settings.EMAIL_URL and len(closed) < len(CHATS):
        closed[OutboundMessage.MAIL] = NO_WAY_OUT
    elif not settings.EMAIL_URL:
        everything = NO_WAY_OUT
    if mode == MailPolicy.Mode.HOLD:
        everything = everything or _sentence("Mail is on hold", reason)
    firm = NO_WAY_OUT if everything == NO_WAY_OUT else by_kind["all"].get("", "")
    return Stops(
        everything or firm, closed | by_kind["channel"], by_kind["sender"],
        frozenset(map(int, by_kind["contact"])), mode, reason, switches,
        tuple(AUTOMATIC if by_kind["automatic"] else by_kind["category"]), firm,
    )  # fmt: skip


def _sentence(what: str, reason: str) -> str:
    said = f"{what}: {reason}" if reason else what
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."
