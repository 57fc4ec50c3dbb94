"""Something is down: an admin writes to all, a second one says yes, and it leaves as soon as mail may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from crm.outbox.models import MailPolicy, OutboundMessage
from crm.team.models import User
from tests import factories
from tests.browser import IN_A_BROWSER, sign_in, sound, window
from tests.conftest import NOON
from tests.journeys.test_trusted import Passing

pytestmark = IN_A_BROWSER
NIGHT = NOON.replace(hour=23)


def told() -> set[str]:
    return set(
        OutboundMessage.objects.filter(state="sent", series__startswith="campaign").values_list("to_address", flat=True)
    )


def at_night(settings: Any, folder: Path) -> Passing:
    passing = Passing(folder)
    settings.HOLDFAST_CLOCK_FILE, settings.EMAIL_URL = str(passing.file.path), f"folder://{folder}/mail"
    passing.file.set(NIGHT)
    MailPolicy.the_only()
    return passing


def later(passing: Passing, minutes: int) -> datetime:
    end = passing.now + timedelta(minutes=minutes)
    passing.on(end)
    return end


def test_two_admins_tell_everybody_while_all_mail_is_stopped(
    new_context: Any, live_server: Any, make_user: Callable[..., User], settings: Any, tmp_path: Path
) -> None:
    passing = at_night(settings, tmp_path)
    people = [factories.contact(factories.account(f"Kelp {number}"), first_name="Ana") for number in range(3)]
    for name in ("Ada", "Bea"):
        make_user(name, "admin")
    # One sits at a desk, the other has a telephone.
    ada, bea = window(new_context, 1440), window(new_context, 390)
    sign_in(ada, live_server.url, "Ada")
    ada.goto(f"{live_server.url}/campaigns/new/?kind=crisis")
    ada.get_by_label("Name").fill("Outage")
    ada.get_by_label("Subject", exact=True).fill("We are down, {{ contact.first_name }}")
    ada.get_by_label("Text", exact=True).fill("We write again within the hour.")
    ada.get_by_role("button", name="Keep it").click()
    expect(ada.get_by_text("We are down, Ana")).to_be_visible()
    ada.get_by_role("button", name="Ask for a yes").click()
    expect(ada.locator(".toast")).to_contain_text("Another admin is asked")
    expect(ada.get_by_role("button", name="Say yes")).to_have_count(0)

    ada.goto(f"{live_server.url}/mail/")
    ada.get_by_role("button", name="Stop all mail").click()
    ada.get_by_label("Why").fill("Wrong list")
    ada.get_by_role("dialog").get_by_role("button", name="Stop all mail").click()
    expect(ada.get_by_text("All mail is stopped by Ada").first).to_be_visible()

    sign_in(bea, live_server.url, "Bea")
    bea.goto(f"{live_server.url}/notifications/")
    bea.get_by_text("asks for your yes").click()
    sound(bea)
    bea.get_by_label("I have read it").check()
    bea.get_by_role("button", name="Say yes").click()
    expect(bea.locator(".toast")).to_contain_text("has its yes, and waits")
    later(passing, 5)
    assert told() == set()

    ada.get_by_role("button", name="Let mail leave again").click()
    expect(ada.locator(".toast")).to_contain_text("Mail may leave again")
    later(passing, 5)
    assert told() == {person.email for person in people}
    bea.reload()
    expect(bea.get_by_text("What became of it")).to_be_visible()
    sound(bea)
