"""What public forms give to others: their targets and the lead, their work, their pages, and what is kept of them."""

from __future__ import annotations

from datetime import datetime

from crm import slots
from crm.forms.actions import arriving, editing, leading, working
from crm.forms.forms.outcomes import LeadSettings
from crm.forms.models import FormEntry
from crm.forms.searching import register_search
from crm.forms.targets import register_targets
from crm.history.actions import UndoError
from crm.history.models import Act
from crm.history.undoing import Undone, undoers
from crm.team.models import User

register_targets()
register_search()
slots.form_outcomes.register(
    "lead",
    slots.FormOutcome(
        "A lead", "A customer and a person on record, and a task for whoever takes them up.", leading.make_lead,
        LeadSettings, ("person", "contact", "account", "message"), order=10,
    ),
)  # fmt: skip
slots.inbox_handlers.register(arriving.KIND, working.take)
slots.notification_kinds.register(
    leading.SUBMITTED,
    slots.NotificationKind(
        "Somebody filled in a form", "It is your turn, or a customer of yours.", "clipboard-pen", way="bell", order=30
    ),
)
slots.register_facts(
    "Forms", {leading.SUBMITTED: "A form was filled in"}, form=3, slug="demo", note="We would like to see it."
)
slots.kept_tables.register("crm.PublicForm", slots.KeptTable())
slots.settings_pages.register(
    "forms",
    slots.SettingsPage(
        "Public forms", "Pages on which anybody can write to you, here or on your website", "clipboard-pen",
        "forms:list", "Record", 45,
        keywords="form lead ticket contact website embed iframe consent spam submission builder link",
    ),
)  # fmt: skip


def _decided(act: Act, by: User | None, now: datetime) -> Undone:
    raise UndoError("What became of an entry is its own history: open the customer, or discard it there.")


undoers.register(editing.ADDED, editing.unadd)
for _kind in ("form.let_through", "form.discarded"):
    undoers.register(_kind, _decided)
for _name, _owned in {
    "account_form_entries": slots.OwnedRows(
        "crm.FormEntry", "account", ("entry of a form", "entries of forms"), "move", "keep"
    ),
    "contact_form_entries": slots.OwnedRows(
        "crm.FormEntry", "contact", ("entry of a form", "entries of forms"), "move", "forget",
        slots.exported(FormEntry, "contact", "form__name", "received_at", "consent", "source"),
    ),
}.items():  # fmt: skip
    slots.owned_rows.register(_name, _owned)
