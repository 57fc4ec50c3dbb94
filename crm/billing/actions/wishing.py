"""What was decided about a contract is wished of billing, in the transaction of the decision; what becomes of it.

Stripe is asked by a worker (`crm.billing.stripe.wishing`). Whatever else bills a contract is told by a person, and so
is Stripe of what it refuses: they get a task. While a wish is open, what billing reports does not take the decision
back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from crm.billing import secrets
from crm.billing.actions.waiting import Waits
from crm.billing.actions.wish_words import ORIGIN, task_key, task_of, tell_done
from crm.billing.models import BillingObject, BillingWish
from crm.billing.rules import wishes as rules
from crm.billing.rules.contracts import Contracted
from crm.billing.rules.facts import Said
from crm.history.models import Act
from crm.ledger.models import Contract
from crm.slots import deciding
from crm.todos import actions as todos
from crm.todos.models import Task
from crm.web import clock

__all__ = ["ORIGIN", "NotPossible", "again", "by_person", "give_up", "hear", "heeded", "settle", "standing", "turned"]

State = BillingWish.State
_BACK = {
    deciding.END: deciding.STAY, deciding.STAY: deciding.END, deciding.PAUSE: deciding.GO_ON,
    deciding.GO_ON: deciding.PAUSE, deciding.LESS: deciding.FULL, deciding.FULL: deciding.LESS,
}  # fmt: skip
#: What cannot be called back at Stripe is asked for only after a while, so that it can be undone until then.
GRACE = timedelta(minutes=10)
#: Clocks differ: what was said so shortly before may be the answer.
_SKEW = timedelta(seconds=5)


class NotPossible(ValueError):
    """The wish is not uncertain any more; nothing was changed."""


# What is decided ------------------------------------------------------------------------------------------------------


def hear(one: deciding.Decided) -> None:
    """A decision, with its contract locked."""
    contract = Contract.objects.select_related("account").get(pk=one.contract_id)
    wish = BillingWish(
        contract=contract, what=one.what, act_id=one.act_id, on=one.on, percent=one.percent, months=one.months,
        price=one.price, themselves=one.themselves, asked_at=one.at,
    )  # fmt: skip
    _want(wish, contract, one.at)


def turned(done: Act, stands: bool, now: datetime) -> None:
    """An act was undone, or done again: so is what was wished because of it, in the same transaction."""
    rows = BillingWish.objects.select_for_update(of=("self",), no_key=True).filter(act_id=done.pk).order_by("pk")
    if not (wishes := list(rows.prefetch_related("contract__account"))):
        return
    first, last = wishes[0], wishes[-1]
    if stands and first.state == State.CANCELLED and first is last:
        _begin(first, now)
        return
    what = first.what if stands else _BACK[first.what]
    given = [row for row in wishes if row.what == deciding.LESS and row.state != State.CANCELLED]
    _want(_like(first, what, now, given[-1] if given else None), first.contract, now)


def _like(first: BillingWish, what: str, now: datetime, given: BillingWish | None) -> BillingWish:
    return BillingWish(
        contract=first.contract, what=what, act_id=first.act_id, on=first.on, percent=first.percent,
        months=first.months, price=first.price, asked_at=now, takes_back=given if what == deciding.FULL else None,
    )  # fmt: skip


def _want(wish: BillingWish, contract: Contract, now: datetime) -> None:
    """What was never asked for is not asked for any more when its opposite is decided, and then neither is that."""
    if not contract.external_id:
        return  # written down here: no billing system knows it
    wish.external_id = contract.external_id
    before = BillingWish.objects.select_for_update(of=("self",), no_key=True).filter(contract=contract)
    last = before.filter(what=_BACK[wish.what]).order_by("-pk").first()
    if last and _call_off(last, now):
        return
    _begin(wish, now)


def _call_off(row: BillingWish, now: datetime) -> bool:
    """Whether it was still here, and is not wanted any more."""
    task = Task.objects.filter(key=task_key(row), done_at=None)
    if not row.never_left and not (row.state == State.TOLD and row.first_sent_at is None and task.exists()):
        return False
    task.delete()
    row.state, row.reason, row.settled_at = State.CANCELLED, "It was taken back before anybody was asked.", now
    row.save(update_fields=["state", "reason", "settled_at"])
    return True


def _begin(wish: BillingWish, now: datetime) -> None:
    wish.asked_at = wish.due_at = now
    if wish.what == deciding.END and wish.on and wish.on <= clock.today(now):
        wish.due_at += GRACE
    wish.state, wish.reason = State.WAITING, ""
    wish.save()
    source = BillingObject.objects.filter(kind="contract", external_id=wish.external_id).values_list(
        "source", flat=True
    )
    if source.first() != "stripe":
        settle(wish, State.TOLD, "", "", now)
    elif not secrets.stripe_key():
        settle(wish, State.TOLD, "Stripe cannot be asked without an API key.", "", now)


# What becomes of it ---------------------------------------------------------------------------------------------------


def settle(row: BillingWish, state: str, reason: str, code: str, now: datetime) -> None:
    """In the transaction in which it is known: a person gets a task, or the customer hears that it is done."""
    row.state, row.reason, row.code, row.settled_at = state, reason[:300], code, now
    row.save(update_fields=["state", "reason", "code", "settled_at"])
    if state == State.TOLD:
        todos.create([task_of(row, now)], now=now)
    elif state == State.DONE and row.themselves:
        tell_done(row, now)


def heeded(contract: Contract, said: Contracted, facts: Sequence[Said], now: datetime) -> Contracted:
    """What billing says of a contract, which is locked, as far as nothing else was decided since. Settles what it has
    by now. Raises Waits where nothing can be believed until billing has it."""
    latest = max(facts, key=lambda one: (one.at, one.rank, one.key))
    unsaid = rules.UNSAID in (latest.said.get("notes") or ())
    holding = []
    for row in (
        BillingWish.objects.select_for_update(of=("self",), no_key=True).filter(contract=contract).order_by("pk")
    ):
        if row.state in BillingWish.OPEN:
            if not _has(row, said, latest, unsaid, now):
                holding.append(row)
        elif unsaid and row.state == State.DONE and row.what == deciding.LESS and not _taken_back(row):
            holding.append(row)
    found = rules.held(said, [_rule(row) for row in holding])
    if found is None:
        raise Waits("Billing says that it is over; here it was decided that it goes on, and billing is being told.")
    return found


def _has(row: BillingWish, said: Contracted, latest: Said, unsaid: bool, now: datetime) -> bool:
    """Whether this report closes it: it is later than the wish, and says what was wished."""
    if latest.at < row.asked_at - _SKEW:
        return False
    if row.state == State.TOLD:  # whoever told billing says so; what it reports afterwards is its word
        task = Task.objects.filter(key=task_key(row), done_at__lte=latest.at).exists()
        if task:
            settle(row, State.DONE, "", "", now)
            return True
    if (unsaid and row.what in (deciding.LESS, deciding.FULL)) or not rules.has(said, _rule(row)):
        return False
    settle(row, State.DONE, "", "", now)
    return True


def _taken_back(row: BillingWish) -> bool:
    return BillingWish.objects.filter(takes_back=row).exclude(state=State.CANCELLED).exists()


def _rule(row: BillingWish) -> rules.Wish:
    until = None if row.what == deciding.FULL else row.on
    return rules.Wish(row.what, clock.today(row.asked_at), until, row.percent, row.price)


# What a person decides ------------------------------------------------------------------------------------------------


def _uncertain(pk: int) -> BillingWish:
    rows = BillingWish.objects.select_for_update(of=("self",), no_key=True)
    row = rows.filter(pk=pk, state=State.UNCERTAIN).first()
    if row is None:
        raise NotPossible("It is not uncertain any more.")
    return row


def again(pk: int, now: datetime) -> None:
    """Ask Stripe once more: it is looked at first, so that nothing is done twice."""
    row = _uncertain(pk)
    row.state, row.due_at, row.tries, row.first_sent_at, row.rounds = State.WAITING, now, 0, None, row.rounds + 1
    row.save(update_fields=["state", "due_at", "tries", "first_sent_at", "rounds"])


def by_person(pk: int, now: datetime) -> None:
    """The customer's owner tells billing by hand."""
    row = _uncertain(pk)
    settle(row, State.TOLD, row.reason, row.code, now)


def give_up(pk: int, now: datetime) -> None:
    """What billing says holds again, from its next report or look on."""
    row = _uncertain(pk)
    settle(row, State.GIVEN_UP, row.reason, row.code, now)
    BillingObject.objects.filter(kind="contract", external_id=row.external_id).update(stale=True, state={})


# Where it stands ------------------------------------------------------------------------------------------------------


def standing(contract_id: int) -> deciding.Billed | None:
    """Of the latest decision, for the pages that speak of it."""
    rows = BillingWish.objects.filter(contract=contract_id).exclude(state__in=[State.CANCELLED, State.GIVEN_UP])
    row = rows.order_by("-pk").first()
    if row is None:
        return None
    state = "done" if row.state == State.DONE else "asked"
    if row.state == State.TOLD:
        state = "done" if Task.objects.filter(key=task_key(row)).exclude(done_at=None).exists() else "person"
    return deciding.Billed(row.what, state, row.themselves)
