"""What people decide about billing: who a customer is, who is nothing to us, and by which secrets we talk."""

from __future__ import annotations

import base64
import secrets as random
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.accounts.models import Account
from crm.billing import secrets
from crm.billing.actions.taking import settle
from crm.billing.models import BillingCustomer, BillingSettings
from crm.history.actions import act
from crm.team.models import User

LINKED, PUT_AWAY, SET = "billing.linked", "billing.put_away", "billing.set"


class NotLinked(ValueError):
    """Nothing was changed; the message is for whoever asked."""


@transaction.atomic
def link(customer: BillingCustomer, account: Account, by: User, now: datetime) -> None:
    """They are this account; what was said of them reaches the ledger at once. Raises NotLinked or NoRate."""
    row = _locked(customer)
    if row.account_id:
        raise NotLinked("Somebody has linked them meanwhile.")
    with act(LINKED, f"linked {row} of billing to {account}", by, now, {"customer": row.pk, "account": account.pk}):
        row.account, row.matched_by, row.linked_by = account, BillingCustomer.Matched.PERSON, by
        row.put_away_at = None
        row.save(update_fields=["account", "matched_by", "linked_by", "put_away_at"])
        settle(row, now)


@transaction.atomic
def put_away(customer: BillingCustomer, by: User, now: datetime) -> None:
    """They are nothing to us; what is said of them is kept, and reaches nothing. Raises NotLinked."""
    row = _locked(customer)
    if row.account_id or row.put_away_at:
        raise NotLinked("They do not wait any more.")
    with act(PUT_AWAY, f"put {row} of billing away", by, now, {"customer": row.pk}):
        row.put_away_at = now
        row.save(update_fields=["put_away_at"])


def _locked(customer: BillingCustomer) -> BillingCustomer:
    return BillingCustomer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)


# How billing is connected ---------------------------------------------------------------------------------------------


@transaction.atomic
def connect(given: dict[str, Any], by: User, now: datetime) -> None:
    """Secrets that are given replace those that were, which are believed for a day more; blank ones change nothing."""
    row = _settings()
    with act(
        SET, "changed how billing is connected", by, now, {"given": sorted(name for name in given if given[name])}
    ):
        if signing := given.get("stripe_signing"):
            row.stripe_signing_former, row.stripe_former_until = row.stripe_signing, now + secrets.ROTATION
            row.stripe_signing = secrets.sealed(signing)
        if key := given.get("stripe_key"):
            row.stripe_key = secrets.sealed(key)
        row.makes_accounts = bool(given.get("makes_accounts", row.makes_accounts))
        row.save()


@transaction.atomic
def disconnect(by: User, now: datetime) -> None:
    """Of Stripe: what was given on the page goes. What stands in the environment stays."""
    row = _settings()
    with act(SET, "disconnected Stripe", by, now):
        row.stripe_signing = row.stripe_signing_former = row.stripe_key = ""
        row.stripe_former_until = None
        row.save()


@transaction.atomic
def fresh_hook_secret(by: User, now: datetime) -> str:
    """Another secret for other billing systems, which is shown this once; the former one is believed for a day more."""
    row, made = _settings(), "whsec_" + base64.b64encode(random.token_bytes(32)).decode()
    with act(SET, "made a secret for the hook of billing", by, now):
        row.hook_secret_former, row.hook_former_until = row.hook_secret, now + secrets.ROTATION
        row.hook_secret = secrets.sealed(made)
        row.save()
    return made


def _settings() -> BillingSettings:
    BillingSettings.objects.bulk_create([BillingSettings(pk=BillingSettings.ONLY)], ignore_conflicts=True)
    return BillingSettings.objects.select_for_update(no_key=True).get(pk=BillingSettings.ONLY)
