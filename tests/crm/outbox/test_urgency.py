"""What somebody waits for goes first: in what is taken, and for a sender's slots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from crm.outbox.actions import work
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.outbox.sending.claim import _CHANNELS, _CLAIM, BATCH, LEASE, claim
from crm.outbox.stopping import COVERED, covering
from crm.web import clock
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    return tmp_path / "mail"


def test_the_more_urgent_is_taken_first_and_then_the_longer_due(plan: Plan, make_user: Any) -> None:
    contact = factories.contact()
    expected = [
        plan(user_id=make_user("Zoe").pk, category="service", origin="alarm", due_at=NOON - SECOND),
        plan(user_id=make_user("Yan").pk, category="transactional", origin="sign-in"),
        plan(contact, category="reply"),
        plan(contact, category="transactional"),
        plan(contact, due_at=NOON - 2 * SECOND),
        plan(contact, due_at=NOON - SECOND),
        plan(contact, category="marketing", due_at=NOON - 3 * SECOND),
    ]
    OutboundMessage.objects.filter(category="reply").update(due_at=NOON - SECOND)
    plan(contact, category="reply", due_at=NOON + SECOND)

    taken = claim(NOON)

    assert taken is not None
    assert [mine.message_id for mine in taken.claims] == [message.pk for message in expected]


@pytest.mark.parametrize("channel", ["email", "telegram"])
def test_a_backlog_is_not_gone_through_to_take_some_of_it(plan: Plan, channel: str) -> None:
    first = plan(factories.contact())
    for _ in range(BATCH if channel == "telegram" else 0):  # few, behind all the mails
        plan(channel="telegram", addressed_to="4242", category="marketing")
    with connection.cursor() as cursor:
        cursor.execute(_BACKLOG, [first.pk])
        cursor.execute("ANALYZE crm_outboundmessage")
        statement = _CLAIM.format(whom="NOT suspect", covered=COVERED, channel=_CHANNELS[channel == "email"], only="")
        values = {"channel": channel, "now": NOON, "until": NOON + LEASE, "batch": BATCH, **covering([])}
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        (plans,) = cursor.fetchone()
    assert OutboundMessage.objects.filter(state="claimed", channel=channel).count() == BATCH
    assert sum(_passed_over(plans[0]["Plan"])) < BATCH


_BACKLOG = """
    INSERT INTO crm_outboundmessage (key, category, template_id, due_at, planned_for, account_id, contact_id, facts,
        origin, channel, series, state, attempts, attempts_limit, created_at, to_address, reason, guard, message_id,
        provider_id, rendered_subject, rendered_body)
    SELECT 'backlog:' || n, category, template_id, due_at, due_at, account_id, contact_id, '{}', '', 'email', '',
        'due', 0, 5, created_at, '', '', '', '', '', '', ''
    FROM crm_outboundmessage m CROSS JOIN generate_series(1, 3000) AS n WHERE m.id = %s
"""


def _passed_over(node: dict[str, Any]) -> Iterator[float]:
    """How many rows were read for nothing, by each part of a plan."""
    yield node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from _passed_over(part)


def test_mail_about_signing_in_leaves_at_once_whatever_waits(plan: Plan, make_user: Any) -> None:
    Sender.objects.create(name="default", per_minute=60)
    for _ in range(130):
        plan(factories.contact())
    with clock.travelling(NOON):
        while work(NOON):
            pass
    assert OutboundMessage.objects.filter(state="sent").count() == 54  # a tenth is kept
    now = NOON + 5 * SECOND
    people = [make_user(f"Zoe{n}") for n in range(7)]
    signing_in: dict[str, Any] = {"subject": "Sign in", "category": "transactional", "origin": "sign-in", "due_at": now}
    urgent = [plan(user_id=person.pk, **signing_in) for person in people]

    with clock.travelling(now):
        work(now)

    assert [state_of(message) for message in urgent] == ["sent"] * 6 + ["due"]
    urgent[6].refresh_from_db()
    assert (urgent[6].due_at, urgent[6].guard) == (NOON + clock.MINUTE, "rate")  # behind nothing
    now = NOON + clock.MINUTE
    with clock.travelling(now):
        work(now)
    assert state_of(urgent[6]) == "sent"


def test_what_is_planned_for_later_is_not_read_to_pass_it_over(plan: Plan) -> None:
    MailPolicy.objects.create(pk=1)
    first = plan(factories.contact())
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO crm_outboundmessage (key, category, template_id, due_at, planned_for, account_id, contact_id,
            facts, origin, channel, series, state, attempts, attempts_limit, created_at, to_address, reason, guard,
            message_id, provider_id, rendered_subject, rendered_body)
            SELECT 'later:' || n, category, template_id, due_at + n * interval '1 minute', planned_for, account_id,
            contact_id, facts, '', channel, '', 'due', 0, 5, created_at, '', '', '', '', '', '', ''
            FROM crm_outboundmessage, generate_series(1, 3000) AS n; ANALYZE crm_outboundmessage"""
        )
        cursor.execute(
            """EXPLAIN SELECT id FROM crm_outboundmessage WHERE state = 'due' AND urgency = 3 AND due_at <= %s
            AND NOT suspect ORDER BY due_at, id LIMIT 50""",
            [NOON],
        )
        plan_of_it = "\n".join(row[0] for row in cursor.fetchall())

    assert "message_next" in plan_of_it
    assert "Sort" not in plan_of_it
    taken = claim(NOON)
    assert taken is not None
    assert [mine.message_id for mine in taken.claims] == [first.pk]
