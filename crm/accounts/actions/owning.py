"""Whose customers are: told to who becomes their owner, and found where a file names one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.accounts.models import Account
from crm.slots import ImportRows, tell
from crm.team.models import User


def owner_changed(account: Account, before: int | None, by: Any, now: datetime) -> None:
    """Tell the new owner, if they are another than `before` (an id) and did not do it themselves.

    In the caller's transaction, after the change is written: its undo takes the word back.
    """
    if account.owner_id and account.owner_id != before:
        text = f"{by} made you the owner of {account.name}"
        tell([account.owner_id], "account.assigned", text, account.get_absolute_url(), now, account_id=account.pk,
             by=by)  # fmt: skip


def find_owners(rows: ImportRows) -> None:
    """By their address, or by their full name if one who can sign in bears it."""
    rows.link("owner_id", User, "email", "owner_email")
    by_name = "r.owner_email IS NOT NULL AND position('@' in r.owner_email) = 0"
    name = r"lower(regexp_replace(btrim(name), '\s+', ' ', 'g'))"
    bearers = f"SELECT {name} AS name, min(id) AS id FROM crm_user WHERE is_active GROUP BY 1 HAVING count(*)"  # noqa: S608
    rows.reject(
        f"{by_name} AND lower(r.owner_email) IN (SELECT name FROM ({bearers} > 1) several)", "owner_email",  # noqa: S608
        "is the name of several colleagues", "Write the e-mail address of the one who is meant.",
    )  # fmt: skip
    rows.run(
        f"UPDATE import_rows r SET owner_id = u.id FROM ({bearers} = 1) u"  # noqa: S608
        f" WHERE {by_name} AND u.name = lower(r.owner_email)"
    )
    rows.reject(
        f"{by_name} AND r.owner_id IS NULL", "owner_email", "is the name of nobody who can sign in here",
        "Write their e-mail address, invite them first, or leave it blank.",
    )  # fmt: skip
    rows.reject(
        "r.owner_email IS NOT NULL AND NOT EXISTS (SELECT 1 FROM crm_user u WHERE u.id = r.owner_id AND u.is_active)",
        "owner_email", "is nobody who can sign in here", "Invite them first, correct the address, or leave it blank.",
    )  # fmt: skip
