"""Who may do what with billing: admins alone; its hooks are for whoever proves themselves. A part of the table."""

from __future__ import annotations

from typing import Any

from crm.billing.models import BillingCustomer
from tests.architecture.access_kinds import Row, for_admins, public


def report(world: Any, secret: str) -> None:
    """A customer of a billing system whom nobody has linked yet."""
    world.billed = BillingCustomer.objects.create(source="stripe", external_id=secret, name=secret)


def _of_billed(methods: str) -> Row:
    return for_admins(methods, pk=lambda world: world.billed.pk)


ROWS: dict[str, Row] = {
    "billing:page": for_admins(),
    "billing:guide": for_admins(),
    "billing:away": for_admins(),
    **{f"billing:{verb}": for_admins("POST") for verb in ("connection", "hook_secret", "test", "look")},
    "billing:link": _of_billed("GET POST"),
    "billing:put_away": _of_billed("POST"),
    "billing_hooks:stripe": public(""),
    "billing_hooks:billing": public(""),
}  # fmt: skip
