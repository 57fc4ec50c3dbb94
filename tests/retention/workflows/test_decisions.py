"""Ten thousand decisions of the real way out, asked again from what was kept, after everything else has changed."""

import random
from collections import Counter
from datetime import time, timedelta

import pytest
from django.db.models import F

from crm.accounts.models import Account, Contact
from crm.outbox import recalling
from crm.outbox.channels import Accepted
from crm.outbox.models import Decision, MailPolicy, OutboundMessage, Sender, Suppression
from crm.outbox.sending.loop import send
from crm.web import clock
from retention.workflows.experiments import actions
from retention.workflows.leaving import holds
from retention.workflows.models import Enrollment, StepRun, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL

SMALL = {"field": "industry", "op": "is", "value": "Dairy"}
GONE = {
    "any": [{"field": "industry", "op": "is", "value": "Left"}, {"field": "tags", "op": "has_any", "value": ["gone"]}]
}
PLAN = {
    "trigger": {"when": "silence", "days": 14}, "holdout_percent": 10,
    "exits": [{"because": "Has left", "where": GONE}], "hours": {"from": "06:00", "to": "21:00"},
    "steps": [{"id": "small", "do": "branch", "if": SMALL, "then": [MAIL],
               "else": [{**MAIL, "id": "other", "category": "marketing", "late_after_days": 30}]}],
}  # fmt: skip
ZONES = ["", "Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo", "Pacific/Chatham", "Asia/Kolkata"]


@pytest.fixture(autouse=True)
def way_out(settings):
    """There is one; nobody calls it."""
    settings.EMAIL_URL = "smtp://mail.example"


class Takes:
    """A way out that takes everything, and is never told twice."""

    idempotent_for = None

    def send(self, envelope):
        return Accepted("taken")

    def __enter__(self):
        return self

    def __exit__(self, *what):
        return None


def people(count, rng, begin):
    """Customers of every kind that a guard asks about."""
    accounts = Account.objects.bulk_create(
        Account(name=f"Account {n}", industry=rng.choice(["Dairy", "Shipping", "Shipping"]),
                do_not_contact=rng.random() < 0.03)
        for n in range(count)
    )  # fmt: skip
    factories.seen(begin)
    Contact.objects.bulk_create(
        Contact(
            account=account, first_name="Anna", last_name=f"Nr {n}", is_primary=True, timezone=rng.choice(ZONES),
            email=None if rng.random() < 0.04 else f"p{n}@kelp.example",
            email_consent=rng.choice(["", "yes", "yes", "yes", "no"]), mail_pace=rng.choice(["", "", "", "weekly"]),
            automation_paused_until=begin + timedelta(days=15) if rng.random() < 0.04 else None,
        )
        for n, account in enumerate(accounts)
    )  # fmt: skip
    Suppression.objects.bulk_create(
        Suppression(address=f"p{n}@kelp.example", reason="It bounced.") for n in range(count) if rng.random() < 0.04
    )


def leave(moment):
    """All that is due then is decided upon."""
    with clock.travelling(moment):
        while send(Takes(), moment):
            pass


def decide(publish, run_at, count, seed):
    rng = random.Random(seed)
    people(count, rng, NOON)
    Sender.objects.update_or_create(pk=Sender.the_default().pk, defaults={"per_minute": 100_000})
    actions.hold_out(5, None, NOON)
    for number in range(4):
        publish(PLAN, slug=f"test-{number}")
    moment = NOON + 14 * DAY
    run_at(moment)
    gone = Account.objects.filter(pk__in=Account.objects.filter(industry="Shipping").values("pk")[: count // 20])
    Account.objects.filter(pk__in=list(gone.values_list("pk", flat=True))).update(tags=["gone"])
    Workflow.objects.filter(slug="test-3").update(state="paused")
    MailPolicy.objects.update(cap_count=1)
    for hours in (0, 5, 9, 14, 20, 26, 33, 50, 80):
        leave(moment + timedelta(hours=hours))
        MailPolicy.objects.update(cap_count=F("cap_count") % 3 + 1, quiet_from=time(18 + hours % 5), quiet_to=time(7))
        if hours == 20:
            Workflow.objects.filter(slug="test-3").update(state="on")
        if hours == 50:
            Workflow.objects.filter(slug="test-2").update(state="off")


def turn_everything_round():
    Contact.objects.update(email_consent="", email=None, timezone="", automation_paused_until=None, mail_pace="")
    Account.objects.update(industry="Left", do_not_contact=True, tags=[])
    Suppression.objects.all().delete()
    MailPolicy.objects.update(cap_count=0, quiet_from=time(0), quiet_to=time(0))
    Workflow.objects.update(state="off", name="Another")
    Enrollment.objects.update(held_out=False, state="exited", ended_because="Changed")
    actions.hold_out(0, None, NOON)


def differs(decision):
    again, until = recalling.ask_again(decision), decision.facts.get("until")
    said = (again.verdict, again.guard, again.until.isoformat() if again.until else None)
    kept = (decision.verdict, decision.guard, until)
    same_words = decision.verdict == "sending" or again.reason[:300] == decision.reason
    return None if said == kept and same_words else (said, kept, again.reason, decision.reason)


@pytest.mark.parametrize("seed", [8, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(10, 17))])
def test_every_decision_is_the_same_again(publish, run_at, seed):
    """More than 1,250 for each seed: eight of them make ten thousand."""
    decide(publish, run_at, 250, seed)
    turn_everything_round()
    asked = [one for one in Decision.objects.order_by("id").iterator() if recalling.can_be_asked(one)]
    assert [found for one in asked if (found := differs(one))][:5] == []
    assert len(asked) > 1_250
    by_guards = Decision.objects.filter(verdict__in=["moved", "skipped", "sending"])
    assert by_guards.count() == len(asked)  # none is without its facts
    skipped = OutboundMessage.objects.filter(state="skipped")
    assert set(skipped.values_list("pk", flat=True)) <= {one.message_id for one in asked}
    seen = Counter(one.guard for one in asked)
    assert {"", "no-address", "suppression", "do-not-contact", "consent", "pause", "cap", "quiet-hours", "late",
            "workflow", "holdout", "hours"} <= set(seen), seen  # fmt: skip


def test_every_branch_is_taken_again(publish, run_at):
    decide(publish, run_at, 120, seed=9)
    turn_everything_round()
    runs = list(StepRun.objects.filter(step_id="small"))
    assert len(runs) == 480
    for run in runs:
        assert holds(SMALL, run.detail["seen"], run.ran_at) == (run.outcome == "Took the way “yes”")
