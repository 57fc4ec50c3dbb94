"""What workflows give to others: their work, a guard on their mail, and the reason for everything they did."""

from crm import slots
from retention.workflows import actions, explanation, guard, journal, load, panels

slots.work.register("workflows", slots.Work(run=actions.work, next_due=actions.next_due, order=10))
slots.loads.register(
    "workflows",
    slots.LoadSource(
        "Workflows", load.select, load.address, load.waiting_words, echoes=frozenset({"uncertain", "failed"}), order=10
    ),
)
slots.repairs.register("enrollments", load.PARKED)
slots.send_guards.register("workflow", guard.refuse)
slots.explainers.register("workflow", explanation.explain)
slots.journal_checks.register("workflows", journal.check)
slots.menu.register(
    "workflows", slots.MenuEntry(label="Workflows", icon="workflow", url_name="workflows:list", order=40)
)
slots.account_panels.register(
    "workflows", slots.Panel(template="retention/workflows/panel.html", context=panels.running, order=40)
)
