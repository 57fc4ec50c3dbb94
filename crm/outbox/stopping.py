"""What keeps mail here though its time has come: no way out, a hold, the kill switches. One home of what each covers."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from crm.outbox.models import MailPolicy, Sender, Switch

#: SQL over messages m: a switch other than `all` covers it. `Stops.covered` says the same of switches that are known.
COVERED = f"""EXISTS (
    SELECT FROM crm_switch s LEFT JOIN crm_sender f ON f.id = m.sender_id WHERE s.scope IN
    ('contact:' || m.contact_id, 'channel:' || m.channel, 'sender:' || coalesce(f.name, '{Sender.DEFAULT}')))"""  # noqa: S608  (a constant of ours)

NO_WAY_OUT = "EMAIL_URL is not set."
SINGLE_READERS = "Stopped for single readers."


@dataclass(frozen=True)
class Stops:
    """What stands against mail at one moment. Sentences are blank where nothing does."""

    everything: str  # why nothing leaves at all
    channels: dict[str, str]
    senders: dict[str, str]
    contacts: frozenset[int]

    def covered(self) -> Q:
        """Messages that are kept here, as plain comparisons: nothing is asked for each row."""
        if self.everything:
            return Q(pk__isnull=False)
        covered = Q(pk__isnull=True)
        if self.channels:
            covered |= Q(channel__in=self.channels)
        if self.contacts:
            covered |= Q(contact__in=self.contacts)
        if self.senders:
            ids = Sender.objects.filter(name__in=self.senders).values_list("pk", flat=True)
            covered |= Q(sender__in=list(ids)) | (Q(sender=None) if Sender.DEFAULT in self.senders else Q())
        return covered

    def because(self, sender: str) -> str:
        """Why no mail of this sender leaves; blank if some does."""
        return self.everything or self.channels.get("email", "") or self.senders.get(sender, "")


def now_thrown() -> Stops:
    """As it stands: two small tables, in two queries."""
    policy = MailPolicy.the_only()
    everything = "" if settings.EMAIL_URL else NO_WAY_OUT
    if policy.mode == MailPolicy.Mode.HOLD:
        everything = everything or _sentence("Mail is on hold", policy.mode_reason)
    channels: dict[str, str] = {}
    senders: dict[str, str] = {}
    contacts: set[int] = set()
    for switch in Switch.objects.select_related("thrown_by").order_by("scope"):
        kind, _, name = switch.scope.partition(":")
        by = f" by {switch.thrown_by}" if switch.thrown_by else ""
        if kind == "all":
            everything = everything or _sentence(f"All mail is stopped{by}", switch.reason)
        elif kind == "channel":
            channels[name] = _sentence(f"All {'e-mail' if name == 'email' else name} is stopped{by}", switch.reason)
        elif kind == "sender":
            senders[name] = _sentence(f"The sender “{name}” is stopped{by}", switch.reason)
        else:
            contacts.add(int(name))
    return Stops(everything, channels, senders, frozenset(contacts))


def _sentence(what: str, reason: str) -> str:
    said = f"{what}: {reason}" if reason else what
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."
