"""What this room gives to others: its settings page, the indexes it builds, bulk acts, and what takes its acts back."""

from crm.fields import actions, indexes, uses
from crm.slots import SettingsPage, Work, field_uses, settings_pages, work

settings_pages.register(
    "fields",
    SettingsPage(
        "Fields of your own",
        "What else is known of accounts and people",
        "text-cursor-input",
        "fields:list",
        "Record",
        10,
        keywords="custom fields attributes properties columns",
    ),
)
work.register("field-indexes", Work(run=indexes.work, next_due=indexes.next_due, order=95))
field_uses.register("filters", uses.by_filters)
actions.register_undoers()
