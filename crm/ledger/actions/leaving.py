"""Somebody wants to leave: a pause or a discount is offered first; else the contract ends on a day, for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django.db.models import Q

from crm.history.actions import act
from crm.history.models import Act
from crm.ledger.actions.changing import ChangeError, Deed, deed, reprice, running
from crm.ledger.actions.standing import turn
from crm.ledger.models import Cancellation, CancelReason, Contract, ContractTerm
from crm.ledger.rules import Stretch, add_months, anchor_of, next_stretch
from crm.slots import deciding
from crm.team.models import User
from crm.web import clock, wording

CANCELLED, SAVED, REINSTATED = "contract.cancelled", "contract.saved", "contract.reinstated"
REASONS_SET = "cancelreasons.set"
_STATUS = Contract.Status


@dataclass(frozen=True)
class Asked:
    """Why they want to leave."""

    reason: CancelReason
    note: str = ""
    themselves: bool = False  # the customer did it, on a page of theirs

    @property
    def source(self) -> str:
        """Of what the timeline says, where nobody of ours did it."""
        return "customer" if self.themselves else "automatic"


@dataclass(frozen=True)
class Discount:
    """So much less, for so many months from today."""

    percent: int
    months: int


def end_of_period(contract: Contract, today: date) -> date | None:
    """The first day without the contract if nothing is renewed any more; None: it is open, and somebody names a day."""
    term: ContractTerm | None = contract.terms.covering(today).first()  # type: ignore[attr-defined]
    return term.ends_on if term else None


def cancel(contract: Contract, asked: Asked, on: date, by: User | None, now: datetime) -> Act:
    """The contract ends: `on` is the first day without it, today, an earlier day that nobody had noted, or one to come.

    Up to a day that is to come it runs on, and does not renew. Raises ChangeError.
    """
    today = clock.today(now)
    label = f"cancelled the contract {contract}"
    with deed(contract, CANCELLED, label, by, now, asked.source) as done:
        row = done.contract
        if row.status in (_STATUS.CANCELLED, _STATUS.EXPECTED):
            raise ChangeError(f"The contract is {row.get_status_display().lower()}: there is nothing to cancel.")
        if standing_notice(row, today):
            raise ChangeError("Somebody has given notice already. Withdraw that first.")
        row_of = Cancellation(account_id=row.account_id, contract=row, reason=asked.reason, note=asked.note,
                              asked_on=today, effective_on=on, by=by, created_at=now)  # fmt: skip
        if on > today:
            _give_notice(row, row_of, on, now)
        else:
            _end(row, on, now)
        row_of.save()
        done.made(cancellations=[row_of.pk])
        _say_left(done, asked, on)
        done.decided(deciding.END, on=on)
    return done.act


def _say_left(done: Deed, asked: Asked, on: date) -> None:
    """The reason is of ours. Their own words stand with the cancellation alone, where an erasure finds them."""
    done.told(CANCELLED, f"Contract {done.contract} cancelled to {wording.day(on)}. {asked.reason}",
              reason=str(asked.reason), effective_on=on)  # fmt: skip


def _end(contract: Contract, on: date, now: datetime) -> None:
    first = contract.terms.order_by("starts_on").values_list("starts_on", flat=True).first()
    if first and on < first:
        raise ChangeError(f"It began on {wording.day(first)}: it cannot end before.", "effective_on")
    turn(contract, _STATUS.CANCELLED, now)
    if contract.cancelled_on != on:
        contract.cancelled_on = on
        contract.save(update_fields=["cancelled_on"])


def _give_notice(contract: Contract, leaving: Cancellation, on: date, now: datetime) -> None:
    last = contract.terms.order_by("-starts_on").first()
    if last is None or (last.ends_on and on > last.ends_on):
        until = f"ends on {wording.day(last.ends_on)}" if last and last.ends_on else "has no term"
        raise ChangeError(f"It {until} if it is not renewed: cancel to that day or an earlier one.", "effective_on")
    later = contract.terms.filter(starts_on__gte=on)
    leaving.took = {
        "auto_renew": contract.auto_renew,
        "terms": [
            {name: None if value is None else str(value) for name, value in row.items()}
            for row in later.order_by("starts_on").values("starts_on", "ends_on", "mrr", "rate", "period_starts_on")
        ],
    }
    later.delete()
    if cut := contract.terms.covering(on).first():  # type: ignore[attr-defined]
        leaving.took |= {"cut": cut.pk, "ended_on": cut.ends_on and str(cut.ends_on)}
        cut.ends_on = on
        cut.save(update_fields=["ends_on"])
    if ends := contract.terms.filter(ends_on=on).first():
        leaving.took["mrr"] = str(ends.mrr)
    contract.auto_renew, contract.updated_at = False, now
    contract.save(update_fields=["auto_renew", "updated_at"])


def standing_notice(contract: Contract, today: date) -> Cancellation | None:
    """That the contract ends on a day to come, which can be withdrawn."""
    return (
        contract.cancellations.filter(effective_on__gt=today, withdrawn_on=None, saved_by=None)
        .select_related("reason").order_by("-id").first()
    )  # fmt: skip


def save_by_pause(contract: Contract, asked: Asked, by: User | None, now: datetime) -> Act:
    """They stay, and pause. Raises ChangeError."""
    with deed(contract, SAVED, f"kept the contract {contract} by a pause", by, now, asked.source) as done:
        if done.contract.status != _STATUS.PAID:
            raise ChangeError(f"The contract is {done.contract.get_status_display().lower()}: it cannot pause.")
        turn(done.contract, _STATUS.PAUSED, now)
        _note_saved(done, asked, Cancellation.SavedBy.PAUSE, "a pause")
        done.decided(deciding.PAUSE)
    return done.act


def save_by_discount(contract: Contract, asked: Asked, less: Discount, by: User | None, now: datetime) -> Act:
    """They stay, and pay less for some months, or up to the end of the term if that is sooner. Raises ChangeError."""
    if not 1 <= less.percent <= 100:
        raise ChangeError("Give a discount of 1 to 100 percent.", "percent")
    if not 1 <= less.months <= 24:
        raise ChangeError("Give it for 1 to 24 months.", "months")
    today = clock.today(now)
    with deed(contract, SAVED, f"kept the contract {contract} by a discount", by, now, asked.source) as done:
        row = done.contract
        if row.cancellations.filter(asked_on=today, saved_by=Cancellation.SavedBy.DISCOUNT).exists():
            raise ChangeError("It got a discount today already. Undo that one, or change the price.", "percent")
        term = running(row, today)
        full, whole = term.mrr, Stretch(term.period_start, term.ends_on) if term.ends_on else None
        until = min(add_months(today, less.months), term.ends_on or date.max)
        reduced = (full * (100 - less.percent) / 100).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        made = reprice(row, term, today, reduced, now)
        lower = running(row, today)
        if until != lower.ends_on:
            made += reprice(row, lower, until, full, now)
        elif whole and row.auto_renew and not row.terms.filter(starts_on__gte=until).exists():
            # What renews is the last term: without this one, the discount would for good.
            starts = sorted({one.period_start for one in row.terms.all()})
            goes_on = next_stretch(whole, anchor_of(starts))
            made.append(ContractTerm.objects.create(contract=row, starts_on=goes_on.starts_on, ends_on=goes_on.ends_on,
                                                    mrr=full, rate=term.rate, known_at=now).pk)  # fmt: skip
        done.made(terms=made)
        row.updated_at = now
        row.save(update_fields=["updated_at"])
        _note_saved(done, asked, Cancellation.SavedBy.DISCOUNT,
                    f"{less.percent} % less up to {wording.day(until)}")  # fmt: skip
        done.decided(deciding.LESS, on=add_months(today, less.months), percent=less.percent, months=less.months,
                     price=full)  # fmt: skip
    return done.act


def _note_saved(done: Deed, asked: Asked, how: str, words: str) -> None:
    row = Cancellation.objects.create(
        account_id=done.contract.account_id, contract=done.contract, reason=asked.reason, note=asked.note,
        asked_on=clock.today(done.now), saved_by=how, by=done.by, created_at=done.now,
    )  # fmt: skip
    done.made(cancellations=[row.pk])
    done.told(SAVED, f"Contract {done.contract} was to be cancelled ({asked.reason}); kept by {words}",
              reason=str(asked.reason), saved_by=how)  # fmt: skip


def reinstate(contract: Contract, by: User | None, now: datetime) -> Act:
    """They stay after all, or come back: from today on, and the days between stay a gap. Raises ChangeError."""
    today = clock.today(now)
    with deed(contract, REINSTATED, f"reinstated the contract {contract}", by, now) as done:
        row = done.contract
        if notice := standing_notice(row, today):
            done.made(terms=_withdraw(row, notice, now))
        elif row.status == _STATUS.CANCELLED:
            done.made(terms=turn(row, _STATUS.PAID, now))
            notice = row.cancellations.filter(withdrawn_on=None, saved_by=None).order_by("-id").first()
        else:
            raise ChangeError(f"The contract is {row.get_status_display().lower()}: nothing was cancelled.")
        if notice:
            notice.withdrawn_on = today
            notice.save(update_fields=["withdrawn_on"])
        done.told(REINSTATED, f"Contract {row} reinstated")
        done.decided(deciding.STAY, on=notice.effective_on if notice else None)
    return done.act


def _withdraw(contract: Contract, notice: Cancellation, now: datetime) -> list[int]:
    """What it had taken comes back, unless the contract goes on otherwise by now. Returns the ids of terms made."""
    contract.auto_renew = contract.auto_renew or notice.took.get("auto_renew", False)
    contract.updated_at = now
    contract.save(update_fields=["auto_renew", "updated_at"])
    if contract.terms.filter(Q(ends_on=None) | Q(ends_on__gt=notice.effective_on)).exists():
        return []
    # What was cut may have been parted since, by another price: its last part goes on.
    cut = contract.terms.filter(ends_on=notice.effective_on).first() if "cut" in notice.took else None
    if cut:
        ended_on = notice.took["ended_on"]
        cut.ends_on = date.fromisoformat(ended_on) if ended_on else None
        cut.save(update_fields=["ends_on"])
    changed = _price_since(contract, notice)
    terms = [
        ContractTerm(contract=contract, known_at=now, **one | ({"mrr": changed} if changed is not None else {}))
        for one in notice.took.get("terms", [])
    ]
    return [term.pk for term in ContractTerm.objects.bulk_create(terms)]


def _price_since(contract: Contract, notice: Cancellation) -> Decimal | None:
    """What it costs by now, if somebody has changed that since the notice: for good, not as a discount."""
    ends = contract.terms.order_by("-starts_on").first()
    discounts = contract.cancellations.filter(saved_by=Cancellation.SavedBy.DISCOUNT, pk__gt=notice.pk)
    if ends is None or "mrr" not in notice.took or Decimal(notice.took["mrr"]) == ends.mrr or discounts.exists():
        return None
    price: Decimal = ends.mrr
    return price


def set_reasons(names: Sequence[str], by: User | None, now: datetime) -> Act:
    """These, in this order, are what people choose from. Others are archived: old cancellations keep them."""
    with act(REASONS_SET, "changed why customers leave", by, now) as done:
        known = {row.name.casefold(): row for row in CancelReason.objects.select_for_update().order_by("pk")}
        for place, name in enumerate(names):
            row = known.pop(name.casefold(), None) or CancelReason()
            new = row.pk is None
            row.name, row.order, row.archived_at = name, place, None
            row.save()
            if new:
                done.detail.setdefault("reasons", []).append(row.pk)
        CancelReason.objects.filter(pk__in=[row.pk for row in known.values()], archived_at=None).update(archived_at=now)
    return done
