"""What the deals of the bench are made of: expressions over the number `i` of a row, as in rows.py."""

from __future__ import annotations

from crm.pipelines import models
from tests.bench.rows import TEAM, Stage, one_of, pick

PIPELINE = 1
#: Stages that are open; behind them the one that wins and the one that loses.
RUNNING = 5
_DAY = 86_400


def stages(many: int, closed: int) -> list[Stage]:
    """Open deals are the first `many`, `closed` ones behind them, over the last two years."""
    outcome = f"CASE WHEN i <= {RUNNING} THEN 'open' WHEN i = {RUNNING + 1} THEN 'won' ELSE 'lost' END"
    stage = {
        "id": "i", "pipeline_id": f"{PIPELINE}", "name": "'Stage ' || i", "outcome": outcome, "order": "i",
        "probability": f"CASE WHEN i <= {RUNNING} THEN i * 15 WHEN i = {RUNNING + 1} THEN 100 ELSE 0 END",
        "expected_days": f"CASE WHEN i <= {RUNNING} THEN 20 END",
        "colour": one_of(200, "grey", "blue", "violet", "amber"),
    }  # fmt: skip
    pipeline = {"id": "i", "name": "'Sales'", "purpose": "'sales'", "created_at": "%(anchor)s"}
    return [
        Stage(models.Pipeline, PIPELINE, pipeline),
        Stage(models.Stage, RUNNING + 2, stage),
        Stage(models.Deal, many + closed, _deal(many)),
        Stage(models.DealSpell, many + closed, _spell(), _STAYS),
    ]


#: The way of each deal through the stages in the nine days before it came to where it is: open ones through those
#: before it, closed ones through up to all of them.
_STAYS = f"""
    crm_deal d CROSS JOIN LATERAL (
        SELECT CASE WHEN d.outcome = 'open' THEN d.stage_id - 1 ELSE 1 + {pick(211, RUNNING, "d.id")} END AS before
    ) w CROSS JOIN LATERAL generate_series(1, w.before + 1) AS k
    CROSS JOIN LATERAL (SELECT interval '9 days' / greatest(w.before, 1) AS each) t
    WHERE d.id BETWEEN %(low)s AND %(high)s
"""


def _spell() -> dict[str, str]:
    is_last = "k = w.before + 1"
    return {
        "deal_id": "d.id", "stage_id": f"CASE WHEN {is_last} THEN d.stage_id ELSE k END",
        "began_at": f"CASE WHEN {is_last} THEN d.entered_at ELSE d.created_at + (k - 1) * t.each END",
        "ended_at": f"CASE WHEN {is_last} THEN NULL WHEN k = w.before THEN d.entered_at"
        " ELSE d.created_at + k * t.each END",
    }  # fmt: skip


def _deal(many: int) -> dict[str, str]:
    is_open = f"i <= {many}"
    entered = f"%(anchor)s - (1 + {pick(201, 40 * _DAY)}) * interval '1 second'"
    closed = f"%(anchor)s - (1 + {pick(202, 730 * _DAY)}) * interval '1 second'"
    stage = f"CASE WHEN {is_open} THEN 1 + mod(i, {RUNNING}) ELSE {RUNNING + 1} + mod(i, 2) END"
    words = ("Call about the need", "Send the proposal", "Ask for the signature", "Their lawyer reads it")
    return {
        "id": "i", "pipeline_id": f"{PIPELINE}", "stage_id": stage, "rank": "i * 1048576",
        "outcome": f"CASE WHEN {is_open} THEN 'open' WHEN mod(i, 2) = 0 THEN 'won' ELSE 'lost' END",
        "account_id": f"1 + {pick(203, '%(n)s')}", "owner_id": f"1 + {pick(204, TEAM)}",
        "title": f"{one_of(205, 'Team plan', 'Pilot', 'Second site', 'More seats')} || ' ' || i",
        "amount": f"100 * (5 + {pick(206, 300)})", "currency": "'EUR'", "rate": "1",
        "expected_on": f"(%(anchor)s + ({pick(207, 200)} - 20) * interval '1 day')::date",
        "source": one_of(208, "Website", "Fair", "Partner", ""), "next_step": one_of(209, *words),
        "next_on": f"(%(anchor)s + {pick(210, 14)} * interval '1 day')::date",
        "created_at": f"least({entered}, {closed}) - interval '9 days'",
        "entered_at": f"CASE WHEN {is_open} THEN {entered} ELSE {closed} END",
        "updated_at": f"CASE WHEN {is_open} THEN {entered} ELSE {closed} END",
        "stuck_at": f"CASE WHEN {is_open} THEN {entered} + interval '20 days' END", "told_stuck": "TRUE",
        "closed_at": f"CASE WHEN {is_open} THEN NULL ELSE {closed} END",
    }  # fmt: skip
