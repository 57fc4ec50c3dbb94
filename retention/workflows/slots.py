"""What workflows give to others: their work, a guard on their mail, and the reason for everything they did."""

from crm import slots
from crm.history.undoing import echoes
from retention.workflows import actions, explanation, fields, guard, journal, load, merging, panels, searching, segments
from retention.workflows.bulk import register_bulk
from retention.workflows.changing.taking_back import register_undoers
from retention.workflows.experiments import actions as experiments
from retention.workflows.experiments import holdout
from retention.workflows.experiments import tab as effect
from retention.workflows.models import Enrollment
from retention.workflows.rehearsal import tab as rehearsed
from retention.workflows.tabs import Tab, mail, people, settings, steps, tabs, versions
from retention.workflows.why import views as why

slots.work.register("workflows", slots.Work(run=actions.work, next_due=actions.next_due, order=10))
slots.kept_tables.register("retention.Workflow", slots.KeptTable(after=actions.rest))
slots.kept_tables.register("retention.WorkflowVersion", slots.KeptTable())
slots.kept_tables.register("retention.DraftEdit", slots.KeptTable())
slots.loads.register(
    "workflows",
    slots.LoadSource(
        "Workflows", load.select, load.address, load.waiting_words, echoes=frozenset({"uncertain", "failed"}), order=10
    ),
)
slots.repairs.register("enrollments", load.PARKED)
slots.send_guards.register("workflow", guard.say)
slots.guard_recalls.register("workflow", guard.judged)
slots.guard_recalls.register("hours", guard.judged)
slots.send_guards.register("holdout", holdout.refuse)
slots.guard_recalls.register("holdout", guard.held_out)
slots.kept_tables.register("retention.HoldoutSettings", slots.KeptTable())
echoes.register("holdout", experiments.asked_again)
slots.settings_pages.register(
    "holdout",
    slots.SettingsPage(
        "Holdout", "Who gets nothing that runs by itself, to measure what it does", "flask-conical",
        "workflows:holdout", "Mail", 24, keywords="control group experiment measure effect a/b test",
    ),
)  # fmt: skip
slots.account_panels.register(
    "holdout",
    slots.Panel(template="retention/workflows/held_out_panel.html", context=panels.held_out_of_all, order=39),
)
slots.explainers.register("workflow", explanation.explain)
slots.journal_checks.register("workflows", journal.check)
slots.menu.register(
    "workflows", slots.MenuEntry(label="Workflows", icon="workflow", url_name="workflows:list", order=40)
)
slots.account_panels.register(
    "workflows", slots.Panel(template="retention/workflows/panel.html", context=panels.running, order=40)
)
slots.owned_rows.register(
    "account_enrollments",
    slots.OwnedRows(
        "retention.Enrollment", "account", ("enrollment", "enrollments"), slots.Moving(merging.move, merging.move_back),
        "keep", order=-8,
    ),
)  # fmt: skip
slots.owned_rows.register(
    "contact_enrollments",
    slots.OwnedRows(
        "retention.Enrollment", "contact", ("enrollment", "enrollments"), "move", merging.forget,
        slots.exported(
            Enrollment, "contact", "workflow__name", "state", "entered_at", "ended_at", "ended_because"
        ),
        order=-8,
        told=slots.Told(
            "What ran by itself for you",
            lambda row: f"{row['workflow__name']}: {Enrollment.State(row['state']).label.lower()}",
            lambda row: row["entered_at"], lambda row: str(row["ended_because"]), order=80,
        ),
    ),
)  # fmt: skip
slots.owned_rows.register(
    "account_rehearsed", slots.OwnedRows("retention.RehearsalLine", "account", ("", ""), "move", "keep")
)
slots.owned_rows.register(
    "contact_rehearsed", slots.OwnedRows("retention.RehearsalLine", "contact", ("", ""), "move", "delete")
)
# What a workflow has done (tasks, mail) is a reason to keep a row; that it has begun is none.
slots.undone_along.register("retention.Enrollment", "retention.Enrollment")
slots.fact_waits.register("workflows", panels.waits_for)
slots.notification_kinds.register(
    "workflow.told",
    slots.NotificationKind(
        "A word from a workflow", "It has something to tell you of a customer.", "workflow", "bell", 65
    ),
)
slots.search_sources.register("workflows", slots.SearchSource("Workflows", searching.called, order=40))
slots.segment_uses.register("workflows", segments.using)
slots.field_uses.register("workflows", fields.using)
slots.segment_watchers.register("workflows", segments.watched)
register_bulk()
register_undoers()
slots.start_steps.register(
    "recipe",
    slots.StartStep(
        "Switch a first workflow on",
        "A recipe that welcomes, reminds or raises the alarm. All are off until you say so.",
        "workflows:list", "Choose one", panels.first_recipe, order=60,
    ),
)  # fmt: skip

tabs.register("steps", Tab("Steps", "retention/workflows/steps.html", steps.context, order=10))
tabs.register(
    "rehearsal",
    Tab(
        "Rehearsal", "retention/workflows/rehearsal/tab.html", rehearsed.context, order=20, paged=True,
        rows="retention/workflows/rehearsal/names.html",
    ),
)  # fmt: skip
tabs.register("people", Tab("People", "retention/workflows/people.html", people.context, order=30, paged=True))
tabs.register("mail", Tab("Mail", "retention/workflows/mail.html", mail.context, order=40, paged=True))
tabs.register(
    "settings",
    Tab("Settings", "retention/workflows/settings.html", settings.context, order=50, applies=lambda w: not w.is_own),
)
tabs.register("versions", Tab("Versions", "retention/workflows/versions.html", versions.context, order=60))
tabs.register(
    "effect",
    Tab("Effect", "retention/workflows/effect/tab.html", effect.context, order=46, paged=True,
        rows="retention/workflows/effect/names.html"),
)  # fmt: skip
tabs.register("why", Tab("Why?", "retention/workflows/why/tab.html", why.tab, order=45))
