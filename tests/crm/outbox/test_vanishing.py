"""A reader who is erased, merged or deleted while their mail is with the mail server: it has left all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.duplicates import merging
from crm.outbox.actions import work
from crm.outbox.channels.email import Folder
from crm.outbox.models import OutboundMessage
from crm.privacy.erasing import erase
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, trail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def meanwhile(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """meanwhile(do): it is done while the mail server has the text and has not answered yet."""
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    send = Folder.send

    def make(do: Callable[[], Any]) -> None:
        def slow(folder: Folder, envelope: Any) -> Any:
            do()
            return send(folder, envelope)

        monkeypatch.setattr(Folder, "send", slow)

    return make


def test_of_who_was_merged_meanwhile(anna: Contact, plan: Plan, mira: User, meanwhile: Any) -> None:
    message, keeper = plan(anna), factories.contact(anna.account)
    meanwhile(lambda: merging.merge("contact", keeper.pk, anna.pk, {}, mira, NOON))

    work(NOON)

    message.refresh_from_db()
    assert (message.state, message.contact, message.to_address) == ("sent", keeper, "anna@kelp.example")
    assert trail(message) == [("sending", ""), ("sent", "")]
    assert TimelineEntry.objects.get(kind="email.sent").contact == keeper


def test_of_who_was_erased_meanwhile(anna: Contact, plan: Plan, ada: User, meanwhile: Any) -> None:
    message = plan(anna)
    meanwhile(lambda: erase(anna.pk, ada, NOON))

    work(NOON)

    message.refresh_from_db()
    assert (message.state, message.contact, message.to_address) == ("sent", None, "")
    assert "anna@" not in message.reason
    assert not message.decisions.filter(reason__contains="anna@").exists()
    assert not TimelineEntry.objects.filter(kind="email.sent").exists()
    assert not OutboundMessage.objects.filter(state="uncertain").exists()
