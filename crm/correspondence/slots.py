"""What correspondence gives to others: the handler of mail, how the outbox sends letters, and its pages."""

from __future__ import annotations

from collections.abc import Sequence

from crm import slots
from crm.correspondence import writing
from crm.correspondence.erasing import forget_in_others, forget_own, forget_threads
from crm.correspondence.models import Mail, MailFile, MailQuerySet
from crm.correspondence.receiving import receive
from crm.history.actions import UndoError
from crm.history.models import Act
from crm.history.undoing import Undone, undoers
from crm.outbox.models import OutboundMessage
from crm.team.models import User

_EVERYBODY = frozenset({"admin", "manager", "agent"})


def waiting(viewer: User) -> MailQuerySet:
    return Mail.objects.visible_to(viewer).unmatched()


def refuse(act: Act, by: User | None, now: object) -> Undone:
    """Entries on a timeline are there for good."""
    raise UndoError("Linked mail stays where it is. Merge or edit the person if it went to the wrong one.")


undoers.register("mail.linked", refuse)
slots.inbox_handlers.register("mail", receive)
slots.letter_origins.register(OutboundMessage.PERSONAL, slots.LetterOrigin(writing.enclose, writing.tell))
slots.send_guards.register("correspondence", writing.guard)
slots.explainers.register(OutboundMessage.PERSONAL, writing.explain)
slots.mail_tabs.register(
    "unmatched", slots.MenuEntry("Unmatched mail", "mail-check-mark", "correspondence:unmatched", 10, waiting)
)
slots.notification_kinds.register(
    "mail.received",
    slots.NotificationKind("Mail received", "A customer of yours writes, or answers you.", "mail", order=25),
)
slots.settings_pages.register(
    "my-mail",
    slots.SettingsPage(
        "Your mail", "Signature, and an address for copies of your own mail", "signature", "correspondence:me", "You",
        20, _EVERYBODY, "bcc signature copy address",
    ),
)  # fmt: skip
_WROTE = {Mail.Direction.IN: "You wrote", Mail.Direction.OUT: "We wrote"}


def _files(contacts: Sequence[int]) -> list[slots.PersonsFile]:
    """What came and went with their letters, and nobody has deleted."""
    rows = MailFile.objects.filter(mail__contact__in=contacts, file__deleted_at=None).order_by("pk")
    return [slots.PersonsFile(*row) for row in rows.values_list("file__name", "file__stored_as")]


_EXPORTED = ("occurred_at", "direction", "sender_address", "recipients", "subject", "text")
for name, owned in {
    "account_threads": slots.OwnedRows("crm.MailThread", "account", ("conversation", "conversations"), "move", "keep"),
    "contact_threads": slots.OwnedRows("crm.MailThread", "contact", ("", ""), "move", forget_threads, order=10),
    "account_letters": slots.OwnedRows("crm.Mail", "account", ("letter", "letters"), "move", "keep"),
    "contact_letters": slots.OwnedRows(
        "crm.Mail", "contact", ("letter", "letters"), "move", forget_own, slots.exported(Mail, "contact", *_EXPORTED),
        told=slots.Told(
            "Letters between you and us",
            lambda row: f"{_WROTE[row['direction']]}: {row['subject'] or 'without a subject'}",
            lambda row: row["occurred_at"], lambda row: str(row["text"]), order=20,
        ),
        files=_files,
    ),
}.items():  # fmt: skip
    slots.owned_rows.register(name, owned)
slots.traces.register("correspondence", forget_in_others)
slots.register_facts(
    "Mail",
    {
        "mail.received": "Mail received", "mail.sent": "Mail written by hand",
        "mail.auto_received": "Automatic mail received",
    },
    mail=64, note="Thank you, that works for us.",
)  # fmt: skip
