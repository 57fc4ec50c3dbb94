"""What follows from a customer's answer, and what admins set. Each is one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from crm.accounts.models import Contact
from crm.history.actions import act
from crm.history.models import Act
from crm.leaving import letters, rules
from crm.leaving.models import LeaveLinks, LeavingAnswer, LeavingOffer, LeavingPolicy
from crm.leaving.reading import Case, case_of, offer_for
from crm.ledger.actions import leaving
from crm.ledger.actions.changing import ChangeError
from crm.ledger.models import CancelReason, Contract
from crm.slots import tell
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.todos import actions as todos
from crm.todos.actions import NewTask
from crm.web import wording
from crm.web.locks import take_turns

#: The kind of notification: a customer has cancelled, or wants something before they do.
TOLD = "contract.leaving"
SET = "leaving.set"
REVOKED = "leaving.revoked"
ORIGIN = "leaving"
_ASKED = {
    rules.TALK: ("contract.talk_wanted", "Talk to {}: they think of leaving", "They want to talk before they leave"),
    rules.SMALLER: ("contract.smaller_wanted", "A smaller plan for {}: they think of leaving",
                    "They ask for a smaller plan instead of leaving"),
}  # fmt: skip


class NotAnyMore(ValueError):
    """What the page had shown does not hold now; nothing was changed, and the page is to be shown anew."""


@dataclass(frozen=True)
class Answer:
    """What was filled in. `shown` is the last day that the page had named, where it is to end."""

    reason: CancelReason
    note: str
    took: str
    shown: date | None = None


@transaction.atomic
def answer(contract_id: int, given: Answer, now: datetime) -> LeavingAnswer:
    """Do what the customer decided, tell our people, and confirm it by mail: once, however often it is sent.

    Raises NotAnyMore when somebody or something was quicker.
    """
    account_id = Contract.objects.values_list("account_id", flat=True).filter(pk=contract_id).first()
    take_turns(f"leaving:{account_id}")  # limits are a customer's, whichever contract it is
    contract = Contract.objects.select_related("account__owner").filter(pk=contract_id).first()
    if contract is None or contract.account_id != account_id:
        raise NotAnyMore("This contract has changed meanwhile. Look at it once more.")
    case = case_of(contract, now)
    offer = offer_for(case, given.reason)
    if case.ends_on is None:
        raise NotAnyMore("There is nothing to cancel any more.")
    if given.took == rules.END and given.shown != case.ends_on:
        raise NotAnyMore(f"It would end on {wording.day(case.ends_on)} now. Look at it once more.")
    if given.took != rules.END and (offer is None or offer.kind != given.took):
        raise NotAnyMore("What was offered is not possible any more. Nothing has changed.")
    return _carried_out(case, offer, given, now)


def _carried_out(case: Case, offer: rules.Offer | None, given: Answer, now: datetime) -> LeavingAnswer:
    ends = given.took == rules.END
    row = LeavingAnswer(
        account_id=case.contract.account_id, contract=case.contract, reason=given.reason,
        offered=offer.kind if offer else "", took=given.took, asked_on=case.today,
        effective_on=case.ends_on if ends else None, created_at=now,
    )  # fmt: skip
    if given.took in _ASKED:
        asked = LeavingAnswer.objects.filter(contract=case.contract, took=given.took, asked_on=case.today)
        if found := asked.first():
            return found
        row.save()
        _ask_for(row, given, now)
    else:
        row.save()
        try:
            done = _decide(case, offer, given, now)
        except ChangeError as refusal:
            raise NotAnyMore(str(refusal)) from refusal
        letters.confirm(row, case, offer, done, now)
    _tell_owner(row, case.contract, now)
    return row


def _decide(case: Case, offer: rules.Offer | None, given: Answer, now: datetime) -> Act:
    asked = leaving.Asked(given.reason, given.note, themselves=True)
    if given.took == rules.PAUSE:
        return leaving.save_by_pause(case.contract, asked, None, now)
    if given.took == rules.DISCOUNT and offer:
        return leaving.save_by_discount(
            case.contract, asked, leaving.Discount(offer.percent, offer.months), None, now
        )  # fmt: skip
    assert case.ends_on
    return leaving.cancel(case.contract, asked, case.ends_on, None, now)


def _ask_for(row: LeavingAnswer, given: Answer, now: datetime) -> None:
    """A task for whoever looks after them, and a fact that workflows may react to."""
    kind, title, words = _ASKED[row.took]
    account = row.contract.account
    why = f"{given.reason}: {given.note}" if given.note else str(given.reason)
    reader = Contact.objects.readers_of([account.pk]).get(account.pk)
    facts = {"contract": row.contract_id, "plan": row.contract.plan, "reason": str(given.reason)}
    record(Fact(account.pk, kind, f"{words}. {why}"[:400], now, source="customer", payload=facts,
                key=f"leaving:{row.pk}"), now=now)  # fmt: skip
    todos.create([NewTask(
        title=title.format(account.name), body=f"Contract {row.contract}. {why}", due_at=now + timedelta(hours=4),
        account_id=account.pk, contact_id=reader.pk if reader else None, owner_id=account.owner_id,
        origin=ORIGIN, origin_id=row.pk, key=f"leaving:{row.pk}",
    )], now=now)  # fmt: skip


def _tell_owner(row: LeavingAnswer, contract: Contract, now: datetime) -> None:
    account = contract.account
    words = {
        rules.END: f"has cancelled {contract}", rules.PAUSE: f"pauses {contract} instead of leaving",
        rules.DISCOUNT: f"took the discount on {contract} instead of leaving",
        rules.TALK: "thinks of leaving and wants to talk", rules.SMALLER: "asks for a smaller plan instead of leaving",
    }[row.took]  # fmt: skip
    if account.owner_id:
        tell([account.owner_id], TOLD, f"{account} {words}: {row.reason}", account.get_absolute_url(), now,
             key=f"leaving:{row.pk}", account_id=account.pk)  # fmt: skip


@transaction.atomic
def revoke(contract: Contract, by: User, now: datetime) -> None:
    """No link that was made so far opens the page of this contract any more; the next one does."""
    LeaveLinks.objects.bulk_create([LeaveLinks(contract=contract)], ignore_conflicts=True)
    with act(REVOKED, f"revoked the links to leave {contract}", by, now, {"contract": contract.pk}):
        LeaveLinks.objects.filter(contract=contract).update(edition=F("edition") + 1, revoked_at=now)


def set_offers(
    policy: Mapping[str, Any], offers: Mapping[int, rules.Offer | None], by: User | None, now: datetime
) -> Act:
    """What holds for the page, and what fits each of these reasons (by id)."""
    LeavingPolicy.objects.bulk_create([LeavingPolicy(pk=1)], ignore_conflicts=True)
    with act(SET, "changed what is offered to customers who leave", by, now) as done:
        row = LeavingPolicy.objects.select_for_update(no_key=True).get(pk=1)
        for name, value in policy.items():
            setattr(row, name, value)
        row.save()
        known = {one.reason_id: one for one in LeavingOffer.objects.order_by("pk").select_for_update(no_key=True)}
        made = []
        for reason, offer in offers.items():
            was = known.get(reason)
            if offer is None:
                if was:
                    was.delete()
                continue
            one = was or LeavingOffer(reason_id=reason)
            one.kind, one.percent, one.months, one.words = offer.kind, offer.percent, offer.months, offer.words
            one.save()
            made += [] if was else [one.pk]
        done.detail |= {"offers": made}
    return done


def take_offers(done: Act) -> None:
    """Those that the act made, for its undo."""
    LeavingOffer.objects.filter(pk__in=done.detail.get("offers", [])).delete()
