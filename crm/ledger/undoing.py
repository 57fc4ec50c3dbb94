"""Acts on contracts and payments that are taken back: what they made goes, and what follows is derived anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from crm.accounts.models import Account, Alias, Contact
from crm.history.models import Act
from crm.history.undoing import UndoError, echoes, forelocks, undoers
from crm.ledger.actions.by_hand import FORELOCKS, UNDOERS
from crm.ledger.actions.changing import CHANGED, PAUSED, RESUMED
from crm.ledger.actions.leaving import CANCELLED, REASONS_SET, REINSTATED, SAVED
from crm.ledger.actions.projection import project
from crm.ledger.models import (
    Cancellation,
    CancelReason,
    Contract,
    ContractChange,
    ContractTerm,
    ContractTermChange,
    Payment,
    PaymentChange,
    Purchase,
    PurchaseChange,
    PurchaseItemChange,
)
from crm.timeline.actions import Fact, record
from crm.timeline.models import Pending, TimelineEntry
from crm.web import clock


def take_made(act: Act) -> None:
    """Terms and cancellations that the act made go first, so that what it cut short can run its whole way again.

    They are remembered, so doing it again brings them back with their ids.
    """
    Contract.objects.select_for_update(of=("self",), no_key=True).filter(pk=act.detail.get("contract")).first()
    made = ContractTerm.objects.filter(pk__in=act.detail.get("terms", []))
    since = ContractTermChange.objects.filter(pgh_obj__in=made.values("pk"), pgh_label="update").exclude(act=act)
    machines = {"act__by": None, "act__kind": Act.EDIT}  # what billing reports, it reports again
    if since.filter(act__turns=0, act__undone_at=None).exclude(**machines).exists():
        raise UndoError("The term that this had made was changed since. Change the contract as you want it instead.")
    made.delete()
    Cancellation.objects.filter(pk__in=act.detail.get("cancellations", [])).delete()


def take_reasons(act: Act) -> None:
    """Reasons that the act made, but those that somebody has chosen since."""
    made = CancelReason.objects.filter(pk__in=act.detail.get("reasons", []))
    made.filter(~Exists(Cancellation.objects.filter(reason=OuterRef("pk")))).delete()


#: Whose facts an act has touched: of rows that are there by the row, of deleted ones by what is remembered of them.
_TOUCHED = """
    SELECT account_id FROM {contract_change} WHERE act_id = %(act)s
    UNION SELECT c.account_id FROM {term_change} h JOIN {contract} c ON c.id = h.contract_id WHERE h.act_id = %(act)s
    UNION SELECT account_id FROM {payment_change} WHERE act_id = %(act)s
    UNION SELECT p.account_id FROM {payment_change} h JOIN {payment} p ON p.id = h.pgh_obj_id WHERE h.act_id = %(act)s
    UNION SELECT account_id FROM {purchase_change} WHERE act_id = %(act)s
    UNION SELECT p.account_id FROM {item_change} h JOIN {purchase} p ON p.id = h.purchase_id WHERE h.act_id = %(act)s
"""
_TABLES: dict[str, Any] = {
    "contract_change": ContractChange, "term_change": ContractTermChange, "contract": Contract,
    "payment_change": PaymentChange, "payment": Payment, "purchase_change": PurchaseChange,
    "item_change": PurchaseItemChange, "purchase": Purchase,
}  # fmt: skip
_QUERY = _TOUCHED.format(**{name: model._meta.db_table for name, model in _TABLES.items()})


def derive_anew(done: Act, stands: bool, now: datetime) -> None:
    """Whatever kind of act it was: facts went back, or forth again, and their accounts follow."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, {"act": done.pk})
        project([row[0] for row in cursor.fetchall() if row[0]], now)


#: What an entry of the timeline says, to say it again.
_SAID = ("account_id", "kind", "text", "occurred_at", "contact_id", "source", "actor_id", "channel", "payload", "key")


def tell_anew(done: Act, stands: bool, now: datetime) -> None:
    """What the timeline told of an act goes with it, and comes back with it. Workflows that had begun with it do not
    begin once more."""
    if stands and done.detail.get("untold"):
        facts = [
            Fact(**said | whom | {"occurred_at": clock.parse(said["occurred_at"])})
            for said in done.detail.pop("untold") if (whom := _whom(said))
        ]  # fmt: skip
        done.detail["told"] = record(facts, react=done.detail.pop("unread"), now=now)
    elif not stands and done.detail.get("told"):
        entries = TimelineEntry.objects.filter(pk__in=done.detail.pop("told")).order_by("pk")
        done.detail["unread"] = Pending.objects.filter(entry__in=entries).exists()
        said = list(entries.values(*_SAID))
        done.detail["untold"] = [one | {"occurred_at": one["occurred_at"].isoformat()} for one in said]
        entries.delete()
    else:
        return
    done.save(update_fields=["detail"])


def _whom(said: Mapping[str, Any]) -> dict[str, int | None]:
    """Of whom it is told again: who was merged meanwhile is the one that stayed; empty: there is nobody any more."""
    account = said["account_id"]
    if not Account.objects.filter(pk=account).exists():
        account = Alias.holder("account", Alias.Kind.ID, str(account))
    contact = Contact.objects.filter(pk=said["contact_id"]).values_list("pk", flat=True).first()
    return {"account_id": account, "contact_id": contact} if account else {}


def register_undoing() -> None:
    for kind in (CHANGED, PAUSED, RESUMED, CANCELLED, SAVED, REINSTATED):
        forelocks.register(kind, take_made)
    forelocks.register(REASONS_SET, take_reasons)
    for kind, forelock in FORELOCKS.items():
        forelocks.register(kind, forelock)
    for kind, undoer in UNDOERS.items():
        undoers.register(kind, undoer)
    echoes.register("ledger", derive_anew)
    echoes.register("ledger.told", tell_anew)
