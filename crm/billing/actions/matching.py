"""Who a customer of billing is here: as linked before, by an external id, by somebody's e-mail, or by a person."""

from __future__ import annotations

from crm.accounts.models import Account, Contact
from crm.billing.models import BillingCustomer, BillingSettings
from crm.billing.told import Whose

Matched = BillingCustomer.Matched


def known(source: str, whose: Whose) -> BillingCustomer:
    """The customer, locked until the transaction ends, with the account that they are, if that can be said."""
    BillingCustomer.objects.bulk_create(
        [BillingCustomer(source=source, external_id=whose.id)], ignore_conflicts=True
    )  # fmt: skip
    row = BillingCustomer.objects.select_for_update(of=("self",), no_key=True).get(source=source, external_id=whose.id)
    learn(row, whose)
    return row


def learn(row: BillingCustomer, whose: Whose) -> None:
    """What was blank is filled in, and who they are looked for again. Nobody is linked to another by that."""
    told = {"name": whose.name, "email": whose.email, "account_external_id": whose.account_external_id}
    new = [name for name, value in told.items() if value and not getattr(row, name)]
    for name in new:
        setattr(row, name, told[name])
    if row.account_id is None and (found := _found(row)):
        row.account_id, row.matched_by = found
        new += ["account", "matched_by"]
    if new:
        row.save(update_fields=new)


def _found(row: BillingCustomer) -> tuple[int, str] | None:
    if row.put_away_at:
        return None
    if row.account_external_id:
        account = Account.objects.filter(external_id=row.account_external_id).values_list("pk", flat=True).first()
        if account:
            return account, Matched.EXTERNAL_ID
    if row.email:
        of_person = Contact.objects.filter(email=row.email).values_list("account", flat=True).first()
        if of_person:
            return of_person, Matched.EMAIL
    if BillingSettings.the_only().makes_accounts and (row.name or row.email):
        return _made(row), Matched.MADE
    return None


def _made(row: BillingCustomer) -> int:
    """A new account, with a person who has the e-mail."""
    account = Account.objects.create(name=row.name or row.email, external_id=row.account_external_id or None)
    if row.email:
        Contact.objects.create(account=account, email=row.email, is_primary=True)
    return account.pk
