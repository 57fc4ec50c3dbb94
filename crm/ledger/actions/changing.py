"""What an account manager decides about a contract that runs: another price or plan, a pause, and its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.ledger.actions.projection import project
from crm.ledger.actions.rates import rate_on
from crm.ledger.actions.standing import turn
from crm.ledger.models import Contract, ContractTerm, CustomerSpan
from crm.slots import deciding
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.web import wording

CHANGED, PAUSED, RESUMED = "contract.changed", "contract.paused", "contract.resumed"
_STATUS = Contract.Status


class ChangeError(ValueError):
    """Nothing was changed; `field` is to blame, if one is, and the message is for the person who asked."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass
class Deed:
    """What a verb does: the contract, locked, and what it makes on the way, which an undo takes away again."""

    act: Act
    contract: Contract
    by: User | None
    now: datetime
    source: str = "automatic"  # of what the timeline says, where nobody of ours did it

    def made(self, *, terms: Sequence[int] = (), cancellations: Sequence[int] = ()) -> None:
        self.act.detail["terms"] = [*self.act.detail.get("terms", []), *terms]
        self.act.detail["cancellations"] = [*self.act.detail.get("cancellations", []), *cancellations]

    def told(self, kind: str, text: str, **payload: Any) -> None:
        """On the timeline, for as long as the act stands."""
        by, facts = self.by, {"contract": self.contract.pk, "plan": self.contract.plan, **payload}
        fact = Fact(self.contract.account_id, kind, text[:400], self.now, source="person" if by else self.source,
                    actor_id=by.pk if by else None, payload=facts)  # fmt: skip
        self.act.detail["told"] = [*self.act.detail.get("told", []), *record(fact, now=self.now)]

    def decided(self, what: str, **more: Any) -> None:
        """Whoever bills it has to know."""
        deciding.decided(deciding.Decided(
            self.contract.pk, self.act.pk, what, self.now, themselves=self.source == "customer", **more
        ))  # fmt: skip


@contextmanager
def deed(
    contract: Contract, kind: str, label: str, by: User | None, now: datetime, source: str = "automatic"
) -> Iterator[Deed]:
    """Inside, the contract is locked; behind it, all that follows for its account is derived."""
    with act(kind, label, by, now) as done:
        row = Contract.objects.select_for_update(of=("self",), no_key=True).get(pk=contract.pk)
        done.detail |= {"contract": row.pk, "account": row.account_id}
        yield Deed(done, row, by, now, source)
        project([row.account_id], now)


@dataclass(frozen=True)
class NewTerms:
    """What a contract is from a day on. `mrr` is a month's, in its currency."""

    mrr: Decimal
    from_day: date
    plan: str = ""  # blank: as it is called


def change(contract: Contract, to: NewTerms, by: User | None, now: datetime) -> Act:
    """Upgrade or downgrade: the term that runs on the day ends there, and a new one goes on to the same end.

    Terms that are booked behind it cost the same then. Raises ChangeError.
    """
    with deed(contract, CHANGED, f"changed the contract {contract}", by, now) as done:
        row = done.contract
        was = row.plan
        if to.mrr < 0:
            raise ChangeError("Say what it brings a month, 0 or more.", "mrr")
        term = running(row, to.from_day, "from_day")
        if (to.mrr, to.plan or was) == (term.mrr, was):
            raise ChangeError("This is what it is already: nothing would change.", "mrr")
        row.plan, row.updated_at = to.plan or was, now
        row.save(update_fields=["plan", "updated_at"])
        before = term.mrr
        done.made(terms=reprice(row, term, to.from_day, to.mrr, now))
        row.terms.filter(starts_on__gt=to.from_day).update(mrr=to.mrr)
        called = f"{was} becomes {row.plan}" if was != row.plan else str(row)
        done.told(
            CHANGED, f"{called}: {wording.money(before, row.currency)} → {wording.money(to.mrr, row.currency)} a month "
            f"from {wording.day(to.from_day)}",
            mrr_before=str(before), mrr=str(to.mrr), currency=row.currency, from_day=to.from_day,
        )  # fmt: skip
    return done.act


def running(contract: Contract, day: date, field: str = "") -> ContractTerm:
    """The term that runs on the day, of a contract that is not over. Raises ChangeError."""
    if contract.status not in Contract.COUNTS:
        raise ChangeError(f"The contract is {contract.get_status_display().lower()}: there is nothing to change.")
    term: ContractTerm | None = contract.terms.covering(day).first()  # type: ignore[attr-defined]
    if term is None:
        raise ChangeError(f"No term of the contract runs on {wording.day(day)}. Pick a day of a booked term.", field)
    return term


def reprice(contract: Contract, term: ContractTerm, day: date, mrr: Decimal, now: datetime) -> list[int]:
    """From the day on, which it covers, the term brings another MRR. Returns the id of the term that was made, if one
    was. Where nobody knows a rate for the day, what was booked holds on."""
    if term.starts_on == day:
        term.mrr = mrr
        term.save(update_fields=["mrr"])
        return []
    rate = rate_on(contract.currency, day) or term.rate
    until, term.ends_on = term.ends_on, day
    term.save(update_fields=["ends_on"])
    made = ContractTerm.objects.create(
        contract=contract, starts_on=day, ends_on=until, mrr=mrr, rate=rate, known_at=now,
        period_starts_on=term.period_start,
    )  # fmt: skip
    return [made.pk]


def pause(contract: Contract, by: User | None, now: datetime) -> Act:
    """A customer still, who pauses. Raises ChangeError."""
    words = ("paused", "is not running", deciding.PAUSE)
    return _turned(contract, PAUSED, _STATUS.PAID, _STATUS.PAUSED, words, by, now)


def resume(contract: Contract, by: User | None, now: datetime) -> Act:
    """The pause is over. Raises ChangeError."""
    words = ("resumed", "is not paused", deciding.GO_ON)
    return _turned(contract, RESUMED, _STATUS.PAUSED, _STATUS.PAID, words, by, now)


def _turned(
    contract: Contract, kind: str, was: str, status: str, words: tuple[str, str, str], by: User | None, now: datetime
) -> Act:
    past, refusal, what = words
    with deed(contract, kind, f"{past} the contract {contract}", by, now) as done:
        if done.contract.status != was:
            raise ChangeError(f"The contract {refusal}: it is {done.contract.get_status_display().lower()}.")
        turn(done.contract, status, now)
        done.told(kind, f"Contract {done.contract} {past}")
        done.decided(what)
    return done.act


# What would follow ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Effect:
    """What a verb would do to what the customer brings: a month, in the reporting currency, from a day on.

    `before` is what they would bring then without it; up to the day before, where no further term is booked yet.
    """

    day: date
    before: Decimal
    after: Decimal
    stays: bool  # whether they are a customer on that day all the same


def effect(verb: Callable[[], object], account_id: int, day: date) -> Effect:
    """The verb is done and taken back at once, so that what is said is what would be. Raises what the verb raises."""
    spans = CustomerSpan.objects.filter(account=account_id)
    with transaction.atomic():
        before = spans.covering(day).first() or spans.covering(day - timedelta(days=1)).first()
        verb()
        after = spans.covering(day).first()
        transaction.set_rollback(True)
    return Effect(day, before.mrr if before else Decimal(0), after.mrr if after else Decimal(0), after is not None)
