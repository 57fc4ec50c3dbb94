"""What becomes of open cases: each slice is one transaction over those that are due, or of which something was told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q

from crm.billing.models import PaymentAttempt
from crm.ledger.models import Contract, Payment
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.web import clock
from retention.dunning import asking, rules
from retention.dunning.models import FAILING, DunningCase
from retention.dunning.planning import Desk, Kind, amount

#: Cases in one transaction: well under a second.
BATCH = 200
#: Workflows whose mails ask for the money.
SERIES = ("payment-failed",)
#: A try that comes so much later than planned is no matter of a morning any more, and is planned anew.
STALE = timedelta(hours=3)

Why, State = DunningCase.Why, DunningCase.State

_WRITTEN = [
    "state", "why", "last_failed_at", "reason", "wants_card", "provider_at", "grace_told_at", "tries", "last_at",
    "next_at", "next_why", "zone", "asked_at", "asked_by", "closed_at",
]  # fmt: skip


@transaction.atomic
def follow(now: datetime) -> int:
    """One slice. Returns how many cases it moved; each of them stands elsewhere after it."""
    due = asking.answered(DunningCase.objects.open()).filter(_something(now)).order_by("pk")
    rows = due.select_related("payment").prefetch_related("account__owner", "payment__contract")
    cases = list(rows.select_for_update(of=("self", "payment"), skip_locked=True)[:BATCH])
    if cases:
        Slice(cases, now).go()
    return len(cases)


def _something(now: datetime) -> Q:
    """What may become of a case. Whatever is true here of one must not be after its slice."""
    going = Q(stopped_at=None)
    return (
        ~Q(payment__status__in=FAILING)
        | Q(payment__failed_at__gt=F("last_failed_at"))
        | Q(ends_at__lte=now)
        | Q(grace_ends_at__lte=now, grace_told_at=None)
        | Q(payment__contract__status=Contract.Status.CANCELLED, payment__contract__cancelled_on__lte=clock.today(now))
        | Q(asked_at__isnull=False)
        & (
            Q(refused=True)
            | Q(slow=False, asked_at__lte=now - rules.PATIENCE)
            | Q(asked_at__lte=now - rules.SLOW_PATIENCE)
        )
        | Q(provider_at__lte=now - rules.PATIENCE)
        | Q(wants_card=True, mended=True, asked_at=None)
        | going & Q(next_at__lte=now, asked_at=None)
    )


def next_due(now: datetime) -> datetime | None:
    """The next moment at which time alone makes something due."""
    rows = DunningCase.objects.open()
    quiet = now - rules.PATIENCE
    known = rows.aggregate(
        planned=Min("next_at", filter=Q(next_at__gt=now, stopped_at=None)),
        grace=Min("grace_ends_at", filter=Q(grace_ends_at__gt=now)), end=Min("ends_at", filter=Q(ends_at__gt=now)),
        ours=Min("asked_at", filter=Q(asked_at__gt=quiet)), theirs=Min("provider_at", filter=Q(provider_at__gt=quiet)),
        slow=Min("asked_at", filter=Q(asked_at__gt=now - rules.SLOW_PATIENCE)),
    )  # fmt: skip
    waits = [at + rules.PATIENCE for name in ("ours", "theirs") if (at := known.pop(name))]
    if at := known.pop("slow"):
        waits.append(rules.gives_up_at(at, slow=True))
    return min((at for at in (*known.values(), *waits) if at), default=None)


@dataclass
class Slice:
    """Cases that are locked, with their payments."""

    cases: Sequence[DunningCase]
    now: datetime

    def go(self) -> None:
        self.desk = Desk.of(self.cases, self.now)
        self.no = asking.answers([case.ask_key for case in self.cases if case.asked_at])
        over = [case for case in self.cases if self._is_over(case)]
        written = first_letters(over)
        for case in over:
            self._close(case, written)
        for case in self.cases:
            if case.is_open:
                self._follow(case)
        DunningCase.objects.bulk_update(self.cases, _WRITTEN)
        self.desk.write()

    def _is_over(self, case: DunningCase) -> bool:
        return case.payment.status not in FAILING or self._why_lost(case) != ""

    def _why_lost(self, case: DunningCase) -> str:
        contract = case.payment.contract
        if case.payment.status == Payment.Status.VOID:
            return Why.VOID
        if contract and contract.status == Contract.Status.CANCELLED and _gone(contract, self.now):
            return Why.CONTRACT
        return Why.TIME if case.ends_at <= self.now else ""

    # While it is open -------------------------------------------------------------------------------------------------

    def _follow(self, case: DunningCase) -> None:
        if case.grace_ends_at <= self.now and case.grace_told_at is None:
            case.grace_told_at = self.now
            self.desk.tell(case, Kind.GRACE, "The days of grace are over")
            self.desk.fact(case, "dunning.grace_over", f"Access may be cut: {amount(case)} is still unpaid")
        failed_at = case.payment.failed_at
        if failed_at and failed_at > case.last_failed_at:
            self._failed_again(case, failed_at)
        elif case.wants_card and case.mended and case.asked_at is None:  # type: ignore[attr-defined]  # annotated
            self._mended(case)
        elif case.asked_at and (self.no.get(case.ask_key) or self._is_unanswered(case.asked_at, case)):
            self._unanswered(case, self.no.get(case.ask_key))
        elif case.provider_at and case.provider_at <= self.now - rules.PATIENCE:
            self.desk.plan(case)
        elif case.next_at and case.next_at <= self.now and case.stopped_at is None and case.asked_at is None:
            self._try(case)

    def _is_unanswered(self, asked_at: datetime, case: DunningCase) -> bool:
        return rules.gives_up_at(asked_at, slow=case.slow) <= self.now  # type: ignore[attr-defined]  # annotated

    def _failed_again(self, case: DunningCase, failed_at: datetime) -> None:
        case.last_failed_at, case.reason = failed_at, case.payment.failure_reason
        case.last_at = case.last_at if case.asked_at else max(failed_at, case.last_at)  # ours was tried when we asked
        case.asked_at = None
        because = f": {case.reason}" if case.reason else ""
        self.desk.tell(case, Kind.FAILED, f"Failed again, {rules.said(failed_at, case.clock)}{because}")
        answer = self.no.get(case.ask_key)
        self.desk.plan(case, answer.code if answer else "")

    def _mended(self, case: DunningCase) -> None:
        """There is another card: it is tried in their next morning, and the plan goes on with it."""
        case.wants_card, case.last_failed_at = False, max(case.last_failed_at, self.now)
        self.desk.tell(case, Kind.PLANNED, "They have given another way to pay")
        planned = rules.next_morning(self.desk.chosen.ways(), case.told, case.clock, self.desk.closed, self.now)
        if planned and case.stopped_at is None:
            case.next_at, case.next_why = planned.at, planned.why
            self.desk.tell(case, Kind.PLANNED, rules.explained(planned, case.clock))

    def _unanswered(self, case: DunningCase, answer: PaymentAttempt | None) -> None:
        """The try came to nothing, and no failure was reported; or nobody has said anything for a day."""
        asking.withdraw(case, self.now)
        case.asked_at = None
        why = (answer.reason or answer.get_state_display()) if answer else "no answer came within a day"
        self.desk.tell(case, Kind.FAILED, f"The try brought nothing: {why}")
        self.desk.plan(case, answer.code if answer else "")

    def _try(self, case: DunningCase) -> None:
        assert case.next_at
        if case.next_at <= self.now - STALE:
            self.desk.plan(case)
            return
        try_again(case, self.desk, None)

    # When it is over --------------------------------------------------------------------------------------------------

    def _close(self, case: DunningCase, written: Mapping[int, datetime]) -> None:
        case.closed_at = self.now
        if case.payment.status in Payment.RECEIVED:
            paid_at = case.payment.paid_at or self.now
            case.state, case.why = State.RECOVERED, self._brought_by(case, paid_at, written)
            self.desk.tell(case, Kind.CLOSED, f"Paid on {rules.said(paid_at, case.clock)}, {case.get_why_display()}")
            self.desk.fact(case, "dunning.recovered", f"{amount(case)} came in, {case.get_why_display()}")
            return
        asking.withdraw(case, self.now)
        case.state, case.why = State.LOST, self._why_lost(case)
        self.desk.tell(case, Kind.CLOSED, f"Given up: {case.get_why_display()}")
        self.desk.fact(case, "dunning.lost", f"{amount(case)} was given up: {case.get_why_display()}")

    def _brought_by(self, case: DunningCase, paid_at: datetime, written: Mapping[int, datetime]) -> str:
        letter = written.get(case.pk)
        return rules.brought_by(
            tried=case.asked_at is not None, by_person=case.asked_by_id is not None,
            written=letter is not None and letter <= paid_at,
        )  # fmt: skip


def try_again(case: DunningCase, desk: Desk, by: User | None) -> str:
    """Have its payment tried now. Returns why nobody can be asked, blank if it is under way; the caller saves."""
    case.tries, case.next_at, case.next_why = case.tries + 1, None, ""
    try:
        with transaction.atomic():
            refused = asking.ask(case.payment, case.ask_key, desk.now)
    except asking.NotRetried as error:  # it wants no money just now; what billing reports next says more
        case.tries -= 1
        desk.tell(case, Kind.UNASKED, str(error), by)
        return str(error)
    case.last_at = desk.now
    if refused:
        desk.tell(case, Kind.UNASKED, refused, by)
        desk.plan(case)
        return refused
    case.asked_at, case.asked_by = desk.now, by
    desk.tell(case, Kind.ASKED, "Tried now, as asked" if by else "Tried as planned", by)
    return ""


def _gone(contract: Contract, now: datetime) -> bool:
    return contract.cancelled_on is not None and contract.cancelled_on <= clock.today(now)


def first_letters(cases: Collection[DunningCase]) -> dict[int, datetime]:
    """By case: when the first mail that asked for its money left, if one did."""
    sent = OutboundMessage.objects.filter(
        account__in={case.account_id for case in cases}, series__in=SERIES, state=OutboundMessage.State.SENT,
        sending_at__isnull=False,
    )  # fmt: skip
    found: dict[int, list[datetime]] = {}
    for account, at in sent.values_list("account_id", "sending_at") if cases else ():
        if at:
            found.setdefault(account, []).append(at)
    first = {
        case.pk: min((at for at in found.get(case.account_id, ()) if at >= case.failed_at), default=None)
        for case in cases
    }
    return {pk: at for pk, at in first.items() if at}
