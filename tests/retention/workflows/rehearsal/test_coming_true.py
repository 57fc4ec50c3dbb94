"""What a rehearsal says, comes true: the same workflow, switched on under the same clock, sends and asks the same."""

from datetime import date, timedelta

import pytest

from crm.outbox.models import MailTemplate, OutboundMessage, Suppression
from crm.timeline.actions import Fact, record
from crm.todos.models import Task
from crm.web import clock
from retention.workflows.rehearsal.models import RehearsalLine
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import AT_NINE, MAIL, TASK, reminder

pytestmark = pytest.mark.django_db(transaction=True)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SENT = {"sent", "later"}
#: Two mails a quarter of an hour apart, a task, and one more mail after two days for those without an industry.
STEPS = [
    MAIL,
    {"id": "soon", "do": "wait", "for": {"minutes": 15}},
    {**MAIL, "id": "again"},
    {"id": "two-days", "do": "wait", "for": {"days": 2}},
    {"id": "which", "do": "branch", "if": {"field": "industry", "op": "is", "value": "Optics"}, "then": [TASK],
     "else": [{**MAIL, "id": "third", "category": "marketing"}]},
]  # fmt: skip


@pytest.fixture
def crowd(mira):
    """Thirty customers, of whom each reads, agrees, sleeps and has been written to in a way of their own."""
    template = MailTemplate.objects.create(digest="x", subject="Hi", body="Hi")
    people = []
    for number in range(30):
        zone = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "")[number % 5]
        account = factories.account(
            last_seen_at=NOON - 14 * DAY + number * 7 * HOUR + timedelta(minutes=13),
            owner=mira if number % 2 else None, created_at=NOON - 99 * DAY,
            industry="Optics" if number % 3 == 0 else "",
        )  # fmt: skip
        agreed = ("", "yes", "no")[number % 7 if number % 7 < 3 else 0]
        contact = factories.contact(account, timezone=zone, email_consent=agreed)
        people.append(contact)
        # What other workflows sent lately, and what they have planned, takes its part of the cap.
        for old in range(number % 4):
            _mail(template, contact, f"old:{number}:{old}", state="sent", sending_at=NOON - (old + 1) * DAY)
        if number % 4 == 1:
            _mail(template, contact, f"planned:{number}", due_at=account_due(number) - HOUR)
    Suppression.objects.create(address=people[4].email, reason="It bounced")
    return people


def account_due(number):
    return NOON + number * 7 * HOUR + timedelta(minutes=13)


def _mail(template, contact, key, **fields):
    due = fields.setdefault("due_at", NOON)
    return OutboundMessage.objects.create(
        key=key, category="service", template=template, account=contact.account, contact=contact, planned_for=due,
        **fields,
    )  # fmt: skip


def really(slug="test"):
    """(contact, step, minute) of each mail that has left."""
    sent = OutboundMessage.objects.filter(series=slug, state="sent")
    return {(m.contact_id, m.key.split(":")[2], m.sending_at) for m in sent}


def rehearsed(done):
    lines = done.lines.filter(outcome__in=SENT, kind="message")
    return {(line.contact_id, line.step_id, line.at) for line in lines}


def test_exactly_the_rehearsed_mails_leave_when_it_is_switched_on(crowd, publish, rehearse, walk):
    data = {"trigger": {"when": "silence", "days": 14}, "steps": STEPS}
    done = rehearse(data)
    said = rehearsed(done)
    tasks = set(done.lines.filter(outcome="task").values_list("account_id", "at", "user_id"))
    publish(data)
    walk(NOON + 30 * DAY)
    assert said == really()
    assert tasks == set(Task.objects.values_list("account_id", "due_at", "owner_id"))
    outcomes = set(done.lines.values_list("outcome", flat=True))
    assert outcomes >= {"sent", "later", "skipped", "task", "entered"}
    guards = set(done.lines.exclude(guard="").values_list("guard", flat=True))
    assert guards >= {"cap", "quiet-hours", "consent", "suppression"}
    skipped = set(OutboundMessage.objects.filter(series="test", state="skipped").values_list("contact_id", "key"))
    assert done.lines.filter(outcome="skipped").count() == len(skipped)


def test_a_date_that_comes_near(publish, rehearse, walk):
    for number in range(6):
        account = factories.account(timezone="Asia/Tokyo" if number % 2 else "")
        factories.contact(account)
        factories.contract(account, date(2026, 1, 1), date(2026, 6, 25) + number * 4 * DAY)
    done = rehearse(reminder())
    publish(reminder())
    walk(NOON + 30 * DAY)
    assert rehearsed(done) == really()
    assert len(rehearsed(done)) == 4


def test_whoever_it_fits_already_enters_too(publish, rehearse, walk):
    factories.contact(factories.account(last_seen_at=NOON - 40 * DAY))
    data = {"trigger": {"when": "silence", "days": 14}, "steps": [AT_NINE, MAIL]}
    assert not rehearsed(rehearse(data))
    done = rehearse(data, include_current=True)
    workflow = publish(data)
    workflow.swept_until = None
    workflow.save()
    walk(NOON + 30 * DAY)
    assert rehearsed(done) == really()
    assert len(really()) == 1


def test_who_is_under_way_goes_on(publish, rehearse, walk, run_at):
    for number in range(3):
        factories.contact(factories.account(last_seen_at=NOON - 14 * DAY - number * HOUR))
    data = {"trigger": {"when": "silence", "days": 14}, "steps": [*STEPS[:4], {**MAIL, "id": "third"}]}
    workflow = publish(data)
    workflow.swept_until = None
    workflow.save()
    run_at(NOON + timedelta(minutes=1))
    with clock.travelling(NOON + timedelta(minutes=5)):
        done = rehearse(data)
    assert done.result["was_in_it"] == 3
    walk(NOON + 30 * DAY, start=NOON + timedelta(minutes=5))
    assert rehearsed(done) == really()
    assert len(really()) == 9


def test_what_happened_is_replayed_at_its_time(publish, rehearse, walk):
    """The same facts, once in a replay of the last 90 days and once as they happen."""
    data = {
        "trigger": {"when": "fact", "kind": "deal.won"},
        "steps": [MAIL, {"id": "until", "do": "await", "fact": "ticket.opened", "called": "a ticket", "at_most_days": 5,
                         "late": [{**MAIL, "id": "late"}]}, {**MAIL, "id": "then"}],
        "exits": [{"because": "They left", "fact": "contract.cancelled"}],
    }  # fmt: skip
    facts = []
    for number in range(8):
        contact = factories.contact(factories.account())
        won = NOON - 60 * DAY + number * 5 * DAY + number * timedelta(minutes=17)
        facts.append((contact, "deal.won", won))
        if number % 3 == 1:
            facts.append((contact, "ticket.opened", won + 2 * DAY))
        if number % 3 == 2:
            facts.append((contact, "contract.cancelled", won + 3 * DAY))
    publish_at = NOON - 90 * DAY
    with clock.travelling(publish_at):
        publish(data, slug="real")
    start = publish_at
    for contact, kind, at in sorted(facts, key=lambda fact: fact[2]):
        walk(at, start=start)
        with clock.travelling(at):
            record(Fact(contact.account_id, kind, kind, at), now=at)
        start = at
    walk(NOON, start=start)
    done = rehearse(data, slug="real", span="back")
    assert rehearsed(done) == really("real")
    assert len(really("real")) > 12
    left = RehearsalLine.objects.filter(outcome="left").values_list("reason", flat=True)
    assert set(left) == {"They left"}


def test_who_is_held_out_to_measure_gets_neither_mail_nor_task(publish, rehearse, walk):
    for number in range(24):
        factories.contact(factories.account(last_seen_at=NOON - 13 * DAY - number * timedelta(minutes=10)))
    data = {"trigger": {"when": "silence", "days": 14}, "steps": [MAIL, TASK], "holdout_percent": 50}
    publish(data)
    done = rehearse(data)
    walk(NOON + 3 * DAY)
    assert rehearsed(done) == really()
    assert 0 < len(really()) < 24
    out = set(done.lines.filter(outcome="skipped", guard="holdout").values_list("account_id", flat=True))
    assert set(done.lines.filter(outcome="held_out", kind="task").values_list("account_id", flat=True)) == out
    assert len(out) + len(really()) == 24
