"""Who may do what with failed payments: who sees the customer reads them, managers decide, admins shape. A part of the
table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crm.ledger.models import Payment
from retention.dunning.actions import tokens
from retention.dunning.models import DunningCase, StatusToken
from tests.architecture.access_kinds import ADMINS, MANAGERS, Row, about, for_admins, public
from tests.conftest import NOON


def fail(world: Any, secret: str) -> None:
    """A payment of Mira's customer is failing, and their product has a token."""
    failing = Payment.objects.create(
        account=world.account, due_at=NOON, amount=70, currency="EUR", status="failed", failed_at=NOON, attempts=1,
        external_id=f"{secret} failed", failure_reason=secret,
    )  # fmt: skip
    later = NOON + timedelta(days=7)
    world.case = DunningCase.objects.create(
        account=world.account, payment=failing, failed_at=NOON, last_failed_at=NOON, last_at=NOON, reason=secret,
        grace_ends_at=later, ends_at=later, opened_at=NOON, note=secret,
    )  # fmt: skip
    world.status_token = StatusToken.objects.create(account=world.account)


def _decided(methods: str = "POST") -> Row:
    return about("case", methods, readers=MANAGERS, writers=MANAGERS)


_VERBS = ("attempt", "halt", "resumption", "forgiveness", "note")

ROWS: dict[str, Row] = {
    "dunning:list": Row(),
    "dunning:report": Row(),
    "dunning:case": about("case"),
    **{f"dunning:{verb}": _decided() for verb in ("attempt", "halt", "resumption")},
    **{f"dunning:{verb}": _decided("GET POST") for verb in ("forgiveness", "note")},
    "dunning_settings:ways": for_admins("GET POST"),
    "dunning_settings:banner": for_admins("GET POST"),
    "dunning_settings:revocation": for_admins("POST", pk=lambda world: world.status_token.pk),
    "dunning_status:banner": public(),
    "dunning_status:status": public(at=lambda world: {"token": tokens.text_of(world.status_token)}),
    "api-dunning-case-list": Row(),
    "api-dunning-case-detail": about("case"),
    "api-dunning-case-events": about("case"),
    **{f"api-dunning-case-{verb}": about("case", "POST", writers=MANAGERS) for verb in _VERBS},
    "api-payment-status-token-list": Row("GET POST", readers=ADMINS, writers=ADMINS),
    "api-payment-status-token-detail": Row(
        readers=ADMINS, writers=ADMINS, at=lambda world: {"pk": world.status_token.pk}
    ),
    "api-payment-status-token-revocation": Row(
        "POST", readers=ADMINS, writers=ADMINS, at=lambda world: {"pk": world.status_token.pk}
    ),
}
