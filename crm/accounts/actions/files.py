"""Putting files into a customer's folder and taking them out again.

The bytes are written before the row and removed after it, so that a row never leads to nothing. A row that goes, with
its customer too, leaves word of its bytes (`LeftOverFile`), and the sweep removes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from crm.accounts import sniffing
from crm.accounts.models import Account, AccountFile, LeftOverFile
from crm.timeline.actions import Fact, record

#: For so long a file that was deleted can be put back; then its bytes go.
KEPT = timedelta(days=30)
#: Files removed for good in one slice.
_SLICE = 100


def put(account: Account, file: File[bytes], by: Any, now: datetime) -> AccountFile:
    """Keep a file and say so on the timeline."""
    return keep(account, file, by, now, told=True)


def keep(account: Account, file: File[bytes], by: Any, now: datetime, *, told: bool = False) -> AccountFile:
    """Keep a file; whoever calls says on the timeline where it comes from, unless it is `told` here."""
    name = str(file.name)
    with stored(f"accounts/{account.pk}", file) as (stored_as, content_type):
        kept = AccountFile.objects.create(
            account=account, name=name, size=file.size, content_type=content_type, stored_as=stored_as, added_at=now,
            added_by=by,
        )  # fmt: skip
        if told:
            _tell(kept, "file.added", f"Added {name}", by, now)
    return kept


@contextmanager
def stored(folder: str, file: File[bytes]) -> Iterator[tuple[str, str]]:
    """Where under MEDIA_ROOT its bytes lie, and what they are; they go again if the row inside is not written."""
    head = file.read(sniffing.HEAD)
    file.seek(0)
    stored_as = default_storage.save(f"{folder}/{uuid4().hex}", file)
    try:
        with transaction.atomic():
            yield stored_as, sniffing.content_type(head, str(file.name))
    except BaseException:
        default_storage.delete(stored_as)
        raise


@transaction.atomic
def delete(file: AccountFile, by: Any, now: datetime) -> bool:
    """Take it out of the folder; it can be put back for some days. False: it is out already."""
    row = AccountFile.objects.select_for_update(no_key=True).get(pk=file.pk)
    if row.deleted_at:
        return False
    row.deleted_at, row.deleted_by = now, by
    row.save(update_fields=["deleted_at", "deleted_by"])
    _tell(row, "file.deleted", f"Deleted {row.name}", by, now)
    return True


@transaction.atomic
def put_back(file: AccountFile, by: Any, now: datetime) -> bool:
    """False: it is in the folder, or it was deleted too long ago."""
    row = AccountFile.objects.select_for_update(no_key=True).get(pk=file.pk)
    if row.deleted_at is None or now - row.deleted_at >= KEPT:
        return False
    row.deleted_at = row.deleted_by = None
    row.save(update_fields=["deleted_at", "deleted_by"])
    _tell(row, "file.restored", f"Put back {row.name}", by, now)
    return True


def _tell(file: AccountFile, kind: str, text: str, by: Any, now: datetime) -> None:
    payload = {"file": file.pk}
    record(Fact(file.account_id, kind, text, now, source="person", actor_id=by.pk, payload=payload), now=now)


def sweep(now: datetime) -> int:
    """Remove for good what was deleted long ago, and bytes whose rows are gone, a slice of each; returns how many."""
    with transaction.atomic():
        gone = AccountFile.objects.filter(deleted_at__lte=now - KEPT).order_by("deleted_at")
        rows = list(gone.select_for_update(skip_locked=True)[:_SLICE])
        AccountFile.objects.filter(pk__in=[row.pk for row in rows]).delete()
    with transaction.atomic():
        left = list(LeftOverFile.objects.select_for_update(skip_locked=True).order_by("pk")[:_SLICE])
        for file in left:
            default_storage.delete(file.stored_as)  # again, should this not be committed: then there is nothing to do
        LeftOverFile.objects.filter(pk__in=[file.pk for file in left]).delete()
    return len(left)


def next_sweep(now: datetime) -> datetime | None:
    """When the next deleted file goes for good."""
    oldest = AccountFile.objects.filter(deleted_at__gt=now - KEPT).order_by("deleted_at").first()
    return oldest.deleted_at + KEPT if oldest and oldest.deleted_at else None
