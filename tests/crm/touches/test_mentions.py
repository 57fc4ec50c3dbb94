"""Colleagues who are mentioned in a note."""

from __future__ import annotations

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.outbox.models import Notification
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.touches import rules
from tests.crm.touches.conftest import log

# Mentions


def test_a_colleague_who_is_mentioned_is_told_once(web: Client, kelp: Account, sam: User, mira: User) -> None:
    log(web, kelp, kind="note", text="@Sam can you look? @Sam @Mira")

    told = Notification.objects.get()
    entry = TimelineEntry.objects.get()
    assert (told.user, told.kind, told.text) == (sam, "note.mention", "Mira mentioned you at Kelp & Co")
    assert told.url == f"/accounts/{kelp.pk}/#entry-{entry.pk}"
    assert entry.payload["mentions"] == ["Sam", "Mira"]


def test_who_may_not_see_the_customer_is_not_told(web: Client, kelp: Account, olaf: User) -> None:
    log(web, kelp, kind="note", text="@Olaf look")

    assert not Notification.objects.exists()
    assert "mentions" not in TimelineEntry.objects.get().payload


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Mira Okafor and @Mira", ["Mira Okafor", "Mira"]),
        ("mail@Mira", []),
        ("@Miranda", []),
        ("(@Mira)", ["Mira"]),
        ("@mira@example.com.", ["mira@example.com"]),
        ("nobody", []),
    ],
)
def test_whom_a_text_mentions(text: str, found: list[str]) -> None:
    assert rules.mentioned(text, ["Mira", "Mira Okafor", "mira@example.com", ""]) == found


def test_names_are_offered_behind_an_at(web: Client, sam: User, ada: User) -> None:
    page = web.get("/accounts/mentions/?mention=sa").content.decode()

    assert 'data-name="Sam"' in page
    assert "Ada" not in page


def test_namesakes_are_offered_by_e_mail(web: Client, sam: User) -> None:
    User.objects.create_user("sam.two@example.com", "correct horse", name="Sam", role="agent")

    page = web.get("/accounts/mentions/?mention=sam").content.decode()

    assert 'data-name="sam@example.com"' in page
    assert 'data-name="sam.two@example.com"' in page
