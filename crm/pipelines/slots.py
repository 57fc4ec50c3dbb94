"""What pipelines give to others: what can be filtered, told, handed over, merged, erased and exported."""

from __future__ import annotations

from crm import slots
from crm.fields.bulk import register_subject
from crm.pipelines.actions import stuck
from crm.pipelines.actions.imports import register_imports
from crm.pipelines.bulk import register_bulk
from crm.pipelines.filter_fields import register_fields
from crm.pipelines.form_outcome import register_form
from crm.pipelines.lists import register_lists
from crm.pipelines.owned import register_owned_rows
from crm.pipelines.panels import register_panels
from crm.pipelines.reasons import register_reasons
from crm.pipelines.searching import register_search
from crm.pipelines.shape import using
from crm.pipelines.undoing import register_undoers

register_fields()
register_lists()
register_bulk()
register_panels()
register_search()
register_reasons()
register_imports()
register_subject("deal", slots.CustomSubject("Deals", "deal", 30))
register_undoers()
register_form()
slots.field_uses.register("stages", using)

slots.work.register("deals", slots.Work(run=stuck.work, next_due=stuck.next_due, order=40))
for _name, _kind in {
    "deal.assigned": slots.NotificationKind("Deal given to you", "A colleague gives you one.", "handshake", order=34),
    "deal.stuck": slots.NotificationKind(
        "A deal is stuck", "One of yours has been in its stage for longer than expected.", "hourglass", order=35
    ),
}.items():
    slots.notification_kinds.register(_name, _kind)

slots.settings_pages.register(
    "pipelines",
    slots.SettingsPage(
        "Shape pipelines", "Stages, what they ask, why deals are lost", "square-kanban", "pipelines:all", "Record", 44,
        keywords="stages boards deals funnel reasons",
    ),
)  # fmt: skip
slots.holdings.register(
    "deals",
    slots.Holding(
        "crm.Deal", ("open deal", "open deals"), "owner_id", "t.outcome = 'open'", stamp="updated_at", order=45
    ),
)
for _table in ("Pipeline", "Stage", "LossReason"):
    slots.kept_tables.register(f"crm.{_table}", slots.KeptTable())
register_owned_rows()
slots.register_facts(
    "Deals",
    {
        "deal.opened": "Deal opened", "deal.stage": "Deal moved to another stage",
        "deal.stuck": "Deal stuck in its stage", "deal.won": "Deal won", "deal.lost": "Deal lost",
        "deal.reopened": "Deal opened again",
    },
    deal=7, title="Growth plan", pipeline="Sales", pipeline_id=1, purpose="sales", stage="Offer", stage_id=3,
    value="1200.00", note="Wants to begin in June.",
)  # fmt: skip
