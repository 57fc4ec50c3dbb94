"""What is planned for cases, several at once: on whose clock, between which holidays, and beside what billing plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm.accounts.models import Account, Contact
from crm.team.hours import ClosedDays
from crm.team.models import User
from crm.team.models.hours import house_hours
from crm.timeline.actions import Fact, record
from crm.todos import actions as todos
from crm.todos.actions import NewTask
from crm.web import clock, wording
from crm.web.rules import local_moment
from retention.dunning import asking, rules
from retention.dunning.models import DunningCase, DunningEvent, DunningSettings

Kind = DunningEvent.Kind
#: When an owner's day begins.
_MORNING = time(9)


@dataclass
class Desk:
    """Cases that one transaction works on, at one moment; what is to be told of them is written at its end."""

    now: datetime
    chosen: DunningSettings
    closed: Sequence[ClosedDays]
    zones: Mapping[int, ZoneInfo]
    said: Mapping[str, Mapping[str, Any]]
    events: list[DunningEvent] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    tasks: list[NewTask] = field(default_factory=list)

    @classmethod
    def of(cls, cases: Collection[DunningCase], now: datetime) -> Desk:
        """The cases come with their payments and accounts."""
        said = asking.told_of([case.payment for case in cases])
        return cls(now, DunningSettings.the_only(), house_hours().closed, zones([c.account for c in cases]), said)

    def tell(self, case: DunningCase, kind: str, words: str, by: User | None = None) -> None:
        self.events.append(DunningEvent(case=case, kind=kind, at=self.now, words=words[:500], by=by))

    def fact(self, case: DunningCase, kind: str, words: str, by: User | None = None) -> None:
        """For the customer's timeline, and whoever listens to it."""
        payment = case.payment
        payload = {
            "case": case.pk, "payment": payment.pk, "amount": str(payment.amount), "currency": payment.currency,
            "grace_until": case.grace_ends_at.isoformat(),
        }  # fmt: skip
        source: dict[str, Any] = {"source": "person", "actor_id": by.pk} if by else {}
        key = f"{kind}:{case.pk}:{case.tries}"
        self.facts.append(Fact(case.account_id, kind, words[:400], self.now, payload=payload, key=key, **source))

    def task(self, case: DunningCase, key: str, title: str, body: str) -> None:
        """For the customer's owner, next morning on their clock; without one it lies in the admins' pool."""
        owner = case.account.owner
        zone = owner.zone if owner else clock.zone()
        due_at = local_moment(self.now.astimezone(zone).date() + timedelta(days=1), _MORNING, zone)
        self.tasks.append(NewTask(
            title, due_at, account_id=case.account_id, owner_id=owner.pk if owner else None, body=body,
            origin="dunning", origin_id=case.pk, key=f"dunning:{case.pk}:{key}",
        ))  # fmt: skip

    def write(self) -> list[int]:
        """Returns the ids of the facts that are new on timelines."""
        DunningEvent.objects.bulk_create(self.events)
        todos.create(self.tasks, now=self.now)
        return record(self.facts, now=self.now)

    # What happens next ------------------------------------------------------------------------------------------------

    def plan(self, case: DunningCase, code: str = "") -> None:
        """After a failure, or an answer that brought nothing. Nothing is saved."""
        said = self.said.get(case.payment.external_id or "", {})
        case.zone = self.zones[case.account_id].key
        case.next_at, case.next_why, case.provider_at = None, "", None
        own = asking.own_try(said) if self.chosen.leave_to_provider else None
        if not case.wants_card and rules.is_hard(asking.decline(case.payment, said, code), self.chosen.hard_codes):
            self._want_card(case)
        if case.stopped_at or case.wants_card:
            return
        if own and own > self.now:
            case.provider_at = own
            self.tell(case, Kind.PLANNED, f"Next try: {rules.said(own, case.clock)}, by the billing system itself")
        elif planned := rules.next_try(self.chosen.ways(), case.told, case.clock, self.closed, self.now):
            case.next_at, case.next_why = planned.at, planned.why[:120]
            self.tell(case, Kind.PLANNED, f"Next try: {rules.explained(planned, case.clock)}")
        else:
            self._end_of_plan(case)

    def _want_card(self, case: DunningCase) -> None:
        case.wants_card = True
        because = case.payment.failure_reason.rstrip(". ") or "the decline says so"
        self.tell(case, Kind.CARD, f"Not tried again with this card: {because}")
        self.fact(case, "dunning.card_wanted", f"Another card is wanted for {amount(case)}: {because}")
        self.task(
            case, "card", f"Ask {case.account.name} for another card",
            f"{amount(case)} cannot be taken from the card on file: {because}. It is not tried again with this card."
            f" Access stays until {_day(case.grace_ends_at)}.",
        )  # fmt: skip

    def _end_of_plan(self, case: DunningCase) -> None:
        self.tell(case, Kind.PLANNED, "No more tries: the plan is over")
        self.task(
            case, "over", f"Talk to {case.account.name} about a failed payment",
            f"{amount(case)} could not be taken in {case.tries} {'try' if case.tries == 1 else 'tries'} of ours."
            f" The case stays open until {_day(case.ends_at)}: a call finds out whether they want to stay.",
        )  # fmt: skip


def zones(accounts: Sequence[Account]) -> dict[int, ZoneInfo]:
    """On whose clock each is tried: that of who reads their mail, else their own, else the house's."""
    readers = Contact.objects.readers_of([account.pk for account in accounts])
    return {
        account.pk: clock.zone(readers[account.pk].timezone if account.pk in readers else None, account.timezone)
        for account in accounts
    }


def amount(case: DunningCase) -> str:
    return wording.money(case.payment.amount, case.payment.currency)


def _day(until: datetime) -> str:
    day = rules.last_day(until, clock.zone())
    return f"{day.day} {day:%B}"
