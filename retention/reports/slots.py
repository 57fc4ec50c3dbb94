"""What reviews give to others: their work, why their mail exists, and what a demo's end leaves."""

from crm import slots
from retention.reports import actions

slots.work.register("reviews", slots.Work(run=actions.work, next_due=actions.next_due, order=16))
slots.explainers.register(actions.ORIGIN, actions.explain)
slots.kept_tables.register("retention.ReviewReader", slots.KeptTable())
slots.settings_pages.register(
    "reviews",
    slots.SettingsPage(
        "Monthly review", "By mail on the first working day", "newspaper", "reports:list", "You", 35,
        roles=frozenset({"admin", "manager", "agent"}), keywords="report meeting churn mail monthly",
    ),
)  # fmt: skip
slots.keeping_places.register("reviews", slots.Place("Reviews", "reports:list", 50))
