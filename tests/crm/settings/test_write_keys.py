"""Write keys: shown once, kept as hashes, rotated without a gap, revoked."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crm.history.actions import can_undo
from crm.history.models import Act
from crm.team.models import WriteKey
from crm.team.models.keys import FORMER_GOES_ON
from tests.conftest import NOON

PAGE = "/settings/write-keys/"
SECOND = timedelta(seconds=1)


@pytest.fixture
def admin(client, ada):
    client.post("/sign-in/", {"login": ada.email, "password": "correct horse"})
    return client


def shown(answer) -> str:
    found = re.search(r'value="(hfw_[^"]+)"', answer.content.decode())
    return found[1] if found else ""


def test_it_is_shown_once_and_kept_as_a_hash(admin, ada):
    secret = shown(admin.post(PAGE, {"name": "Web app", "scope": "usage"}))
    key = WriteKey.objects.get()
    assert (key.name, key.scope, key.created_by, secret in str(vars(key))) == ("Web app", "usage", ada, False)
    assert "Web app" in (page := admin.get(PAGE)).content.decode()
    assert not shown(page)
    assert WriteKey.find(secret, NOON) == key
    assert WriteKey.find(secret + "x", NOON) is None


def test_its_use_is_noted_at_most_once_a_minute(db):
    key, secret = WriteKey.issue("Web app", "usage", None, NOON)
    for moment, noted in [(NOON, NOON), (NOON + 60 * SECOND, NOON), (NOON + 61 * SECOND, NOON + 61 * SECOND)]:
        WriteKey.find(secret, moment)
        key.refresh_from_db()
        assert key.last_used_at == noted


def test_a_former_secret_goes_on_for_a_day_and_ends(admin):
    old = shown(admin.post(PAGE, {"name": "Web app", "scope": "usage"}))
    key = WriteKey.objects.get()
    new = shown(admin.post(f"{PAGE}{key.pk}/rotation/"))
    assert new not in ("", old)
    for secret, moment, opens in [
        (new, NOON, True), (old, NOON + FORMER_GOES_ON - SECOND, True), (old, NOON + FORMER_GOES_ON, False),
    ]:  # fmt: skip
        assert (WriteKey.find(secret, moment) == key) is opens
    key.refresh_from_db()
    assert key.former_used_at == NOON + FORMER_GOES_ON - SECOND
    admin.post(f"{PAGE}{key.pk}/rotation/")
    assert WriteKey.find(old, NOON) is None


def test_a_revoked_key_opens_nothing_and_gets_no_new_secret(admin, ada):
    secret = shown(admin.post(PAGE, {"name": "Web app", "scope": "people"}))
    key = WriteKey.objects.get()
    admin.post(f"{PAGE}{key.pk}/revocation/")
    assert WriteKey.find(secret, NOON) is None
    assert not shown(admin.post(f"{PAGE}{key.pk}/rotation/", follow=True))
    assert list(Act.objects.order_by("pk").values_list("label", flat=True)) == [
        "made the write key Web app", "revoked the write key Web app",
    ]  # fmt: skip
    assert not any(can_undo(act, ada, NOON) for act in Act.objects.all())


def test_others_may_not(client, mira):
    client.post("/sign-in/", {"login": mira.email, "password": "correct horse"})
    assert client.post(PAGE, {"name": "Mine", "scope": "usage"}).status_code == 403
    assert not WriteKey.objects.exists()


def test_the_command_prints_it_once(db):
    out = StringIO()
    call_command("create_write_key", "Web app", stdout=out, stderr=StringIO())
    assert WriteKey.find(out.getvalue().strip(), NOON) == WriteKey.objects.get()
    with pytest.raises(CommandError, match="1 to 80"):
        call_command("create_write_key", " ")
