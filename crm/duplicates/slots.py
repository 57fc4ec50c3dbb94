"""What duplicates give to others: their undo, and what people said about pairs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from crm import slots
from crm.duplicates import sweeping
from crm.duplicates.checks import register_checks
from crm.duplicates.merging import part
from crm.duplicates.models import Merge, MovedRows
from crm.duplicates.owned import register_owned_rows
from crm.history.models import Act
from crm.history.undoing import undoers


def forget_merges(person: slots.Person, now: datetime) -> None:
    """Merges of a person hold the row that went: they cannot be undone any more, and say no longer of whom."""
    of_person = Q(keeper_id=person.contact_id) | Q(loser_id=person.contact_id)
    merges = Merge.objects.filter(of_person, subject="contact")
    Act.objects.filter(pk__in=merges.values("act_id")).update(label="merged two people", detail={})
    MovedRows.objects.filter(merge__in=merges).delete()
    merges.update(detail={})


slots.traces.register("merges", forget_merges)
undoers.register("account.merged", part)
undoers.register("contact.merged", part)
register_owned_rows()
register_checks()
slots.work.register("duplicates", slots.Work(run=sweeping.run, next_due=sweeping.next_due, order=90))
slots.settings_pages.register(
    "duplicates",
    slots.SettingsPage(
        "Duplicates", "Customers and people that look like one", "copy", "duplicates:list", "Record", 50,
        frozenset({"admin", "manager"}), "merge same twice double",
    ),
)  # fmt: skip
slots.register_facts(
    "Customers",
    {
        "account.merged": "Two customers merged", "account.separated": "Merge of customers undone",
        "contact.merged": "Two people merged", "contact.separated": "Merge of people undone",
    },
    merge=3,
)  # fmt: skip
