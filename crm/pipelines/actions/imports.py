"""Deals from files: what another system knew. Nothing is fired, nobody told, no contract booked: billing has it."""

from __future__ import annotations

from datetime import datetime

from crm.accounts.models import Account
from crm.fields import columns
from crm.fields.columns import ColumnsOf
from crm.ledger.actions.rates import DAY_OF, RATE_ON, reject_unrated, sql_parameters
from crm.pipelines.actions import locking
from crm.pipelines.actions.import_columns import COLUMNS, OWN
from crm.pipelines.actions.placing import STAND
from crm.pipelines.models import Deal, DealSpell, LossReason
from crm.pipelines.rules import ranks
from crm.pipelines.values import SUBJECT
from crm.slots import ImportCounts, ImportKind, ImportRows, ImportUndone, import_kinds
from crm.team.models import User
from crm.timeline.actions import recording_found
from crm.timeline.brought import BECAUSE, Brought, key_of
from crm.timeline.models import TimelineEntry


def load_deals(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of deals; one that is here keeps its stage, its customer and its times."""
    rows.link("account_id", Account, "external_id", "account_external_id")
    rows.link("owner_id", User, "email", "owner_email")
    rows.link("target", Deal, "external_id", "external_id")
    rows.admit(Account, "account_id", "account_external_id")
    rows.admit(Deal, "target", "external_id")
    rows.respect(Deal, OWN | columns.targets(SUBJECT))
    _find_stages(rows)
    _reject(rows)
    _reject_values(rows)
    columns.require(rows, SUBJECT)
    rows.begin_writing()
    locking.stages(rows.ids("SELECT DISTINCT stage_id FROM import_rows WHERE fresh"))
    _name_reasons(rows)
    rows.run(_RATE, **sql_parameters())
    rows.run(_RANK, gap=ranks.GAP)
    counts = columns.write(rows, Deal, SUBJECT, _deal(rows.import_id), _KEPT)
    rows.link("target", Deal, "external_id", "external_id")
    rows.write(DealSpell, _FIRST_SPELL, target="part_id", where="r.fresh AND r.began_id IS NOT NULL")
    rows.write(DealSpell, _LAST_SPELL, target="part_id", where="r.fresh")
    rows.run(STAND.format(which="SELECT target, rank FROM import_rows WHERE fresh"))
    rows.run(_TOLD_STUCK)
    rows.run(recording_found(_TOLD))
    rows.note("created", TimelineEntry, f"SELECT id FROM crm_timelineentry WHERE key IN (SELECT key FROM ({_KEYS}) k)")  # noqa: S608
    return counts


_STAGES = """
    UPDATE import_rows r SET fresh = target IS NULL, opened_at = coalesce(created_at, closed_at, %(now)s),
        pipeline_id = (SELECT p.id FROM crm_pipeline p WHERE p.archived_at IS NULL
            AND (r.pipeline IS NULL OR lower(p.name) = lower(r.pipeline)) ORDER BY p."order", p.name, p.id LIMIT 1)
"""
_STAGE = """
    UPDATE import_rows r SET stage_id = s.id, state = s.outcome
    FROM crm_stage s WHERE s.id = (SELECT o.id FROM crm_stage o
        WHERE o.pipeline_id = r.pipeline_id AND o.archived_at IS NULL
            AND CASE WHEN r.stage IS NULL THEN o.outcome = 'open' ELSE lower(o.name) = lower(r.stage) END
        ORDER BY o."order", o.id LIMIT 1)
"""
# Where a deal that is closed was before, as far as anybody knows.
_BEGAN = """
    UPDATE import_rows r SET began_id = (SELECT o.id FROM crm_stage o WHERE o.pipeline_id = r.pipeline_id
        AND o.archived_at IS NULL AND o.outcome = 'open' ORDER BY o."order", o.id LIMIT 1)
    WHERE r.state <> 'open'
"""


def _find_stages(rows: ImportRows) -> None:
    rows.run("""
        ALTER TABLE import_rows ADD COLUMN fresh boolean, ADD COLUMN opened_at timestamptz,
            ADD COLUMN pipeline_id bigint, ADD COLUMN stage_id bigint, ADD COLUMN state text,
            ADD COLUMN began_id bigint, ADD COLUMN lost_id bigint, ADD COLUMN rate numeric,
            ADD COLUMN rank bigint, ADD COLUMN part_id bigint""")
    for statement in (_STAGES, _STAGE, _BEGAN):
        rows.run(statement)


def _reject(rows: ImportRows) -> None:
    for condition, column, reason, remedy in (
        ("r.account_id IS NULL", "account_external_id", "is the external_id of no account",
         "Import the account first, or correct the id."),
        ("EXISTS (SELECT FROM crm_deal d WHERE d.id = r.target AND d.account_id <> r.account_id)",
         "account_external_id", "is not the account that has this deal", "Give the deal another external_id."),
        ("r.fresh AND r.pipeline_id IS NULL", "pipeline", "is no pipeline in use",
         "Make it under Pipelines first, or correct the name."),
        ("r.fresh AND r.pipeline_id IS NOT NULL AND r.stage_id IS NULL", "stage", "is no stage of the pipeline",
         "Add it to the pipeline first, or correct the name."),
        ("r.created_at > %(now)s", "created_at", "is still to come", "Give the moment at which the deal began."),
        ("r.closed_at > %(now)s", "closed_at", "is still to come", "Leave it blank: the deal is open."),
        ("r.closed_at < r.created_at", "closed_at", "is before created_at", "Correct one of both."),
        ("r.fresh AND r.state <> 'open' AND r.closed_at IS NULL", "closed_at", "is missing",
         "Say when the deal was won or lost; reports count by it."),
        ("r.fresh AND r.state = 'open' AND r.closed_at IS NOT NULL", "stage",
         "is open, and closed_at says when it was closed", "Name the stage that won or lost it, or leave one blank."),
    ):  # fmt: skip
        rows.reject(condition, column, reason, remedy)


def _reject_values(rows: ImportRows) -> None:
    rows.reject(
        "r.owner_email IS NOT NULL AND NOT EXISTS (SELECT FROM crm_user u WHERE u.id = r.owner_id AND u.is_active)",
        "owner_email", "is nobody who can sign in here", "Add the colleague first, or leave it blank.",
    )  # fmt: skip
    for name in ("amount", "mrr"):
        rows.reject(f"r.{name} < 0", name, "is negative", "Give what it brings, 0 or more.")
    reject_unrated(rows, _RATE_OF)


_CODE = "coalesce((SELECT d.currency FROM crm_deal d WHERE d.id = r.target), %(reporting)s)"
_RATE_OF = RATE_ON.format(code=f"coalesce(r.currency, {_CODE})", day=DAY_OF.format(at="r.opened_at"))
# A booked rate stays, unless what it was booked for turns out to be something else.
_RATE = f"""
    UPDATE import_rows r SET currency = coalesce(r.currency, {_CODE}),
        rate = {_RATE_OF}
    WHERE r.fresh OR EXISTS (SELECT FROM crm_deal d WHERE d.id = r.target
        AND (d.currency, d.amount) IS DISTINCT FROM (coalesce(r.currency, d.currency), coalesce(r.amount, d.amount)))
"""  # noqa: S608  (constants of ours)
# On top of their stages, which are locked, the newest first.
_RANK = """
    UPDATE import_rows r SET rank = n.rank
    FROM (SELECT i.line, (SELECT coalesce(min(d.rank), 0) FROM crm_deal d WHERE d.stage_id = i.stage_id)
            - %(gap)s * row_number() OVER (PARTITION BY i.stage_id ORDER BY i.opened_at, i.line) AS rank
        FROM import_rows i WHERE i.fresh) n
    WHERE n.line = r.line
"""


def _name_reasons(rows: ImportRows) -> None:
    """Reasons that nobody has made yet."""
    wanted = rows.all("""
        SELECT DISTINCT ON (lower(r.lost_reason)) r.lost_reason FROM import_rows r
        WHERE r.fresh AND r.state = 'lost' AND r.lost_reason IS NOT NULL
            AND NOT EXISTS (SELECT FROM crm_lossreason l WHERE lower(l.name) = lower(r.lost_reason))
        ORDER BY lower(r.lost_reason), r.line""")
    LossReason.objects.bulk_create([LossReason(name=name) for (name,) in wanted], ignore_conflicts=True)
    rows.run("""
        UPDATE import_rows r SET lost_id = l.id FROM crm_lossreason l
        WHERE r.fresh AND r.state = 'lost' AND lower(l.name) = lower(r.lost_reason)""")


def _deal(import_id: int | None) -> dict[str, str]:
    """By their key an undo finds them. Where they stand follows from their spells."""
    return {
        "external_id": "r.external_id", "key": f"'{key_of(import_id)}' || r.external_id", "title": "r.title",
        "account_id": "r.account_id", "pipeline_id": "r.pipeline_id", "stage_id": "r.stage_id", "rank": "r.rank",
        "owner_id": "CASE WHEN r.fresh THEN coalesce(r.owner_id,"
                    " (SELECT a.owner_id FROM crm_account a WHERE a.id = r.account_id)) ELSE r.owner_id END",
        "amount": "r.amount", "currency": "r.currency", "rate": "r.rate", "expected_on": "r.expected_on",
        "source": "r.source", "plan": "r.plan", "mrr": "r.mrr", "next_step": "r.next_step",
        "lost_because_id": "r.lost_id", "created_at": "r.opened_at",
    }  # fmt: skip


#: What only new ones take from a file.
_KEPT = dict.fromkeys(
    ("external_id", "key", "account_id", "pipeline_id", "stage_id", "rank", "lost_because_id", "created_at"), "NULL"
)
_FIRST_SPELL = {
    "deal_id": "r.target", "stage_id": "r.began_id", "began_at": "r.opened_at", "ended_at": "r.closed_at",
    "because": f"'{BECAUSE}'",
}  # fmt: skip
_LAST_SPELL = {
    "deal_id": "r.target", "stage_id": "r.stage_id", "because": f"'{BECAUSE}'",
    "began_at": "CASE WHEN r.state = 'open' THEN r.opened_at ELSE r.closed_at END",
}  # fmt: skip
# History: nobody is told that something was late elsewhere.
_TOLD_STUCK = """
    UPDATE crm_deal d SET told_stuck = TRUE
    FROM import_rows r WHERE r.fresh AND d.id = r.target AND d.stuck_at <= %(now)s
"""

#: What the timeline tells of them: that they began, and how they ended.
_KEYS = """
    SELECT r.*, told.kind, told.words, told.at, 'deal.imported:' || r.target || ':' || told.kind AS key
    FROM import_rows r, LATERAL (VALUES ('deal.opened', 'Deal opened', r.opened_at),
        ('deal.' || r.state, 'Deal ' || r.state, CASE WHEN r.state <> 'open' THEN r.closed_at END)
    ) AS told(kind, words, at)
    WHERE r.fresh AND told.at IS NOT NULL
"""
_TOLD = f"""
    SELECT k.account_id, NULL::bigint, k.kind, k.at, 'import', NULL::bigint, '', left(k.words || ': ' || k.title, 400),
        jsonb_strip_nulls(jsonb_build_object('deal', k.target, 'title', k.title, 'pipeline', p.name, 'stage', s.name,
            'value', d.value::text, 'open_url', '/deals/' || k.target || '/')), k.key
    FROM ({_KEYS}) AS k JOIN crm_stage s ON s.id = k.stage_id JOIN crm_pipeline p ON p.id = s.pipeline_id
        JOIN crm_deal d ON d.id = k.target
"""  # noqa: S608  (constants of ours)

# Taking it back -------------------------------------------------------------------------------------------------------

#: Whether somebody has worked with a deal that a file brought.
_WORKED = """
    t.contract_id IS NOT NULL
    OR EXISTS (SELECT FROM crm_dealspell s WHERE s.deal_id = t.id AND s.because <> %(because)s)
    OR EXISTS (SELECT FROM crm_dealcontact c WHERE c.deal_id = t.id)
    OR EXISTS (SELECT FROM crm_dealticket c WHERE c.deal_id = t.id)
    OR EXISTS (SELECT FROM crm_dealchange c LEFT JOIN crm_act a ON a.id = c.act_id
        WHERE c.pgh_obj_id = t.id AND (a.id IS NULL OR a.undone_at IS NULL AND a.turns %% 2 = 0))
"""


_BROUGHT = Brought(Deal, "t.title", _WORKED, ("opened", "won", "lost"))


def undo_deals(import_id: int, now: datetime) -> ImportUndone:
    return _BROUGHT.undo(import_id)


def register_imports() -> None:
    import_kinds.register(
        "deals",
        ImportKind(
            ColumnsOf(SUBJECT, COLUMNS), load_deals, identity=("external_id",), label="Deals", order=7, undo=undo_deals,
            hint="One row for each deal of another system; nothing is booked or sent",
        ),
    )  # fmt: skip
