"""What the data audit gives to others: its work, and a line of the settings."""

from crm import slots
from crm.quality import counting

slots.work.register("quality", slots.Work(run=counting.run, next_due=counting.next_due, order=95))
slots.settings_pages.register(
    "quality",
    slots.SettingsPage(
        "Data quality", "What the record lacks, and how to mend it", "clipboard-check", "quality:report", "Record", 40,
        frozenset({"admin", "manager", "agent"}), "audit clean missing fields gaps score",
    ),
)  # fmt: skip
