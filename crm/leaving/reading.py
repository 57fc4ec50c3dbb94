"""Where a contract stands for the customer who opened the link, and what can be offered to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F

from crm.accounts.models import Contact
from crm.duplicates.models import Merge
from crm.leaving import rules
from crm.leaving.models import LeavingAnswer, LeavingOffer, LeavingPolicy
from crm.leaving.tokens import Link, editions, last_day, url_of
from crm.ledger.actions.leaving import standing_notice
from crm.ledger.models import Cancellation, CancelReason, Contract, ContractTerm
from crm.slots import deciding
from crm.slots.deciding import Billed
from crm.web import clock


@dataclass(frozen=True)
class Case:
    """A contract as the page sees it today."""

    contract: Contract
    today: date
    terms: tuple[ContractTerm, ...]
    notice: Cancellation | None  # it ends on a day to come
    policy: LeavingPolicy
    last_answer: LeavingAnswer | None
    billed: Billed | None = None  # where what was decided stands in billing

    @property
    def running(self) -> ContractTerm | None:
        return next((t for t in self.terms if t.starts_on <= self.today and not self._is_over(t)), None)

    def _is_over(self, term: ContractTerm) -> bool:
        return term.ends_on is not None and term.ends_on <= self.today

    @property
    def ends_on(self) -> date | None:
        """The first day without it, if they cancel today; None: there is nothing to cancel."""
        if self.notice or self.contract.status in (Contract.Status.CANCELLED, Contract.Status.EXPECTED):
            return None
        return rules.ends_on([rules.Term(t.starts_on, t.ends_on, t.period_start) for t in self.terms], self.today)

    @property
    def over_since(self) -> date | None:
        """Of one that ran out, or was cancelled: the first day without it."""
        if self.contract.cancelled_on:
            return self.contract.cancelled_on
        return None if self.ends_on or self.notice else max((t.ends_on for t in self.terms if t.ends_on), default=None)

    @property
    def billing(self) -> str:
        """What billing has of it, for the customer."""
        mails = self.billed is not None and self.billed.mails and reader_of(self.contract) is not None
        return rules.billing_words(self.billed.what, self.billed.state, mails=mails) if self.billed else rules.NO_MORE

    @property
    def just_answered(self) -> LeavingAnswer | None:
        """What they decided here today, as far as nobody of ours has changed it since."""
        last = self.last_answer
        return last if last and last.asked_on == self.today and self._holds(last) else None

    def _holds(self, last: LeavingAnswer) -> bool:
        if last.took == rules.PAUSE:
            return self.contract.status == Contract.Status.PAUSED
        if last.took == rules.DISCOUNT:  # an undo takes what it had noted away
            return self.contract.cancellations.filter(saved_by=last.took, asked_on=self.today).exists()
        return True


def case(link: Link, now: datetime) -> Case | None:
    """None: there is no such contract any more, nobody sold it yet, the link was revoked, or whom it was for is not
    with us."""
    found = Contract.objects.select_related("account").filter(pk=link.contract_id).first()
    if found is None or found.status == Contract.Status.EXPECTED or not _still_stands(link.contact_id):
        return None
    if editions([found.pk]).get(found.pk, 0) != link.edition:
        return None
    return case_of(found, now)


def case_of(contract: Contract, now: datetime) -> Case:
    today = clock.today(now)
    terms = tuple(contract.terms.order_by("starts_on"))
    last = LeavingAnswer.objects.filter(contract=contract).order_by("-id").first()
    notice, billed = standing_notice(contract, today), deciding.billed(contract.pk)
    return Case(contract, today, terms, notice, LeavingPolicy.the_only(), last, billed)


def _still_stands(contact_id: int) -> bool:
    """Whether the person is on record, by themselves or as part of another. Who was erased is neither."""
    if not contact_id or Contact.objects.filter(pk=contact_id).exists():
        return True
    return Merge.objects.filter(subject="contact", loser_id=contact_id, undone_at=None).exclude(detail={}).exists()


def reader_of(contract: Contract) -> Contact | None:
    """Who reads the customer's mail."""
    return Contact.objects.readers_of([contract.account_id]).get(contract.account_id)


def offer_for(case: Case, reason: CancelReason) -> rules.Offer | None:
    """What fits the reason and is possible today."""
    row = LeavingOffer.objects.filter(reason=reason).first()
    if row is None:
        return None
    before = Cancellation.objects.filter(account=case.contract.account_id, saved_by=row.kind)
    had_last = before.order_by("-asked_on").values_list("asked_on", flat=True).first()
    paid_for = case.running is not None and case.running.mrr > 0
    standing = rules.Standing(case.contract.status, paid_for, had_last)
    return rules.fitting(row.offer, standing, case.today, case.policy.every_days)


def links(account_ids: Sequence[int], now: datetime) -> Mapping[int, str]:
    """For mails: the address on which each customer can leave, of the dearest contract that runs; blank for none."""
    running = ContractTerm.objects.covering(clock.today(now)).exclude(  # type: ignore[attr-defined]
        contract__status__in=(Contract.Status.CANCELLED, Contract.Status.EXPECTED)
    )
    found = running.filter(contract__account_id__in=account_ids).order_by(
        "contract__account_id", (F("mrr") * F("rate")).desc(), "contract_id"
    ).distinct("contract__account_id").values_list("contract__account_id", "contract_id")  # fmt: skip
    contracts, readers = dict(found), Contact.objects.readers_of(list(account_ids))
    last, of = last_day(now), editions(contracts.values())

    def url(account_id: int) -> str:
        reader = readers.get(account_id)
        if (contract := contracts.get(account_id)) is None:
            return ""
        return url_of(contract, reader.pk if reader else None, last, of.get(contract, 0))

    return {account_id: url(account_id) for account_id in account_ids}
