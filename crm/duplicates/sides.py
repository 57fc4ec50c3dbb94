"""Two records side by side: the same facts of both, and where they differ."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from crm.accounts.models import Account
from crm.accounts.rules import country_name
from crm.web import wording

#: What a list of pairs needs of both records.
JOINED = {
    "account": ("first__owner", "second__owner"),
    "contact": ("first__account", "second__account"),
}


def beside(one: Any, other: Any) -> list[dict[str, Any]]:
    """Both sides: the record, and its facts as (label, value, whether the other one's differs)."""
    facts = _of_account if isinstance(one, Account) else _of_contact
    ours, theirs = facts(one), facts(other)
    labels = [label for label in ours if ours[label] or theirs[label]]
    return [
        {"record": record, "facts": [(label, mine[label], mine[label] != yours[label]) for label in labels]}
        for record, mine, yours in ((one, ours, theirs), (other, theirs, ours))
    ]


def _of_account(account: Account) -> dict[str, str]:
    return {
        "Domain": account.domain,
        "Industry": account.industry,
        "Country": country_name(account.country),
        "Owner": str(account.owner or ""),
        "MRR": wording.money(account.mrr, settings.CURRENCY) if account.mrr else "",
        "Renews": wording.day(account.renews_on) if account.renews_on else "",
        "Tags": ", ".join(account.tags),
        "Added": wording.day(account.created_at.date()),
    }


def _of_contact(contact: Any) -> dict[str, str]:
    return {
        "Customer": str(contact.account),
        "E-mail": contact.email or "",
        "Phone": contact.phone,
        "Title": contact.title,
        "Consent": contact.get_email_consent_display(),
        "Added": wording.day(contact.created_at.date()),
    }
