"""Customers who are not to be contacted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.accounts.models import Account
from crm.timeline.actions import Fact, record


def silence_changed(account: Account, by: Any, now: datetime, channel: str = "") -> None:
    """Say so on the timeline, and let mail that is about to leave be looked at again. In the caller's transaction.

    A sender that has cleared a letter hands it over only if the reader's row is as it was then.
    """
    account.contacts.update(updated_at=now)
    said = "is not to be contacted any more" if account.do_not_contact else "may be contacted again"
    text, source = f"{account.name} {said}", "automatic" if channel else "person"
    record(Fact(account.pk, "account.contacting_changed", text, now, source=source, actor_id=by.pk, channel=channel),
           now=now)  # fmt: skip
