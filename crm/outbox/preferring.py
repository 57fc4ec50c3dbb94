"""What somebody wants to hear from us: topics, how often, a pause, and in which language.

They say it themselves, behind the link at the foot of each mail. Each time is a fact with what held before, so that
colleagues see who changed what when, and a slip is taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf.locale import LANG_INFO
from django.db import transaction

from crm.accounts.models import Contact
from crm.outbox.models import OutboundMessage, Topic
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.web import clock, wording

CHOSEN = "email.preferences"
#: What is said about consent and wishes, as colleagues read it.
ABOUT_WISHES = (CHOSEN, "email.unsubscribed", "email.resubscribed", "contact.consent_changed")
#: Pauses that are offered, in days.
PAUSES = (30, 90)

#: Language codes as people call their own language.
LANGUAGES = {
    code: str(info["name_local"])[:1].upper() + str(info["name_local"])[1:]
    for code, info in sorted(LANG_INFO.items()) if len(code) == 2 and "name_local" in info
}  # fmt: skip
_COLUMNS = ("refused_topics", "mail_pace", "mail_paused_until", "language", "email_consent")


@dataclass(frozen=True)
class Wishes:
    """What somebody chose. `wanted` are slugs of topics among those that were `offered` to them."""

    wanted: frozenset[str]
    offered: frozenset[str]
    pace: str = ""
    pause_days: int | None = None  # None: as it is; 0: none
    language: str = ""


def is_wanted(contact: Contact, topic: Topic) -> bool:
    """Whether mail about it reaches them, as far as that is their choice: what is marketing needs a yes."""
    agreed = contact.email_consent == Contact.Consent.YES or not _is_marketing(topic)
    return agreed and topic.slug not in contact.refused_topics


def _is_marketing(topic: Topic) -> bool:
    return OutboundMessage.Category.SERVICE not in topic.categories


@transaction.atomic
def choose(contact: Contact, wishes: Wishes, now: datetime) -> bool:
    """Keep it, for whatever leaves after the commit. False: all of it held already.

    Whoever ticks a topic of marketing has said yes to such mail; whoever ticks none of it takes no yes back.
    """
    row = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    topics = list(Topic.objects.filter(slug__in=wishes.offered))
    offered = {topic.slug for topic in topics}
    refused = sorted((set(row.refused_topics) - offered) | (offered - wishes.wanted))
    after: dict[str, Any] = {
        "refused_topics": refused, "mail_pace": wishes.pace, "language": wishes.language,
        "mail_paused_until": _pause(row, wishes.pause_days, now), "email_consent": row.email_consent,
    }  # fmt: skip
    if row.email_consent != Contact.Consent.NO and any(
        _is_marketing(one) for one in topics if one.slug in wishes.wanted
    ):
        after["email_consent"] = Contact.Consent.YES
    before = {name: getattr(row, name) for name in _COLUMNS}
    before["refused_topics"] = sorted(before["refused_topics"])
    if before == after:
        return False
    Contact.objects.filter(pk=row.pk).update(**after, updated_at=now)
    _tell(row, _words(row, before, after, topics), {"before": _plain(before), "after": _plain(after)}, now)
    return True


def _pause(row: Contact, days: int | None, now: datetime) -> datetime | None:
    if days is None:
        return row.mail_paused_until
    return now + timedelta(days=days) if days else None


def last_choice(contact: Contact) -> TimelineEntry | None:
    """Their last choice, if nothing was said of consent since: it can be taken back."""
    said = TimelineEntry.objects.filter(contact=contact, kind__in=ABOUT_WISHES).order_by("-occurred_at", "-id").first()
    return said if said and said.kind == CHOSEN and "before" in said.payload else None


@transaction.atomic
def take_back(contact: Contact, now: datetime) -> bool:
    """All is as it was before their last choice, unless it was changed since. False: there is none."""
    row = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    last = last_choice(row)
    if last is None or _plain({name: getattr(row, name) for name in _COLUMNS}) != last.payload["after"]:
        return False
    was = dict(last.payload["before"])
    if was["mail_paused_until"]:
        was["mail_paused_until"] = datetime.fromisoformat(was["mail_paused_until"])
    Contact.objects.filter(pk=row.pk).update(**was, updated_at=now)
    _tell(row, f"{row} took their last choice about mail back", {}, now)
    return True


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    until = values["mail_paused_until"]
    return values | {
        "mail_paused_until": until and until.isoformat(),
        "refused_topics": sorted(values["refused_topics"]),
    }


def _words(row: Contact, before: dict[str, Any], after: dict[str, Any], topics: Sequence[Topic]) -> str:
    names = {topic.slug: topic.name for topic in topics}
    said = []
    gone = [names[slug] for slug in after["refused_topics"] if slug in names and slug not in before["refused_topics"]]
    back = [names[slug] for slug in before["refused_topics"] if slug in names and slug not in after["refused_topics"]]
    if gone:
        said.append(f"no mail about {', '.join(gone)}")
    if back:
        said.append(f"mail about {', '.join(back)} again")
    if after["email_consent"] != before["email_consent"]:
        said.append("yes to news and offers")
    if after["mail_pace"] != before["mail_pace"]:
        said.append(str(Contact.Pace(after["mail_pace"]).label).lower())
    if until := after["mail_paused_until"]:
        if until != before["mail_paused_until"]:
            said.append(f"a pause until {wording.day(until.astimezone(clock.zone()).date())}")
    elif before["mail_paused_until"]:
        said.append("no pause any more")
    if after["language"] != before["language"]:
        said.append(f"mail in {LANGUAGES.get(after['language'], 'the usual language')}")
    return f"{row} chose: {'; '.join(said)}"


def _tell(row: Contact, text: str, payload: dict[str, Any], now: datetime) -> None:
    fact = Fact(
        row.account_id, CHOSEN, text[:300], now, contact_id=row.pk, source="customer", channel="email", payload=payload
    )
    record(fact, now=now)
