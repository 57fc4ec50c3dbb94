"""Opening a deal, and taking that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from crm.accounts.models import Account
from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.pipelines import values
from crm.pipelines.actions import linking, locking, placing
from crm.pipelines.actions.editing import tell_owner
from crm.pipelines.actions.moving import gate_of
from crm.pipelines.actions.refusals import DealError, GateError
from crm.pipelines.actions.telling import tell
from crm.pipelines.models import Deal, DealChange, DealSpell, Outcome, Stage
from crm.pipelines.rules import gates
from crm.team.models import User

OPENED = "deal.opened"
#: Columns that are taken as they come.
_PLAIN = (
    "title", "amount", "expected_on", "source", "next_step", "next_on", "plan", "mrr", "months", "starts_on",
    "external_id", "key",
)  # fmt: skip


@dataclass(frozen=True)
class NewDeal:
    """What is known of a deal that begins. `stage_id` blank: the first open stage of the pipeline."""

    account_id: int
    pipeline_id: int
    title: str
    stage_id: int | None = None
    owner_id: int | None = None  # blank: the customer's owner
    amount: Decimal | None = None
    currency: str = ""  # blank: the reporting currency
    expected_on: date | None = None
    source: str = ""
    next_step: str = ""
    next_on: date | None = None
    plan: str = ""
    mrr: Decimal | None = None
    months: int | None = None
    starts_on: date | None = None
    tags: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)  # as `crm.fields` keeps them
    contact_ids: tuple[int, ...] = ()  # those of other customers are left out
    ticket_ids: tuple[int, ...] = ()  # likewise
    external_id: str | None = None
    key: str | None = None  # a known one opens nothing


def open_deal(new: NewDeal, by: User | None, now: datetime) -> Deal:
    """A deal on top of its stage. With a key or external_id that is known: the deal that has it, unchanged.

    Raises DealError (pipeline or stage not in use, a closed stage, no rate for its currency, customer gone) and
    GateError where the stage requires a field that is empty. It can be undone until somebody has worked with it.
    """
    try:
        return known(new) or _open(new, by, now)
    except IntegrityError:  # somebody was quicker with the same key
        if found := known(new):
            return found
        raise


def known(new: NewDeal) -> Deal | None:
    """The one that has its key, or its external_id."""
    same = Q(key=new.key) if new.key else Q(pk=None)
    if new.external_id:
        same |= Q(external_id=new.external_id)
    return Deal.objects.select_related("stage__pipeline").filter(same).first()


@transaction.atomic
def _open(new: NewDeal, by: User | None, now: datetime) -> Deal:
    stage = locking.stage(new.stage_id or _first(new.pipeline_id))
    if stage.pipeline_id != new.pipeline_id or stage.outcome != Outcome.OPEN:
        raise DealError(f"A deal begins in an open stage of its pipeline, and {stage} is none.")
    account = Account.objects.select_related("owner").filter(pk=new.account_id).first()
    if account is None:
        raise DealError("The customer is not there any more. Choose another one.")
    row = _made(new, account, stage, by, now)
    given = values.held(row, stage.required) | {values.CONTACTS: list(new.contact_ids)}
    if missing := gates.missing(None, gate_of(stage), (), given):
        raise GateError(f"{stage} asks for something before a deal begins there.", row, stage, missing)
    with act(OPENED, f"opened {row}", by, now) as deed:
        row.save()
        deed.detail.setdefault("deal", row.pk)
        linking.add_contacts(row, new.contact_ids)
        linking.add_tickets(row, new.ticket_ids)
        placing.place({row.pk: row.rank}, stage, by, now)
        tell(row, OPENED, f"Deal opened in {stage}", now, by, source=row.source)
        tell_owner(row, by, now)
    return locking.deal(row.pk)


def _first(pipeline_id: int) -> int:
    stages = Stage.objects.in_use().filter(pipeline=pipeline_id, outcome=Outcome.OPEN)
    found = stages.values_list("pk", flat=True).first()
    if found is None:
        raise DealError("This pipeline has no open stage. An admin adds one to its shape.")
    return found


def _made(new: NewDeal, account: Account, stage: Stage, by: User | None, now: datetime) -> Deal:
    owner = User.objects.filter(pk=new.owner_id).first() if new.owner_id else account.owner
    row = Deal(
        **{name: getattr(new, name) for name in _PLAIN}, account=account, owner=owner, pipeline=stage.pipeline,
        stage=stage, rank=placing.room(stage, None, None), currency=new.currency or settings.CURRENCY,
        tags=list(dict.fromkeys(new.tags)), custom=dict(new.custom), created_at=now, updated_at=now, entered_at=now,
        created_by=by,
    )  # fmt: skip
    values.book_rate(row, now)
    return row


def unopen(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo: it goes, unless somebody has worked with it since. What the timeline told of it stays."""
    row = Deal.objects.filter(pk=done.detail.get("deal")).select_for_update(of=("self",)).first()
    if row is None:
        return Undone(0)
    worked = DealSpell.objects.filter(deal=row).exclude(act=done).exists() or row.contract_id is not None
    if worked or DealChange.objects.filter(pgh_obj=row.pk).exists():
        return Undone(0, [Kept(str(row), "", None, "", None, "somebody has worked with it since")])
    row.delete()
    return Undone(1)
