"""What a lower room needs from above, it gets from these registries.

A room registers in its `slots.py`, which `crm.apps` and `retention.apps` import when Django starts. crm's own
upper rooms use the registries exactly as retention does; crm never imports retention.
"""

from crm.slots.due import (
    LATE,
    MOST,
    Load,
    LoadSource,
    Repair,
    Throughput,
    Trouble,
    Verb,
    Work,
    loads,
    repairs,
    throughput,
    watchers,
    work,
)
from crm.slots.imports import ImportColumn, ImportCounts, ImportKind, ImportRows, import_kinds
from crm.slots.pages import (
    Mark,
    MenuEntry,
    Notice,
    Panel,
    TodayReason,
    account_panels,
    account_tiles,
    contact_marks,
    menu,
    notices,
    today_reasons,
)
from crm.slots.records import DateField, FilterField, FilterSubject, date_fields, filter_subjects
from crm.slots.registry import AlreadyRegistered, Registry
from crm.slots.sending import Explanation, JournalCheck, Refusal, SendGuard, explainers, journal_checks, send_guards

__all__ = [
    "LATE",
    "MOST",
    "AlreadyRegistered",
    "DateField",
    "Explanation",
    "FilterField",
    "FilterSubject",
    "ImportColumn",
    "ImportCounts",
    "ImportKind",
    "ImportRows",
    "JournalCheck",
    "Load",
    "LoadSource",
    "Mark",
    "MenuEntry",
    "Notice",
    "Panel",
    "Refusal",
    "Registry",
    "Repair",
    "SendGuard",
    "Throughput",
    "TodayReason",
    "Trouble",
    "Verb",
    "Work",
    "account_panels",
    "account_tiles",
    "contact_marks",
    "date_fields",
    "explainers",
    "filter_subjects",
    "import_kinds",
    "journal_checks",
    "loads",
    "menu",
    "notices",
    "repairs",
    "send_guards",
    "throughput",
    "today_reasons",
    "watchers",
    "work",
]
