"""What stands between a customer and their mail, question by question, in words.

Of mail that has left or was kept back it is said from what was known then, of mail that nobody has planned from how it
is now; the guards are asked in both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from crm.accounts.models import Account, Contact
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.outbox.rules import caps_of
from crm.outbox.sending import guards
from crm.outbox.sending.guards import Verdict
from crm.outbox.sending.known import CAREFUL, Known
from crm.outbox.sending.letters import imagined, since
from crm.web import clock
from crm.web.wording import day

#: The mails behind a cap that are named.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Question:
    """`holds`: nothing stands in the way here. `then`: what is said where something does."""

    guard: str
    label: str
    value: str
    holds: bool
    then: str = ""


def imagine(account: Account, contact: Contact | None, category: str, now: datetime) -> tuple[Known, Contact | None]:
    """What would be known of such a mail to them if it were due now, and its reader; without `contact`, whoever reads
    the mail of the account."""
    message = OutboundMessage(
        account=account, contact=contact, category=category, planned_for=now, due_at=now, addressed_to=""
    )
    letter = imagined(message, now)
    return letter.known(), letter.contact


def questions(known: Known) -> list[Question]:
    """In the order in which they are asked; what such mail is not asked is left out."""
    return [_asked(known, *one) for one in _ALWAYS] + [_asked(known, *one) for one in _CAREFUL if known.careful]


def used_up_by(contact: Contact, now: datetime) -> Sequence[OutboundMessage]:
    """The mails that the cap counts for them now, the newest first."""
    policy = MailPolicy.the_only()
    longest = max(days for _, days in caps_of(policy.cap_count, policy.cap_days, contact.mail_pace))
    counted = Q(category__in=CAREFUL) | Q(origin=OutboundMessage.PERSONAL)
    rows = OutboundMessage.objects.filter(counted, contact=contact, sending_at__gt=since(longest, now))
    return list(rows.select_related("template").order_by("-sending_at")[:NAMED])


def _asked(known: Known, name: str, guard: _Guard, label: str, value: Callable[[Known], str]) -> Question:
    verdict = guard(known)
    return Question(name, label, value(known), verdict is None, verdict.reason if verdict else "")


def _when(moment: datetime) -> str:
    local = moment.astimezone(clock.zone())
    return f"{day(local.date())}, {local:%H:%M}"


def _address(known: Known) -> str:
    return " · ".join(part for part in (known.reader, known.address) if part) or "nobody"


def _pause(known: Known) -> str:
    until = [at for at in (known.paused_until, known.wants_pause_until) if at and at > known.moment]
    return f"until {_when(max(until))}" if until else "no"


def _cap(known: Known) -> str:
    counted = [
        f"{sum(at > known.moment - timedelta(days=days) for at in known.got)} of {count} in {days} days"
        for count, days in known.caps
    ]
    return ", ".join(counted)


def _hours(known: Known) -> str:
    local = known.moment.astimezone(ZoneInfo(known.zone))
    place = known.zone.rpartition("/")[2].replace("_", " ")
    return f"{local:%H:%M} in {place}; quiet {known.quiet_from:%H:%M}–{known.quiet_to:%H:%M}"


def _late(known: Known) -> str:
    return f"until {_when(known.expires_at)}" if known.expires_at else "no matter when"


_CONSENT = {"yes": "said yes", "no": "said no", "": "said nothing"}

type _Guard = Callable[[Known], Verdict]
type _Row = tuple[str, _Guard, str, Callable[[Known], str]]

_ALWAYS: tuple[_Row, ...] = (
    ("hold", guards.hold, "Mail leaves", lambda known: dict(MailPolicy.Mode.choices).get(known.mode, known.mode)),
    ("no-address", guards.address, "Who reads it", _address),
    ("suppression", guards.suppression, "Address gets mail", lambda known: "no" if known.suppressed else "yes"),
    ("switch", guards.switches, "No switch is thrown", lambda known: known.stopped or "none"),
    ("late", guards.lateness, "Still in time", _late),
)
_CAREFUL: tuple[_Row, ...] = (
    ("do-not-contact", guards.do_not_contact, "May be contacted", lambda known: "no" if known.marked else "yes"),
    ("consent", guards.consent, "Consent", lambda known: _CONSENT.get(known.consent, known.consent)),
    ("topic", guards.topic, "What it is about", lambda known: known.topic or "not refused"),
    ("pause", guards.pause, "Automation paused", _pause),
    ("cap", guards.cap, "Mails lately", _cap),
    ("quiet-hours", guards.quiet_hours, "Hour where they are", _hours),
)
