"""What the page for leaving gives to others: a door on a contract's dialog, settings, facts and notifications."""

from crm import slots
from crm.history.undoing import forelocks, irrevocable
from crm.leaving import actions, letters

slots.contract_doors.register("leaving", slots.ContractDoor("Link to leave…", "leaving:link"))
slots.settings_pages.register(
    "leaving",
    slots.SettingsPage(
        "When customers leave", "What the page offers for which reason", "door-open", "leaving:offers", "Record", 47,
        keywords="cancel churn save offer pause discount downgrade link",
    ),
)  # fmt: skip
slots.menu.register("leaving", slots.MenuEntry("Why customers leave", "log-out", "leaving:report", 62, place="search"))
slots.notification_kinds.register(
    actions.TOLD,
    slots.NotificationKind(
        "A customer wants to leave", "One of yours cancelled on their page, or took an offer.", "log-out", "bell", 45
    ),
)
slots.keeping_places.register("leaving", slots.Place("Why customers leave", "leaving:report", 60))
slots.explainers.register(actions.ORIGIN, letters.explain)
slots.send_guards.register(letters.ORIGIN, letters.guard)
slots.owned_rows.register(
    "leaving_answers", slots.OwnedRows("crm.LeavingAnswer", "account", ("answer", "answers"), "move", "keep")
)
for _table in ("crm.LeavingPolicy", "crm.LeavingOffer"):
    slots.kept_tables.register(_table, slots.KeptTable())
slots.register_facts(
    "Contracts",
    {"contract.talk_wanted": "Talk wanted before leaving", "contract.smaller_wanted": "Smaller plan wanted"},
    contract=5, plan="Pro", reason="Too expensive",
)  # fmt: skip
irrevocable.register(actions.REVOKED, "Make a new link, and send that one.")
forelocks.register(actions.SET, actions.take_offers)
