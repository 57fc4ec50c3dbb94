"""What the inbox gives to others: its work, how that stands, and its pages."""

from __future__ import annotations

from crm import slots
from crm.history.actions import UndoError
from crm.history.models import Act
from crm.history.undoing import Undone, undoers
from crm.inbox import actions, checks, load  # noqa: F401  (importing the checks registers them)
from crm.inbox.channels import bridge, hooks, imap, meta, telegram
from crm.inbox.connecting import register_integrations
from crm.inbox.erasing import forget_in_payloads
from crm.team.models import User


def refuse(act: Act, by: User | None, now: object) -> Undone:
    """Reading again and discarding are no changes of the record."""
    raise UndoError("Open the payload under Settings, Inbox: it can be read again, or discarded, as often as you like.")


undoers.register("inbox.replayed", refuse)
undoers.register("inbox.discarded", refuse)
slots.inbox_handlers.register(hooks.KIND, hooks.unpack)
slots.inbox_handlers.register(telegram.KIND, telegram.unpack)
slots.inbox_handlers.register(bridge.KIND, bridge.unpack)
for app in meta.APPS.values():
    slots.inbox_handlers.register(app.kind, app.unpack)
slots.work.register("mailbox", slots.Work(run=imap.look, next_due=lambda now: None, order=1))
slots.work.register("inbox", slots.Work(run=actions.work, next_due=actions.next_due, order=2))
slots.work.register("inbox files", slots.Work(run=actions.fetch, next_due=actions.next_fetch, order=3))
slots.work.register("raw payloads", slots.Work(run=actions.sweep, next_due=actions.next_sweep, order=90))
slots.loads.register("inbox", slots.LoadSource("Inbox", load.select, load.address, load.waits, order=10))
slots.repairs.register("inbox", load.PARKED)
register_integrations()
slots.traces.register("payloads", forget_in_payloads)
slots.settings_pages.register(
    "inbox",
    slots.SettingsPage(
        "Inbox", "Your address for mail, what came in, what is parked", "inbox", "inbox:list", "Mail", 20,
        keywords="imap webhook bcc inbound raw payload days kept replay",
    ),
)  # fmt: skip
