"""What follows from a file for the accounts that it names."""

from __future__ import annotations

from datetime import datetime

from crm.ledger.actions.projection import BATCH, project
from crm.slots import ImportRows


def project_touched(rows: ImportRows, now: datetime) -> None:
    """In order of their ids, as everybody locks accounts, and never all of them in memory."""
    for accounts in rows.batches("SELECT DISTINCT account_id FROM import_rows ORDER BY account_id", BATCH):
        project(accounts, now)
