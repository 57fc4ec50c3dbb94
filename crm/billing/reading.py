"""What the page of billing shows: how it is connected, what came last, what waits, what the last look found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from crm.billing import hooks, secrets
from crm.billing.models import BillingCustomer, BillingDifference, BillingLook, BillingObject, BillingSettings
from crm.billing.stripe import events, incoming
from crm.billing.told import STRIPE
from crm.team.models import User
from crm.web.pagination import Page, Sort, keyset_page

#: What a source is called in a sentence.
_CALLED = {STRIPE: "Stripe"}


def reporters(external_ids: Sequence[str]) -> Mapping[str, str]:
    """As `slots.deciding.payments_reported` asks: one query."""
    known = BillingObject.objects.filter(kind=BillingObject.Kind.PAYMENT, external_id__in=external_ids)
    return {pk: _CALLED.get(source, "Your billing") for pk, source in known.values_list("external_id", "source")}


def biller(account_id: int) -> str:
    """As `slots.deciding.accounts_billed` asks: one query."""
    known = BillingCustomer.objects.filter(account=account_id, put_away_at=None).values_list("source", flat=True)
    source = known.order_by("pk").first()
    return _CALLED.get(source, "Your billing") if source else ""


#: Of each list, the newest.
SHOWN = 20
_NEWEST = Sort("id", descending=True)

# When something last came from each, of the last thousands of payloads, and whether something of it was parked.
_CAME = """
    SELECT kind, max(received_at), bool_or(state = 'failed') FROM crm_inboundpayload
    WHERE id > (SELECT coalesce(max(id), 0) FROM crm_inboundpayload) - 5000 AND kind = ANY(%s) GROUP BY kind
"""


def unmatched(viewer: User, cursor: str | None) -> Page[BillingCustomer]:
    """Whom somebody has to link, the newest first. Raises BadCursor."""
    return keyset_page(BillingCustomer.objects.visible_to(viewer).unmatched(), _NEWEST, cursor, SHOWN)


def put_away(viewer: User, cursor: str | None) -> Page[BillingCustomer]:
    """Whom somebody has called nothing to us, and can still link. Raises BadCursor."""
    return keyset_page(BillingCustomer.objects.visible_to(viewer).put_away(), _NEWEST, cursor, SHOWN)


def page(viewer: User, now: datetime) -> dict[str, Any]:
    """Five queries, whatever there is."""
    row = BillingSettings.the_only()
    look = BillingLook.objects.visible_to(viewer).order_by("-pk").first()
    found = BillingDifference.objects.visible_to(viewer).order_by("-pk")
    waiting = BillingObject.objects.filter(stale=True, customer__account__isnull=False).exclude(waits="")
    came, parked = _came()
    return {
        "row": row, "now": now, "has_signing": bool(secrets.stripe_signing(now, row)),
        "has_key": bool(secrets.stripe_key(row)), "has_hook": bool(secrets.hook(now, row)),
        "last_stripe": came.get(incoming.KIND), "last_hook": came.get(hooks.KIND), "parked": parked, "look": look,
        "differences": list(found[:SHOWN]), "types": events.TYPES,
        "waiting": list(waiting.select_related("customer__account").order_by("-pk")[:SHOWN]),
    }  # fmt: skip


def _came() -> tuple[dict[str, datetime], bool]:
    with connection.cursor() as cursor:
        cursor.execute(_CAME, [[incoming.KIND, hooks.KIND]])
        rows = cursor.fetchall()
    return {kind: at for kind, at, _ in rows}, any(parked for _, _, parked in rows)
