"""Who may do what at the desk: tickets, what was said in them, and what came along. A part of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile

from crm.tickets.actions.saying import put
from crm.tickets.models import Macro, Rota, Ticket, TicketMessage
from tests.architecture.access_kinds import ADMINS, Row, about
from tests.conftest import NOON


def ask(world: Any, secret: str) -> None:
    """A ticket of Mira's customer, with a question, a file and her answer; a macro of everybody's, and one of hers."""
    world.ticket = Ticket.objects.create(
        subject=secret, account=world.account, contact=world.contact, channel="email", reply_channel="email",
        requester_name=secret, requester_handle=f"{secret}@x.example".lower(), token="0123456789", asked_at=NOON,
    )  # fmt: skip
    world.ticket.spells.create(status="new", began_at=NOON)
    said = {"ticket": world.ticket, "channel": "email", "text": secret, "occurred_at": NOON}
    world.said = TicketMessage.objects.create(kind="in", html=f"<p>{secret}</p>", contact=world.contact, **said)
    world.answer = TicketMessage.objects.create(kind="out", user=world.mira, **said)
    world.enclosed = put(world.said, ContentFile(secret.encode(), secret))
    world.rota = Rota.objects.create(assigns_by="turn")
    world.macro = Macro.objects.create(name="Everybody's", body="Hello {{ contact.first_name }}")
    world.own_macro = Macro.objects.create(name=secret, body="Hello", owner=world.mira)


def _of(methods: str, **at: Callable[[Any], int]) -> Row:
    """An address below a ticket; `at`: argument of the URL → how it comes from the world."""
    return Row(
        methods, foreign=True,
        at=lambda world: {"pk": world.ticket.pk, **{name: of(world) for name, of in at.items()}},
    )  # fmt: skip


#: Whose macro it is, and nobody else.
_OWNER = frozenset({"manager"})


def _mine(methods: str) -> Row:
    return Row(
        methods, readers=_OWNER, writers=_OWNER, foreign=True, at=lambda world: {"pk": world.own_macro.pk}
    )  # fmt: skip


ROWS: dict[str, Row] = {
    "tickets:list": Row(),
    "tickets:new": Row("GET POST"),
    "tickets:callers": Row(),
    "tickets:dues": Row(),
    "tickets:onward": Row("POST"),
    "tickets:beside": Row(foreign=True, at=lambda world: {"subject": "account", "pk": world.account.pk}),
    "tickets:detail": about("ticket"),
    **{f"tickets:{verb}": about("ticket", "POST") for verb in (
        "presence", "write", "draft", "status", "taking", "following", "new_requester", "unmerging",
    )},
    **{f"tickets:{verb}": about("ticket", "GET POST") for verb in ("requester", "merging", "spam")},
    "tickets:ways": about("ticket"),
    "tickets:macros": Row(),
    "tickets:new_macro": Row("GET POST"),
    "tickets:macro": _mine("GET POST"),
    "tickets:macro_removal": _mine("POST"),
    "tickets:canned": about("ticket"),
    "tickets:canned_one": _of("GET", macro_pk=lambda world: world.macro.pk),
    "tickets:message": _of("GET", message_pk=lambda world: world.said.pk),
    "tickets:message_html": _of("GET", message_pk=lambda world: world.said.pk),
    "tickets:calling_off": _of("POST", message_pk=lambda world: world.answer.pk),
    "tickets:fetching": _of("POST", message_pk=lambda world: world.said.pk),
    "tickets:split": _of("GET POST", message_pk=lambda world: world.said.pk),
    "tickets:file": _of("GET", file_pk=lambda world: world.enclosed.pk),
    "api-ticket-category-list": Row("GET POST", writers=ADMINS),
    "api-ticket-category-detail": Row("GET PUT PATCH", writers=ADMINS, at=lambda world: {"pk": world.category.pk}),
    "api-ticket-insight-list": Row(),
    "api-ticket-file": _of("GET", file_id=lambda world: world.enclosed.pk),
    "api-rota-list": Row("GET POST", writers=ADMINS),
    "api-rota-detail": Row("GET PUT PATCH", writers=ADMINS, at=lambda world: {"pk": world.rota.pk}),
    "api-blocked-sender-removal": Row(
        "POST", readers=ADMINS, writers=ADMINS, at=lambda world: {"pk": world.blocked.pk}
    ),
    "api-macro-list": Row("GET POST"),
    "api-macro-detail": _mine("GET PUT PATCH"),
    "api-blocked-sender-list": Row("GET POST", readers=ADMINS, writers=ADMINS),
    "api-blocked-sender-detail": Row(readers=ADMINS, at=lambda world: {"pk": world.blocked.pk}),
    "tickets:fact": Row(
        "GET POST", foreign=True, at=lambda world: {"pk": world.ticket.pk, "name": "priority"}
    ),
}  # fmt: skip
