"""The daily look: what Stripe knows that no webhook told. One page in one slice, and one worker at a time.

Each look reads the events since the one before, under the ids that webhooks bring, so that what was told is known. The
first look, and one after so long that Stripe has forgotten events, reads all subscriptions and invoices instead; so
does each look of the subscriptions that say something else than what is known here, whatever events said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import DataError, transaction

from crm.billing import secrets
from crm.billing.actions.taking import take
from crm.billing.actions.waiting import NoRate
from crm.billing.models import BillingDifference, BillingFact, BillingLook, BillingObject
from crm.billing.rules.facts import Said, merged
from crm.billing.stripe import asking, events
from crm.billing.told import STRIPE, Told, Unreadable
from crm.inbox.channels.chat import things, words
from crm.web.locks import alone

#: A day after the last look began the next one does.
EVERY = timedelta(days=1)
#: Stripe keeps events for 30 days; whoever was away for longer reads the objects themselves.
REMEMBERED = timedelta(days=29)
#: A look that began so long ago is forgotten, with what it found. What billing said stays: the ledger is made of it.
KEPT = timedelta(days=90)
#: Events are asked for from a little before the last look: clocks differ.
OVERLAP = timedelta(minutes=10)
_PAGE = 50
_BACKOFF = (60, 300, 1800, 7200)  # seconds, after so many failures one after the other
#: Fields that change by themselves and say nothing: an object that differs in these alone is as it was.
_QUIET = frozenset({"on", "notes", "next_attempt_at", "failure_reason", "failure_code", "failed_at", "at"})


#: What a value that nobody expects brings forth, wherever it is met. A database that is away is none of these.
_MALFORMED = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, DataError)


@dataclass(frozen=True, slots=True)
class _Stage:
    """A list of Stripe's, and whether a look reads it."""

    name: str
    path: str
    expand: tuple[str, ...]
    when: str = "always"  # always | since (events are remembered) | whole (they are not)
    more: tuple[tuple[str, str], ...] = ()


STAGES = (
    _Stage("events", "/v1/events", (), "since"),
    _Stage("subscription", "/v1/subscriptions", ("data.customer", "data.discounts", "data.items.data.price.tiers"),
           more=(("status", "all"),)),
    _Stage("invoice", "/v1/invoices", ("data.customer",), "whole"),
)  # fmt: skip


def work(now: datetime) -> int:
    """One page. Returns 1 while there is more, 0 when nothing is due or somebody else is at it. Not to be called inside
    a transaction."""
    with alone("billing look") as mine:
        if not mine:
            return 0
        look = BillingLook.objects.filter(finished_at=None).first() or _begun(now)
        return _page(look, now) if look and look.next_at <= now else 0


def next_due(now: datetime) -> datetime | None:
    """When the next page, or the next look, is due."""
    if not secrets.stripe_key():
        return None
    last = BillingLook.objects.order_by("-pk").first()
    if last is None:
        return None
    due = last.started_at + EVERY if last.finished_at else last.next_at
    return due if due > now else None


def ask(now: datetime) -> bool:
    """Somebody wants a look now. False: one is going on already, and goes on at once."""
    if BillingLook.objects.filter(finished_at=None).update(next_at=now):
        return False
    _begin(now, by_hand=True)
    return True


def _begun(now: datetime) -> BillingLook | None:
    """A new look, when it is time for one and there is a key to look with."""
    last = BillingLook.objects.order_by("-pk").values_list("started_at", flat=True).first()
    if not secrets.stripe_key() or (last and now < last + EVERY):
        return None
    return _begin(now, by_hand=False)


def _begin(now: datetime, *, by_hand: bool) -> BillingLook | None:
    done = BillingLook.objects.exclude(finished_at=None).filter(trouble="").order_by("-pk").first()
    since = done.started_at - OVERLAP if done and now - done.started_at < REMEMBERED else None
    look = BillingLook(started_at=now, next_at=now, since=since, by_hand=by_hand)
    BillingLook.objects.bulk_create([look], ignore_conflicts=True)
    return BillingLook.objects.filter(finished_at=None).first()


def _page(look: BillingLook, now: datetime) -> int:
    stage = STAGES[look.stage] if look.stage < len(STAGES) else None
    if stage is None:
        look.finished_at = now
        look.save(update_fields=["finished_at"])
        BillingLook.objects.exclude(finished_at=None).filter(started_at__lt=now - KEPT).delete()
        return 0
    if stage.when != "always" and (stage.when == "since") != bool(look.since):
        _next(look)
        return 1
    try:
        answer = asking.get(stage.path, _asked(stage, look), now)
    except (asking.NotAsked, asking.Refused) as error:
        _rest(look, error, now)
        return 0
    rows = things(answer.said.get("data"))
    for row in rows:
        _compare(look, stage, row, answer.at, now)
    _move(look, rows, more=answer.said.get("has_more") is True)
    return 1


def _asked(stage: _Stage, look: BillingLook) -> Mapping[str, str | int]:
    asked: dict[str, str | int] = {"limit": _PAGE, **dict(stage.more)}
    asked |= {f"expand[{place}]": name for place, name in enumerate(stage.expand)}
    if look.after:
        asked["starting_after"] = look.after
    if stage.name == "events" and look.since:
        asked["created[gte]"] = int(look.since.timestamp())
    return asked


def _move(look: BillingLook, rows: list[dict[str, Any]], *, more: bool) -> None:
    look.failures, look.trouble, look.seen = 0, "", look.seen + len(rows)
    look.after = words(rows[-1].get("id"), 120) if rows else ""
    look.save(update_fields=["failures", "trouble", "seen", "after", "mended"])
    if not more or not look.after:
        _next(look)


def _next(look: BillingLook) -> None:
    look.stage, look.after = look.stage + 1, ""
    look.save(update_fields=["stage", "after"])


def _rest(look: BillingLook, error: Exception, now: datetime) -> None:
    """Later again. A key that is not taken ends the look: a person has to give another."""
    look.failures, look.trouble = look.failures + 1, str(error)[:300]
    rest = max(_BACKOFF[min(look.failures, len(_BACKOFF)) - 1], getattr(error, "rest", 0))
    look.next_at = now + timedelta(seconds=rest)
    if isinstance(error, asking.Refused):
        look.finished_at = now
    look.save(update_fields=["failures", "trouble", "next_at", "finished_at"])


# What it finds --------------------------------------------------------------------------------------------------------


def _compare(look: BillingLook, stage: _Stage, row: dict[str, Any], at: datetime, now: datetime) -> None:
    """Whatever is wrong with one of them is noted, and the next is read."""
    try:
        _compared(look, stage, row, at, now)
    except Unreadable as error:
        _note(look, stage.name, words(row.get("id"), 120), "It could not be read.", str(error), now)
    except _MALFORMED as error:
        why = f"{type(error).__name__}: {words(str(error), 200)}"
        _note(look, stage.name, words(row.get("id"), 120), "It is not as Stripe documents it.", why, now)


def _compared(look: BillingLook, stage: _Stage, row: dict[str, Any], at: datetime, now: datetime) -> None:
    found = events.facts(row, now) if stage.name == "events" else list(_seen(stage, row, at))
    for told in found:
        if stage.name == "events":
            new, what = _unheard(told), f"No webhook told of {words(row.get('type'), 80)}"
        else:
            new, what = _differs(told)
        if new:
            _mend(look, told, what, now)


def _seen(stage: _Stage, row: dict[str, Any], at: datetime) -> Iterator[Told]:
    """As of the moment of the answer, behind which any event of that second stands."""
    for told in events.READERS[stage.name](row, at):
        yield replace(told, key=f"look:{at:%Y%m%dT%H%M%S}", rank=-1)


def _unheard(told: Told) -> bool:
    about = {"about__source": STRIPE, "about__kind": told.kind, "about__external_id": told.id}
    return not BillingFact.objects.filter(key=told.key, **about).exists()


def _differs(told: Told) -> tuple[bool, str]:
    """Whether it says something else than what is known, and what."""
    row = BillingObject.objects.filter(source=STRIPE, kind=told.kind, external_id=told.id).first()
    if row is None:
        return bool(told.said.get("status")), "It was not known here"
    known = merged(Said(one.at, one.rank, one.key, one.said) for one in row.facts.all())
    other = sorted(name for name, value in told.said.items() if name not in _QUIET and known.get(name) != value)
    shown = ", ".join(f"{name}: {known.get(name)} → {told.said[name]}" for name in other)
    return bool(other), shown[:300]


def _mend(look: BillingLook, told: Told, what: str, now: datetime) -> None:
    try:
        outcome = take(told, now)
    except NoRate as error:
        _note(look, told.kind, told.id, what, str(error), now)
        return
    if outcome == "known already":
        return
    _note(look, told.kind, told.id, what, "" if outcome == "in the ledger" else outcome, now)


@transaction.atomic
def _note(look: BillingLook, kind: str, id_: str, what: str, why_not: str, now: datetime) -> None:
    BillingDifference.objects.create(
        look=look, kind=kind[:10], external_id=id_, what=what[:300], mended=not why_not, why_not=why_not[:300],
        found_at=now,
    )  # fmt: skip
    look.mended += not why_not
