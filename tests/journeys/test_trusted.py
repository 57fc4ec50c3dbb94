"""An admin builds “used A, not B”, rehearses it, switches it on, and what was rehearsed is what leaves; then changes it
with people in flight, and pauses it for two weeks without a burst afterwards. All under the test clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.accounts.models import Contact
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.team.models import User
from crm.todos.models import Task
from retention.usage.models import UsageDay
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.rehearsal import actions as rehearsal
from retention.workflows.rehearsal.models import Rehearsal
from tests import factories
from tests.browser import IN_A_BROWSER, press, sign_in, sound, window
from tests.conftest import NOON
from tests.journeys.test_building import add, kept, write
from tests.retention.workflows.plans import really_until
from tests.stage import ClockFile

pytestmark = IN_A_BROWSER
DAY = timedelta(days=1)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia")
CUSTOMERS, TRIED, REFUSED = 24, 8, 3


class Passing:
    """The clock that pages and workers share."""

    def __init__(self, folder: Path) -> None:
        self.file = ClockFile(folder / "clock", NOON)

    @property
    def now(self) -> datetime:
        return self.file.now

    def on(self, end: datetime) -> None:
        """All work that falls due until then is done at its moment."""
        really_until(end, self.now)
        self.file.set(end)


@pytest.fixture
def passing(settings: Any, tmp_path: Path) -> Passing:
    made = Passing(tmp_path)
    settings.HOLDFAST_CLOCK_FILE = str(made.file.path)
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    MailPolicy.the_only()
    return made


@pytest.fixture
def crowd(passing: Passing, make_user: Callable[..., User]) -> list[Contact]:
    """Who uses reports since one of the last days; some of them exports as well, and some want no mail."""
    mira, people = make_user("Mira"), []
    for number in range(CUSTOMERS):
        account = factories.account(f"Kelp {number}", owner=mira, timezone=ZONES[number % 4], lifecycle="customer")
        refuses = TRIED <= number < TRIED + REFUSED
        people.append(factories.contact(account, first_name="Ana", email_consent="no" if refuses else ""))
        began = (NOON - (number % 6) * DAY).date()
        UsageDay.objects.create(account=account, feature="reports", day=began, count=3)
        if number < TRIED:
            UsageDay.objects.create(account=account, feature="exports", day=began + DAY, count=1)
    return people


def sent(step: str) -> set[tuple[int | None, datetime | None]]:
    rows = OutboundMessage.objects.filter(state="sent", series="used-a-not-b")
    return {(row.contact_id, row.sending_at) for row in rows if row.key.split(":")[2] == step}


def build(page: Page, server: str) -> None:
    page.goto(f"{server}/workflows/new/")
    page.get_by_label("What is it called?").fill("Used A, not B")
    page.get_by_role("button", name="Start building").click()
    press(page.locator("[data-kinds] .kind", has_text="They did one thing and not another").first)
    page.locator('[name="v.did.feature"]').select_option("reports")
    page.locator('[name="v.lacks.feature"]').select_option("exports")
    page.locator('[name="v.days"]').fill("7")
    kept(page, "exports")
    add(page, "Send a mail")
    write(page, "Have you seen exports?", "Hello {{ contact.first_name }}")
    add(page, "Wait")
    page.locator('[name="v.for.days"]').fill("3")
    kept(page, "Wait 3 days")
    add(page, "Create a task")
    page.get_by_label("Task", exact=True).fill("Ask {{ account.name }} about exports")
    kept(page, "about exports")


@pytest.fixture
def built(
    new_context: Any, live_server: Any, make_user: Callable[..., User], crowd: list[Contact]
) -> Callable[[int], Page]:
    """A window of so many pixels, in which Ada has built it and published its first version."""

    def make(width: int) -> Page:
        make_user("Ada", "admin")
        page = window(new_context, width)
        sign_in(page, live_server.url, "Ada")
        build(page, live_server.url)
        publish(page, 1)
        return page

    return make


def switch_on(page: Page) -> None:
    press(page.get_by_role("button", name="Switch on"))
    expect(page.locator(".page-head .badge.good")).to_have_text("On")


def publish(page: Page, version: int) -> None:
    press(page.get_by_role("button", name="Publish"))
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.locator(".toast").last).to_contain_text(f"Version {version} is published")


def rehearse(page: Page, server: str) -> Rehearsal:
    """Asked for on its page, played as a worker does, and read there."""
    page.goto(f"{server}/workflows/used-a-not-b/?tab=rehearsal")
    page.get_by_role("button", name="Rehearse").click()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    done = Rehearsal.objects.get()
    assert rehearsal.run(done.asked_at) == 1
    expect(page.locator(".tile", has_text="Messages sent")).to_be_visible(timeout=10_000)
    done.refresh_from_db()
    return done


def test_what_was_rehearsed_leaves_and_a_change_reaches_whom_it_said(
    built: Callable[[int], Page], live_server: Any, passing: Passing, crowd: list[Contact]
) -> None:
    page = built(1440)
    done = rehearse(page, live_server.url)
    sound(page)
    told = {(line.contact_id, line.at) for line in done.lines.filter(kind="message", outcome__in=["sent", "later"])}
    assert {pk for pk, _ in told} == {one.pk for one in crowd[TRIED + REFUSED :]}
    tile = page.locator(".tile", has_text="Messages sent").locator("b")
    expect(tile).to_have_text(str(len(told)))
    press(page.locator(".tile", has_text="Messages sent"))
    names = page.locator("#names tbody tr")
    expect(names).to_have_count(len(told))
    switch_on(page)

    passing.on(NOON + 5 * DAY)
    early = sent("message")
    assert early < told, "some have got the mail, and nobody who was not told"
    _change(page, live_server.url, passing, told)


def _change(page: Page, server: str, passing: Passing, told: set[Any]) -> None:
    """One more mail before the task, for those in flight too: exactly those who were shown get it."""
    page.goto(f"{server}/workflows/used-a-not-b/building/")
    add(page, "Send a mail", way=page.locator("[data-plus]").count() - 2)
    write(page, "One more thing", "It takes a minute")
    publish(page, 2)
    page.goto(f"{server}/workflows/used-a-not-b/?tab=versions")
    expect(page.locator("main")).to_contain_text("under way on earlier versions")
    sound(page)
    page.get_by_role("link", name="See what moving would do").click()
    expect(page.locator("main")).to_contain_text("Only for customers who come later")
    page.get_by_role("radio", name="They visit these first").check()
    page.get_by_role("button", name="Show").click()
    gains = page.locator("section.card", has_text="What they would get that they otherwise would not")
    expect(gains).to_contain_text("One more thing")
    sound(page)
    under_way = Enrollment.objects.active().count()
    expect(page.locator(".tile", has_text="Would be moved").locator("b")).to_have_text(str(under_way))
    shown = set(Enrollment.objects.active().values_list("account_id", flat=True))
    page.get_by_role("button", name=f"Move {under_way} customer").click()
    expect(page.locator(".toast").last).to_contain_text("moved")
    passing.on(NOON + 30 * DAY)
    assert sent("message") == told, "each mail of the rehearsal left, at its moment, and no other"
    reached = Contact.objects.filter(pk__in={pk for pk, _ in sent("message-2")})
    later = set(Enrollment.objects.filter(entered_at__gt=NOON + 5 * DAY).values_list("account_id", flat=True))
    assert {one.account_id for one in reached} == (shown | later) - _refusing()
    assert Task.objects.filter(origin="workflow").count() == CUSTOMERS - TRIED


def _refusing() -> set[int]:
    return set(Contact.objects.filter(email_consent="no").values_list("account_id", flat=True))


def test_a_pause_of_two_weeks_ends_without_a_burst(
    built: Callable[[int], Page], live_server: Any, passing: Passing, crowd: list[Contact]
) -> None:
    page = built(390)
    switch_on(page)
    passing.on(NOON + 2 * DAY)
    before = len(sent("message"))
    page.goto(f"{live_server.url}/workflows/used-a-not-b/")
    press(page.get_by_role("button", name="Pause"))
    expect(page.get_by_role("link", name="Resume")).to_be_visible()
    passing.on(NOON + 16 * DAY)
    assert len(sent("message")) == before, "nothing leaves while it stands still"

    page.goto(f"{live_server.url}/workflows/used-a-not-b/")
    page.get_by_role("link", name="Resume").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("came due meanwhile")
    sound(page)
    dialog.get_by_role("radio", name="Spread it").check()
    dialog.get_by_label("Over how long").fill("10")
    dialog.get_by_role("button", name="Go on").click()
    expect(page.locator(".toast").last).to_contain_text("little by little")
    overdue = Enrollment.objects.active().filter(due_at__lte=NOON + 26 * DAY).count()
    assert Workflow.objects.get().state == "on"
    passing.on(NOON + 40 * DAY)
    days: dict[Any, int] = {}
    for _, at in sent("message"):
        assert at is not None
        days[at.date()] = days.get(at.date(), 0) + 1
    late = {day: count for day, count in days.items() if day >= (NOON + 16 * DAY).date()}
    assert sum(late.values()) > 4
    assert max(late.values()) <= overdue / 10 + 2, f"a burst: {late}"
    assert {pk for pk, _ in sent("message")} == {one.pk for one in crowd[TRIED + REFUSED :]}
