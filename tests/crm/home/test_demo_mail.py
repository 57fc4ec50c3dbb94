"""The demo's mail folder: newest first, one letter as text, and no way out of the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import reload
from pathlib import Path

import pytest
from django.urls import clear_url_caches, resolve, reverse
from django.urls.exceptions import NoReverseMatch, Resolver404

from crm.config import urls as url_map
from crm.home import urls


@pytest.fixture
def folder(tmp_path: Path, settings) -> Iterator[Path]:
    """The demo is on and its mail goes here."""
    box = tmp_path / "box"
    box.mkdir()
    (tmp_path / "secret.eml").write_text("Subject: secret\n\nsecret")
    settings.HOLDFAST_DEMO, settings.EMAIL_URL = True, f"folder://{box}"
    _reload()
    yield box
    settings.HOLDFAST_DEMO = False
    _reload()


def _reload() -> None:
    reload(urls)
    reload(url_map)
    clear_url_caches()


def put(folder: Path, name: str, subject: str, age: int = 0) -> None:
    file = folder / name
    file.write_bytes(
        f"From: a@example.com\r\nTo: b@example.com\r\nSubject: {subject}\r\n\r\nHello <b>you</b>\r\n".encode()
    )
    os.utime(file, (1_780_000_000 - age, 1_780_000_000 - age))


def test_newest_first(client, mira, folder):
    put(folder, "a@x.eml", "Older", age=60)
    put(folder, "b@x.eml", "Newer")
    put(folder, "c.txt", "No letter")
    client.force_login(mira)
    letters = client.get(reverse("home:demo_mail")).context["letters"]
    assert [letter.message["Subject"] for letter in letters] == ["Newer", "Older"]


def test_one_letter_as_text(client, mira, folder):
    put(folder, "a@x.eml", "Hi")
    client.force_login(mira)
    page = client.get(reverse("home:demo_letter", args=["a@x.eml"])).content.decode()
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in page
    assert "b@example.com" in page


@pytest.mark.parametrize("name", ["..%2Fsecret.eml", "../secret.eml", "%2Fetc%2Fpasswd", "c.txt", "none.eml", ".."])
def test_no_name_leads_out_of_the_folder(client, mira, folder, name):
    put(folder, "c.txt", "No letter")
    client.force_login(mira)
    answer = client.get(f"/demo/mail/{name}/")
    assert answer.status_code == 404
    assert b"secret" not in answer.content.replace(b"secret.eml", b"")


def test_a_link_in_the_folder_is_not_followed(client, mira, folder):
    (folder / "link.eml").symlink_to(folder.parent / "secret.eml")
    client.force_login(mira)
    assert client.get("/demo/mail/link.eml/").status_code == 404


def test_strangers_sign_in_first(client, db, folder):
    put(folder, "a@x.eml", "Hi")
    assert client.get("/demo/mail/a@x.eml/").status_code == 302


def test_outside_the_demo_there_is_no_such_page():
    with pytest.raises(Resolver404):
        resolve("/demo/mail/")
    with pytest.raises(NoReverseMatch):
        reverse("home:demo_mail")
