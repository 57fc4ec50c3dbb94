# ruff: noqa: E501  (expressions stand in one line each)
"""What the tickets of the bench are made of: expressions over the number `i` of a row, as in rows.py."""

from __future__ import annotations

from crm.team.models import Membership, Team
from crm.tickets.models import (
    ServiceLevel,
    Ticket,
    TicketCategory,
    TicketMessage,
    TicketRating,
    TicketSpell,
)
from tests.bench.rows import TEAM, Stage, one_of, pick

#: For each ticket so many messages, and how many the first one has beside those.
SAID, BUSY_SAID = 10, 1000
TEAMS, CATEGORIES = 4, 8
#: The ticket of the long conversation.
BUSY = 1
_DAY = 86_400
_STEP = 3 * 3600  # seconds between two messages


def stages(tickets: int) -> list[Stage]:
    """In the order in which they refer to one another."""
    level = {"id": "1", "name": "'Everybody'", "targets": '\'{"normal": {"answer": 480, "solve": 2400}}\'::jsonb'}
    of_message = (
        f"generate_series(%(low)s::bigint, %(high)s::bigint) AS i JOIN crm_ticket t ON t.id = 1 + mod(i - 1, {tickets})"
    )
    of_busy = f"generate_series(%(low)s::bigint, %(high)s::bigint) AS i JOIN crm_ticket t ON t.id = {BUSY}"
    return [
        Stage(Team, TEAMS, {"id": "i", "name": "'Desk ' || i", "created_at": "%(anchor)s"}),
        Stage(Membership, TEAM, {"id": "i", "team_id": f"1 + mod(i, {TEAMS})", "user_id": "i"}),
        Stage(TicketCategory, CATEGORIES, {"id": "i", "name": "'Category ' || i", "order": "i"}),
        Stage(ServiceLevel, 1, level),
        Stage(Ticket, tickets, _ticket(tickets)),
        Stage(TicketSpell, tickets * 4, _spell(tickets), f"{of_message} WHERE {_LASTED}", chunk=200_000),
        Stage(TicketMessage, tickets * SAID, _message(f"((i - 1) / {tickets})", "i"), of_message, chunk=200_000),
        Stage(TicketMessage, BUSY_SAID, _message("i", f"{tickets * SAID} + i"), of_busy),
        Stage(TicketRating, tickets // 4, _rating(tickets), _of_rating()),
    ]


def _ticket(tickets: int) -> dict[str, str]:
    """One in seventeen is open, of the latest tenth; they came evenly over two years."""
    came = f"(%(anchor)s - (({tickets} - i) * {2 * 365 * _DAY / tickets} + 600) * interval '1 second')"
    status = f"""(CASE WHEN i * 10 <= {tickets} * 9::bigint OR {pick(101, 100)} >= 60 THEN 'closed'
        ELSE {one_of(102, "new", "new", "open", "open", "open", "open", "pending", "pending", "on_hold")} END)"""
    is_open, is_new = f"{status} <> 'closed'", f"{status} = 'new'"
    account = f"1 + {pick(103, '%(n)s')}"
    channel = one_of(104, "email", "email", "email", "form", "phone", "whatsapp", "api")
    answered, solved = (
        f"{came} + {pick(105, 300)} * interval '1 minute'",
        f"{came} + (300 + {pick(106, 4000)}) * interval '1 minute'",
    )
    return {
        "id": "i", "subject": f"{one_of(107, 'Export times out', 'Two people cannot sign in', 'Invoice shows the old address', 'How do we hide costs', 'Report is empty')} || ' ' || i",
        "status": status, "priority": f"1 + {pick(108, 4)}", "category_id": f"1 + {pick(109, CATEGORIES)}",
        "channel": channel, "reply_channel": channel, "account_id": account, "contact_id": account,
        "requester_handle": "'asks' || i || '@customer.example'", "team_id": f"1 + {pick(110, TEAMS)}",
        "assignee_id": f"CASE WHEN {is_new} THEN NULL ELSE 1 + {pick(111, TEAM)} END",
        "tags": "(CASE WHEN mod(i, 9) = 0 THEN '{bug}' ELSE '{}' END)::varchar[]", "token": "md5('ticket' || i)",
        "created_at": came, "updated_at": f"CASE WHEN {is_new} THEN {came} WHEN {is_open} THEN {answered} ELSE {solved} + interval '7 days' END",
        "asked_at": came, "answered_at": f"CASE WHEN {is_new} THEN NULL ELSE {answered} END",
        "solved_at": f"CASE WHEN {is_open} THEN NULL ELSE {solved} END",
        "closed_at": f"CASE WHEN {is_open} THEN NULL ELSE {solved} + interval '7 days' END",
        "reopened": f"CASE WHEN {pick(112, 12)} = 0 THEN 1 ELSE 0 END", "level_id": "1",
        "answer_by": f"CASE WHEN {is_new} THEN {came} + interval '8 hours' END",
        "solve_by": f"CASE WHEN {status} IN ('new', 'open') THEN {came} + interval '40 hours' END",
        "answer_minutes": f"CASE WHEN {is_new} THEN NULL ELSE {pick(105, 300)} END",
        "solve_minutes": f"CASE WHEN {is_open} THEN NULL ELSE {pick(106, 2400)} END", "overran": f"{pick(113, 8)} = 0",
        "mood": f"CASE WHEN {pick(114, 3)} > 0 THEN {pick(115, 150)} - 75 END",
        "score": f"CASE WHEN mod(i, 4) = 0 AND {status} = 'closed' THEN 1 + {pick(116, 5)} END",
    }  # fmt: skip


#: Which of its four spells a ticket has come to: new, open (or what it waits for), solved, closed.
_LASTED = "(t.status = 'closed' OR (i - 1) / (SELECT count(*) FROM crm_ticket) < CASE WHEN t.status = 'new' THEN 1 ELSE 2 END)"


def _spell(tickets: int) -> dict[str, str]:
    nth = f"((i - 1) / {tickets})"
    return {
        "id": "i", "ticket_id": "t.id",
        "status": f"CASE {nth} WHEN 0 THEN 'new' WHEN 1 THEN CASE t.status WHEN 'closed' THEN 'open' ELSE t.status END WHEN 2 THEN 'solved' ELSE 'closed' END",
        "began_at": f"CASE {nth} WHEN 0 THEN t.created_at WHEN 1 THEN t.answered_at WHEN 2 THEN t.solved_at ELSE t.closed_at END",
        "ended_at": f"CASE {nth} WHEN 0 THEN t.answered_at WHEN 1 THEN t.solved_at WHEN 2 THEN t.closed_at END",
        "by_id": f"CASE WHEN {nth} BETWEEN 1 AND 2 THEN t.assignee_id END",
    }  # fmt: skip


def _message(nth: str, number: str) -> dict[str, str]:
    """From the customer, automatic, our answer, the customer again, a note, and so on."""
    kind = f"(ARRAY['in', 'auto', 'out', 'in', 'note', 'out', 'in', 'out', 'in', 'out'])[1 + mod({nth}, 10)]"
    text = one_of(120, *(
        f"{words} The numbers are the ones of last week, and what we compare them with is the report that comes on Mondays."
        for words in ("Hello, the export stops half-way through.", "I have looked into it and raised the limit.", "It works now.", "They wait until tomorrow.")
    ))  # fmt: skip
    return {
        "id": number, "ticket_id": "t.id", "kind": kind, "channel": "t.reply_channel", "text": f"{text} || ' ' || i",
        "user_id": f"CASE WHEN {kind} IN ('out', 'note') THEN 1 + {pick(121, TEAM)} END",
        "contact_id": f"CASE WHEN {kind} = 'in' THEN t.contact_id END",
        "sender_handle": f"CASE WHEN {kind} = 'in' THEN t.requester_handle ELSE '' END",
        "occurred_at": f"t.created_at + {nth} * {_STEP} * interval '1 second'",
        "created_at": f"t.created_at + {nth} * {_STEP} * interval '1 second'",
        "mood": f"CASE WHEN {kind} = 'in' AND {pick(122, 3)} > 0 THEN {pick(123, 150)} - 75 END",
    }  # fmt: skip


def _of_rating() -> str:
    return "generate_series(%(low)s::bigint, %(high)s::bigint) AS i JOIN crm_ticket t ON t.id = i * 4 AND t.status = 'closed'"


def _rating(tickets: int) -> dict[str, str]:
    return {
        "id": "i", "ticket_id": "t.id", "spell_id": f"2 * {tickets}::bigint + t.id", "account_id": "t.account_id",
        "contact_id": "t.contact_id", "agent_id": "t.assignee_id", "team_id": "t.team_id", "category_id": "t.category_id",
        "token": "md5('rating' || i)", "asked_at": "t.solved_at", "score": "t.score",
        "answered_at": "CASE WHEN t.score IS NOT NULL THEN t.solved_at + interval '5 hours' END",
    }  # fmt: skip
