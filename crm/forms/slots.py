"""What public forms give to others: their targets and the lead, their work, their pages, and what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm import slots
from crm.forms.actions import arriving, editing, leading, working
from crm.forms.erasing import forget_in_entries
from crm.forms.forms.outcomes import LeadSettings
from crm.forms.models import FormEntry, PublicForm
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
slots.traces.register("form entries", forget_in_entries)
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

# Of each form the latest entry that is no trial, by its index; and what waits for a person's eyes.
_LOOK = """
    SELECT count(*) AS many, max(latest.at) AS last_at, coalesce((
        SELECT f.name || ': an entry waits for somebody to look at it'
        FROM crm_formentry e JOIN crm_publicform f ON f.id = e.form_id WHERE e.state = 'held' ORDER BY e.id LIMIT 1
    ), '') AS trouble
    FROM crm_publicform f LEFT JOIN LATERAL (
        SELECT e.received_at AS at FROM crm_formentry e
        WHERE e.form_id = f.id AND NOT e.test ORDER BY e.received_at DESC, e.id DESC LIMIT 1
    ) latest ON TRUE
    WHERE f.archived_at IS NULL
"""


def _look(now: datetime) -> tuple[str, Sequence[Any]]:
    return _LOOK, []


def _says(seen: slots.Traffic) -> slots.Connection:
    if not seen.many:
        return slots.Connection("Not set up", note="Make a form to be written to from your website.")
    return slots.Connection(f"{seen.many} form{'' if seen.many == 1 else 's'}", "warn" if seen.trouble else "good")


#: So many forms are asked for by a test.
_TRIED = 3


def _ways_in() -> list[slots.WayIn]:
    """The first few forms that are open."""
    rows = PublicForm.objects.filter(archived_at=None).order_by("name", "pk")[:_TRIED]
    return [slots.WayIn(row.get_absolute_url(), 200, 'name="token"') for row in rows]


slots.integrations.register(
    "forms",
    slots.Integration(
        "Public forms", "Anybody writes to you, here or on your website", "clipboard-pen", "forms:list", _look, _says,
        order=45, ways_in=_ways_in,
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
