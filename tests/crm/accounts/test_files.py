"""A customer's folder: what goes in, who gets it out and how, and that deleting can be taken back."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from crm.accounts import sniffing
from crm.accounts.actions import files
from crm.accounts.models import Account, AccountFile
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON

PDF = b"%PDF-1.7\n1 0 obj"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


def put(web: Client, account: Account, name: str = "brief.pdf", content: bytes = PDF) -> Any:
    # As a browser may lie about it.
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return web.post(f"/accounts/{account.pk}/files/", {"file": file})


def test_a_file_is_kept_with_its_type_by_content(web: Client, kelp: Account, mira: User, folder: Path) -> None:
    assert put(web, kelp).status_code == 302

    row = AccountFile.objects.get()
    assert (row.name, row.size, row.content_type) == ("brief.pdf", len(PDF), "application/pdf")
    assert (row.added_by, row.added_at, row.account) == (mira, NOON, kelp)
    assert [path.read_bytes() for path in folder.rglob("*") if path.is_file()] == [PDF]
    assert "brief" not in row.stored_as
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.text, entry.payload) == ("file.added", "Added brief.pdf", {"file": row.pk})
    assert f'href="/accounts/{kelp.pk}/files/{row.pk}/"' in web.get(f"/accounts/{kelp.pk}/").content.decode()


def test_it_comes_out_as_something_to_keep_and_never_as_a_page(web: Client, kelp: Account) -> None:
    put(web, kelp, "page.html", b"<script>alert(1)</script>")
    row = AccountFile.objects.get()

    answer = web.get(f"/accounts/{kelp.pk}/files/{row.pk}/")

    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "text/plain"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_only_who_sees_the_customer_gets_it(client: Client, web: Client, kelp: Account, olaf: User) -> None:
    put(web, kelp)
    row = AccountFile.objects.get()
    other = Client()
    other.force_login(olaf)

    assert other.get(f"/accounts/{kelp.pk}/files/{row.pk}/").status_code == 404
    assert other.post(f"/accounts/{kelp.pk}/files/{row.pk}/deletion/").status_code == 404
    assert put(other, kelp).status_code == 404
    assert Client().get(f"/accounts/{kelp.pk}/files/{row.pk}/").status_code == 302
    mine = Account.objects.create(name="Olaf's", owner=olaf)
    assert other.get(f"/accounts/{mine.pk}/files/{row.pk}/").status_code == 404
    assert AccountFile.objects.filter(deleted_at=None).count() == 1


@pytest.mark.parametrize(("size", "status"), [(10, 302), (11, 422)])
def test_the_largest_file(web: Client, kelp: Account, settings: Any, size: int, status: int, folder: Path) -> None:
    settings.FILE_SIZE_LIMIT = 10

    answer = put(web, kelp, content=b"x" * size)

    assert answer.status_code == status
    assert AccountFile.objects.count() == (status == 302)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == (status == 302)


@pytest.mark.parametrize("content", [b"", None])
def test_what_is_no_file(web: Client, kelp: Account, content: bytes | None) -> None:
    answer = put(web, kelp, content=content) if content is not None else web.post(f"/accounts/{kelp.pk}/files/")

    assert answer.status_code == 422
    assert not AccountFile.objects.exists()


def test_deleting_is_taken_back_until_the_thirtieth_day(web: Client, kelp: Account, mira: User) -> None:
    put(web, kelp)
    row = AccountFile.objects.get()
    web.post(f"/accounts/{kelp.pk}/files/{row.pk}/deletion/")
    assert web.get(f"/accounts/{kelp.pk}/files/{row.pk}/").status_code == 404
    assert f"/accounts/{kelp.pk}/files/{row.pk}/restoration/" in web.get(f"/accounts/{kelp.pk}/files/").content.decode()

    web.post(f"/accounts/{kelp.pk}/files/{row.pk}/restoration/")

    assert web.get(f"/accounts/{kelp.pk}/files/{row.pk}/").status_code == 200
    files.delete(row, mira, NOON)
    assert not files.put_back(row, mira, NOON + files.KEPT)
    assert files.put_back(row, mira, NOON + files.KEPT - timedelta(seconds=1))


def test_what_was_deleted_long_ago_goes_for_good(web: Client, kelp: Account, mira: User, folder: Path) -> None:
    put(web, kelp)
    put(web, kelp, "kept.pdf")
    row = AccountFile.objects.get(name="brief.pdf")
    files.delete(row, mira, NOON)

    assert files.next_sweep(NOON) == NOON + files.KEPT
    assert files.sweep(NOON + files.KEPT - timedelta(seconds=1)) == 0
    assert files.sweep(NOON + files.KEPT) == 1
    assert files.sweep(NOON + files.KEPT) == 0
    assert not default_storage.exists(row.stored_as)
    assert [kept.name for kept in AccountFile.objects.all()] == ["kept.pdf"]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_a_row_that_cannot_be_written_leaves_no_bytes(
    kelp: Account, mira: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **more: Any) -> None:
        raise RuntimeError("the timeline is away")

    monkeypatch.setattr(files, "record", broken)

    with pytest.raises(RuntimeError):
        files.put(kelp, SimpleUploadedFile("a.pdf", PDF), mira, NOON)

    assert not AccountFile.objects.exists()
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("head", "name", "found"),
    [
        (PDF, "x.png", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "x", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "x", "image/webp"),
        (b"PK\x03\x04....", "x.zip", "application/zip"),
        (b"PK\x03\x04....", "Plan.XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"<svg onload=alert(1)>", "x.svg", "text/plain"),
        (b"a,b\n1,2\n", "x.csv", "text/csv"),
        ("ä".encode() * 2048 + b"\xc3", "x.txt", "text/plain"),
        (b"\xff\xfe\x41", "x.txt", "application/octet-stream"),
        (b"MZ\0\0", "x.pdf", "application/octet-stream"),
    ],
)
def test_what_a_file_is(head: bytes, name: str, found: str) -> None:
    assert sniffing.content_type(head, name) == found


def test_bytes_go_when_the_customer_goes_and_not_before_that_is_certain(kelp: Account, mira: User) -> None:
    row = files.put(kelp, SimpleUploadedFile("plan.txt", b"x"), mira, NOON)
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        kelp.delete()
        raise ZeroDivisionError
    assert files.sweep(NOON) == 0
    assert default_storage.exists(row.stored_as)
    Account.objects.get(name=kelp.name).delete()
    assert files.sweep(NOON) == 1
    assert not default_storage.exists(row.stored_as)
    assert files.sweep(NOON) == 0
