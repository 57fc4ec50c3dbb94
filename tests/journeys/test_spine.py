"""The spine's journey: from CSV files to mails that arrive once, on the right local day and hour, for a reason."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from crm import slots
from crm.outbox.models import Decision, MailPolicy, OutboundMessage
from crm.team.models import User
from crm.todos.models import Task
from crm.web import clock
from retention.workflows.models import StepRun
from tests.journeys import spine
from tests.journeys.stage import Letter, Stage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True), pytest.mark.real_time]


@pytest.fixture
def stage(tmp_path: Path, settings) -> Iterator[Stage]:
    made = Stage(tmp_path, spine.START)
    settings.EMAIL_URL = made.email_url
    yield made
    made.close()


def prepare(customers: list[spine.Customer], folder: Path) -> None:
    """Users, recipes and the four files, as an admin would bring them in; then the mail goes live."""
    for name, role in {"Ada": "admin", "Mira": "manager", "Ben": "manager"}.items():
        User.objects.create_user(f"{name.lower()}@example.com", "correct horse", name=name, role=role)
    with clock.travelling(spine.START):
        for kind, path in spine.write_files(customers, folder).items():
            call_command("import_csv", kind, str(path))
        assert MailPolicy.the_only().mode == "hold"
        call_command("mail", "--live")
        call_command("recipes", "--enable", "onboarding", "renewal-reminder", "inactivity")


def live_through(stage: Stage, customers: list[spine.Customer], end: datetime) -> None:
    """Let the days pass; whoever is seen again comes in by file at that moment."""
    for moment, rows in spine.later_usage(customers).items():
        stage.walk(moment)
        path = spine.write_csv(stage.folder / "seen.csv", rows)
        with clock.travelling(moment):
            call_command("import_csv", "usage", str(path))
    stage.walk(end)


def arrived(letters: list[Letter]) -> dict[tuple[str, str], list[datetime]]:
    """Like `spine.expected`: (reader, start of the subject) → when; notes to our own people left out."""
    openings = ("Welcome,", "How others", "How was", "Your contract", "Something that")
    mails: dict[tuple[str, str], list[datetime]] = {}
    for letter in letters:
        if letter.to.endswith("@customer.example"):
            opening = next(opening for opening in openings if letter.subject.startswith(opening))
            mails.setdefault((letter.to, opening), []).append(letter.at)
    return {key: sorted(times) for key, times in mails.items()}


def tasks_by_customer() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task in Task.objects.select_related("account", "owner"):
        found.setdefault(task.account.name, []).append(task.owner.email if task.owner else "")
    return found


def check_reasons() -> None:
    """Every message of a workflow and every task explains itself; every mail not sent says why."""
    runs = StepRun.objects.filter(kind__in=["message", "notify", "task"]).values_list("id", flat=True)
    explanations = slots.explainers["workflow"](list(runs))
    messages = list(OutboundMessage.objects.exclude(origin=""))
    assert {message.origin_id for message in messages} <= set(explanations)
    assert {task.origin_id for task in Task.objects.all()} <= set(explanations)
    for explanation in explanations.values():
        said = dict(explanation.lines)
        assert said["Workflow"].endswith("version 1")
        assert said["Started by"]
    skipped = OutboundMessage.objects.filter(state="skipped")
    assert skipped.exclude(reason="").count() == skipped.count()
    assert Decision.objects.filter(message__in=skipped, verdict="skipped").count() == skipped.count()


def check_journal(capsys: pytest.CaptureFixture[str], uncertain: int | None = 0) -> dict:
    capsys.readouterr()
    call_command("verify_journal", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["lost"], report["doubled"], report["late"]) == (0, 0, 0), report["details"]
    if uncertain is not None:
        assert report["uncertain"] == uncertain
    return report


@pytest.mark.parametrize("number", [70, pytest.param(1000, marks=pytest.mark.long)])
def test_sixty_days_with_real_workers(stage: Stage, capsys, number: int) -> None:
    customers = spine.cast(number)
    prepare(customers, stage.folder)
    stage.worker()
    stage.beat()
    live_through(stage, customers, spine.END)

    assert arrived(stage.postman.letters) == spine.expected(customers)
    assert tasks_by_customer() == spine.expected_tasks(customers)
    owned = [c for c in customers if c.ends_on and c.owner]
    renewals = sum(c.nine(c.ends_on - 30 * spine.DAY) <= spine.END for c in owned)
    assert Counter(letter.to.endswith("@example.com") for letter in stage.postman.letters)[True] == renewals
    assert len({letter.message_id for letter in stage.postman.letters}) == len(stage.postman.letters)
    refusing = OutboundMessage.objects.filter(contact__email_consent="no")
    assert set(refusing.values_list("state", flat=True)) == {"skipped"}
    check_reasons()
    check_journal(capsys)
    # One message's page says it to a person.
    client = Client()
    client.force_login(User.objects.get(email="ada@example.com"))
    message = OutboundMessage.objects.filter(state="sent", category="service").latest("id")
    page = client.get(f"/mail/{message.pk}/").content.decode()
    assert "version 1" in page


@pytest.mark.parametrize("number", [70, pytest.param(300, marks=pytest.mark.long)])
def test_tick_alone_gives_the_same(stage: Stage, capsys, number: int) -> None:
    customers = spine.cast(number)
    prepare(customers, stage.folder)
    call_command("tick", "--now", spine.START.isoformat())
    for moment, rows in spine.later_usage(customers).items():
        call_command("tick", "--now", moment.isoformat())
        path = spine.write_csv(stage.folder / "seen.csv", rows)
        with clock.travelling(moment):
            call_command("import_csv", "usage", str(path))
    call_command("tick", "--now", spine.END.isoformat())

    sent = OutboundMessage.objects.filter(state="sent", contact__isnull=False).select_related("contact")
    by_id = {message.message_id: message for message in sent}
    for letter in stage.postman.letters:  # the postman's clock stood still: the journal knows when it was
        if letter.message_id in by_id:
            letter.at = by_id[letter.message_id].sending_at
    assert arrived(stage.postman.letters) == spine.expected(customers)
    assert tasks_by_customer() == spine.expected_tasks(customers)
    check_reasons()
    check_journal(capsys)


@pytest.mark.fault
@pytest.mark.parametrize("number", [70, pytest.param(300, marks=pytest.mark.long)])
def test_doubled_beats_and_killed_workers_double_and_lose_nothing(stage: Stage, capsys, number: int) -> None:
    """Two beats, two workers, and again and again one that is at work is killed with -9 and replaced."""
    customers = spine.cast(number)
    prepare(customers, stage.folder)
    stage.beat()
    stage.beat()
    workers = [stage.worker(), stage.worker()]
    dice, killed = random.Random(7), 0

    def kill_one() -> None:
        nonlocal killed
        if killed < 12 and dice.random() < 0.03:
            stage.kill(workers.pop(0))
            workers.append(stage.worker())
            killed += 1

    stage.mischief, stage.patience = kill_one, 3
    live_through(stage, customers, spine.END)

    assert killed == 12
    uncertain = set(OutboundMessage.objects.filter(state="uncertain").values_list("id", flat=True))
    listed = check_journal(capsys, uncertain=None)["details"]["uncertain"]
    assert {int(line.split()[1].rstrip(":")) for line in listed} == uncertain
    letters = Counter((letter.to, letter.message_id) for letter in stage.postman.letters)
    assert set(letters.values()) == {1}
    wanted = {key: len(times) for key, times in spine.expected(customers).items()}
    got = {key: len(times) for key, times in arrived(stage.postman.letters).items()}
    missing = sum(wanted.values()) - sum(got.values())
    assert all(got.get(key, 0) <= count for key, count in wanted.items())
    assert set(got) <= set(wanted)
    assert missing <= len(uncertain)
    assert tasks_by_customer() == spine.expected_tasks(customers)
