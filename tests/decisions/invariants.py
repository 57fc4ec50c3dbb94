"""What must hold at every moment, whatever happened: SQL over the tables, and the receiver's own list beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from crm import slots
from tests.decisions.receiver import Letter

#: Each finds rows that must not be.
NEVER = {
    "one cause made the same step write twice to one customer": """
        SELECT e.workflow_id, e.account_id, e.trigger_key, r.step_id, r.kind, count(*)
        FROM crm_outboundmessage m JOIN retention_steprun r ON m.origin = 'workflow' AND m.origin_id = r.id
        JOIN retention_enrollment e ON e.id = r.enrollment_id
        GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1""",
    "one cause made the same task twice": """
        SELECT e.workflow_id, e.account_id, e.trigger_key, r.step_id, count(*)
        FROM crm_task t JOIN retention_steprun r ON t.origin = 'workflow' AND t.origin_id = r.id
        JOIN retention_enrollment e ON e.id = r.enrollment_id
        GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
    "a step planned a mail, and there is none": """
        SELECT r.id, r.kind, r.outcome FROM retention_steprun r WHERE r.kind IN ('message', 'notify')
        AND r.outcome LIKE 'Planned%' AND NOT EXISTS (
            SELECT 1 FROM crm_outboundmessage m WHERE m.origin = 'workflow' AND m.origin_id = r.id)""",
    "a step made a task, and there is none": """
        SELECT r.id FROM retention_steprun r WHERE r.kind = 'task' AND NOT EXISTS (
            SELECT 1 FROM crm_task t WHERE t.origin = 'workflow' AND t.origin_id = r.id)""",
    "a mail or task of a step that nobody ran": """
        SELECT origin_id FROM (SELECT origin, origin_id FROM crm_outboundmessage
            UNION ALL SELECT origin, origin_id FROM crm_task) AS made
        WHERE origin = 'workflow' AND NOT EXISTS (SELECT 1 FROM retention_steprun r WHERE r.id = origin_id)""",
    "a sent mail without its decisions": """
        SELECT m.id FROM crm_outboundmessage m WHERE m.state = 'sent' AND (
            NOT EXISTS (SELECT 1 FROM crm_decision d WHERE d.message_id = m.id AND d.verdict = 'sending')
            OR NOT EXISTS (SELECT 1 FROM crm_decision d
                WHERE d.message_id = m.id AND d.verdict IN ('sent', 'settled')))""",
    "a sent mail that is not on its reader's timeline": """
        SELECT m.id FROM crm_outboundmessage m WHERE m.state = 'sent' AND m.contact_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM crm_timelineentry t WHERE t.contact_id = m.contact_id AND t.kind = 'email.sent'
            AND t.payload ->> 'message' = m.id::text)""",
    "a mail that was not sent, and nothing says why": """
        SELECT m.id, m.state FROM crm_outboundmessage m
        WHERE m.state IN ('skipped', 'failed', 'uncertain', 'cancelled') AND (m.reason = '' OR NOT EXISTS (
            SELECT 1 FROM crm_decision d WHERE d.message_id = m.id AND d.verdict = m.state AND d.reason <> ''))""",
    "one fact enrolled a customer twice": """
        SELECT workflow_id, account_id, trigger_key FROM retention_enrollment GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "a finished enrollment that does not say when or why": """
        SELECT id, state FROM retention_enrollment
        WHERE state IN ('done', 'reached', 'exited') AND (ended_at IS NULL OR ended_because = '')""",
    "terms of one contract overlap": """
        SELECT a.contract_id, a.starts_on, b.starts_on FROM crm_contractterm a
        JOIN crm_contractterm b ON b.contract_id = a.contract_id AND b.id > a.id
        WHERE daterange(a.starts_on, a.ends_on) && daterange(b.starts_on, b.ends_on)""",
    "a term was renewed twice": """
        SELECT payload ->> 'contract_id', payload ->> 'starts_on' FROM crm_timelineentry
        WHERE kind = 'contract.renewed' GROUP BY 1, 2 HAVING count(*) > 1""",
    "a renewal on the timeline without its term": """
        SELECT t.id FROM crm_timelineentry t WHERE t.kind = 'contract.renewed' AND NOT EXISTS (
            SELECT 1 FROM crm_contractterm c WHERE c.contract_id::text = t.payload ->> 'contract_id'
            AND c.starts_on::text = t.payload ->> 'starts_on')""",
}

#: And these must not be when all that is due has been done, and nothing keeps mail back.
NOT_WHEN_IDLE = {
    "a fact nobody looked at": "SELECT entry_id FROM crm_pending WHERE parked_at IS NULL AND retry_at IS NULL",
    "a mail that is due and waits": """
        SELECT id, due_at, guard FROM crm_outboundmessage
        WHERE state IN ('claimed', 'sending') OR (state = 'due' AND due_at <= %(now)s)""",
    "an enrollment of a running workflow that is due and waits": """
        SELECT e.id, e.due_at FROM retention_enrollment e JOIN retention_workflow w ON w.id = e.workflow_id
        WHERE w.state = 'on' AND e.state = 'active' AND e.due_at <= %(now)s""",
}

CAP, WINDOW = 3, timedelta(days=7)


def look(queries: Mapping[str, str], now: datetime) -> None:
    with connection.cursor() as cursor:
        for wrong, query in queries.items():
            cursor.execute(query, {"now": now} if "%(" in query else None)
            rows = cursor.fetchall()
            assert not rows, f"{wrong}: {rows}"


def timeline() -> dict[int, str]:
    """Every entry by id, as one text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, md5(e::text) FROM crm_timelineentry e")
        return dict(cursor.fetchall())


def only_grew(before: Mapping[int, str], after: Mapping[int, str]) -> None:
    changed = [pk for pk, text in before.items() if after.get(pk) != text]
    assert not changed, f"entries of the timeline have changed or vanished: {changed}"


def known_to_us(letters: Iterable[Letter]) -> None:
    """What the receiver has, we know of: no mail left whose step was rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT message_id, state FROM crm_outboundmessage WHERE message_id <> ''")
        states = dict(cursor.fetchall())
    for letter in letters:
        assert letter.message_id in states, f"{letter} is of no message"


def taken_once(letters: Iterable[Letter], again: Mapping[str, int]) -> None:
    """Each message once, and once more for each time that a person said so (`again`, by Message-ID)."""
    for message_id, count in Counter(letter.message_id for letter in letters).items():
        assert count <= 1 + again.get(message_id, 0), f"{message_id} was taken {count} times"


def within_cap(letters: Iterable[Letter]) -> None:
    """Never more than the cap in any window; sent again on a person's word, a message counts when it came last."""
    latest = {(letter.to, letter.message_id): letter.at for letter in letters}
    by_reader: dict[str, list[datetime]] = {}
    for (to, _), moment in latest.items():
        by_reader.setdefault(to, []).append(moment)
    for to, moments in by_reader.items():
        moments.sort()
        for first, beyond in zip(moments, moments[CAP:], strict=False):
            assert beyond - first >= WINDOW, f"{to} got {CAP + 1} mails from {first} to {beyond}"


def by_daylight(letter: Letter, zone: str) -> None:
    wall = letter.at.astimezone(ZoneInfo(zone)).time()
    assert time(8) <= wall < time(20), f"{letter} came at {wall} in {zone}"


def explained() -> None:
    """Every mail and task of a workflow can say why it is there."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT origin_id FROM crm_outboundmessage WHERE origin = 'workflow'
            UNION SELECT origin_id FROM crm_task WHERE origin = 'workflow'""")
        runs = [row[0] for row in cursor.fetchall()]
    told = slots.explainers["workflow"](runs)
    dumb = [run for run in runs if run not in told or not dict(told[run].lines).get("Started by")]
    assert not dumb, f"nothing explains what these step runs made: {dumb}"
