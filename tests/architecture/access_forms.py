"""Who may do what with public forms: anybody fills them in, admins make them. A part of the table."""

from __future__ import annotations

from typing import Any

from crm.forms.models import Asked, FormEntry, PublicForm
from tests.architecture.access_kinds import EVERYBODY, Row, for_admins, public
from tests.conftest import NOON


def ask_anybody(world: Any) -> None:
    """A form, and an entry of Mira's customer."""
    asked = [Asked("contact.email", "E-mail", required=True)]
    world.form = PublicForm.objects.create(
        name="Ask us", title="Ask us", slug="help", outcome="lead", fields=[one.kept() for one in asked]
    )
    world.form_entry = FormEntry.objects.create(
        form=world.form, key="entry", received_at=NOON, account=world.account, contact=world.contact, state="held"
    )


def _of_form(methods: str = "GET POST") -> Row:
    return for_admins(methods, pk=lambda world: world.form.pk)


def _of_entry() -> Row:
    return for_admins("POST", pk=lambda world: world.form_entry.pk)


def _public(methods: str = "GET") -> Row:
    return public(methods, at=lambda world: {"slug": "help"})


ROWS: dict[str, Row] = {
    "forms:list": for_admins(),
    "forms:new": for_admins("GET POST"),
    "forms:arranging_new": for_admins("POST"),
    "forms:preview_new": for_admins("POST"),
    "forms:form": _of_form(),
    "forms:arranging": _of_form("POST"),
    "forms:preview": _of_form("POST"),
    "forms:switch": _of_form("POST"),
    "forms:entries": _of_form("GET"),
    "forms:passage": _of_entry(),
    "forms:discarding": _of_entry(),
    "public_forms:form": _public("GET POST"),
    "public_forms:thanks": _public(),
    "public_forms:embed": _public(),
    "api-form-list": Row(readers=EVERYBODY),
    "api-form-detail": Row(readers=EVERYBODY, at=lambda world: {"pk": world.form.pk}),
    "api-form-submissions": Row("POST", at=lambda world: {"pk": world.form.pk}),
}
