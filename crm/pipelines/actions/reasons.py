"""Why deals are lost: what people choose from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from crm.history.actions import act
from crm.history.models import Act
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import LossReason
from crm.pipelines.templates import REASONS
from crm.team.models import User


def begin_with_some() -> None:
    """Those that come along, where nobody has made one yet; in the caller's transaction."""
    if not LossReason.objects.exists():
        rows = [LossReason(name=name, order=place) for place, name in enumerate(REASONS)]
        LossReason.objects.bulk_create(rows, ignore_conflicts=True)


def add_reason(name: str, by: User, now: datetime) -> tuple[LossReason, Act]:
    """At the end. Raises DealError for a name that is there; one of the archive comes back."""
    name = _named(name)
    with transaction.atomic():
        known = LossReason.objects.select_for_update().filter(name__iexact=name).first()
        if known and known.archived_at is None:
            raise DealError(f"There is a reason “{known}” already.")
        with act("reason.added", f"added the reason “{name}” for losing deals", by, now) as deed:
            if known:
                known.archived_at = None
                known.save(update_fields=["archived_at"])
                return known, deed
            last = LossReason.objects.aggregate(last=Max("order"))["last"] or 0
            return LossReason.objects.create(name=name, order=last + 1), deed


def rename_reason(pk: int, name: str, by: User, now: datetime) -> Act:
    """Raises DealError for a name that another has."""
    name = _named(name)
    row = _there(pk)
    try:
        with act("reason.renamed", f"renamed the reason “{row}” to “{name}”", by, now) as deed:
            row.name = name
            row.save(update_fields=["name"])
            return deed
    except IntegrityError:
        raise DealError(f"There is a reason “{name}” already, perhaps in the archive.") from None


def archive_reason(pk: int, by: User, now: datetime) -> Act:
    """Nobody is offered it any more; deals that were lost for it keep it. Raises DealError for the last one."""
    row = _there(pk)
    if not LossReason.objects.filter(archived_at=None).exclude(pk=pk).exists():
        raise DealError("Losing a deal asks for a reason, and this is the last one. Add another one first.")
    with act("reason.archived", f"archived the reason “{row}” for losing deals", by, now) as deed:
        row.archived_at = now
        row.save(update_fields=["archived_at"])
    return deed


def reorder_reasons(ids: Sequence[int], by: User, now: datetime) -> Act:
    """Those in use stand as the ids do; what is not named comes behind."""
    with act("reason.reordered", "put the reasons for losing deals into another order", by, now) as deed:
        rows = LossReason.objects.filter(archived_at=None).order_by("pk").select_for_update()
        places = {pk: place for place, pk in enumerate(ids)}
        for row in rows:
            row.order = places.get(row.pk, len(places) + row.order)
            row.save(update_fields=["order"])
    return deed


def _there(pk: int) -> LossReason:
    row = LossReason.objects.filter(pk=pk, archived_at=None).first()
    if row is None:
        raise DealError("There is no such reason any more. Reload the page.")
    return row


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= (LossReason._meta.get_field("name").max_length or 0):
        raise DealError("A reason has a name of up to 80 characters.")
    return name
