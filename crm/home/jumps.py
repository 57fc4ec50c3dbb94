"""What the palette offers besides records: things to do, and places to go."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.urls import Resolver404, resolve, reverse

from crm import slots
from crm.accounts.models import Account, Contact
from crm.slots import Found
from crm.team.models import User
from crm.team.permissions import allows
from crm.web.addresses import address
from crm.web.addresses import page as page_of
from crm.web.context import THEMES

#: “call Kelp”, “log a call with Kelp”: what stands behind it names a customer.
_LOG = re.compile(r"(?:log )?(?:a )?(?:call|meeting|note)(?: with| to| about)? (?P<whom>\S.{2,})", re.I)
#: (what it is called, other words for it, name of its address, icon, what one must be allowed)
_DO = (
    ("New task", "todo reminder", "todos:new", "square-plus", "view"),
    ("New customer", "account add", "accounts:new", "building-2", "edit"),
    ("Look at duplicates", "merge double same twice", "duplicates:list", "copy", "merge"),
    ("Import a file", "csv upload", "imports:new", "file-input", "import"),
    ("Invite a colleague", "team user", "settings:team", "user-plus", "manage_team"),
)


def actions(viewer: User, text: str, limit: int) -> list[Found]:
    """Things to do whose words begin as what was typed, all of them when nothing was."""
    found = [
        Found(name, url, icon)
        for name, words, url_name, icon, permission in _DO
        if _fits(f"{name} {words}", text) and (url := page_of(url_name)) and allows(viewer, permission)
    ]
    found += [
        Found(f"Switch to {label.lower()} colours" if theme != "system" else "Colours as the system has them",
              reverse("web:theme"), "sun-moon", sends=(("theme", theme),))
        for theme, label in THEMES.items()
        if _fits(f"switch to {label} colours theme mode", text)
    ]  # fmt: skip
    if logging := _LOG.fullmatch(text):
        found = [*_to_log(viewer, logging["whom"]), *found]
    return found[: limit + 1]


def as_task(viewer: User, text: str, limit: int) -> list[Found]:
    """What was typed, to become a task; it comes last, since Enter takes what comes first."""
    if len(text) <= 3:
        return []
    return [Found(f"Add a task: {text}", reverse("todos:quick"), "square-check", sends=(("line", text),))]


def _to_log(viewer: User, whom: str) -> list[Found]:
    rows = Account.objects.visible_to(viewer).called(whom).order_by().values_list("pk", "name")[:3]
    return [
        Found(f"Log a call with {name}", f"{address('accounts:detail', pk)}?log=1#log", "phone") for pk, name in rows
    ]


def somebody_at(path: str, viewer: User) -> Account | Contact | None:
    """The customer, or the person, whose page has this address, if it is one and the viewer may see them."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    rows: Any = {"accounts:detail": Account.objects, "contacts:detail": Contact.objects}.get(match.view_name)
    return rows.visible_to(viewer).filter(pk=match.kwargs["pk"]).first() if rows else None


#: What is done, other words for it, an address of the customer, what follows it, an icon, what one must be allowed.
type _Act = tuple[str, str, str, str, str, str]
_ABOUT: tuple[_Act, ...] = (
    ("Log a call with {}", "meeting note interview", "accounts:detail", "?log=1#log", "phone", "edit"),
    ("Plan a call with {}", "schedule follow up meeting task", "touches:plan", "", "calendar-plus", "edit"),
    ("Write to {}", "mail e-mail letter", "correspondence:write", "", "mail", "edit"),
)
#: The same of a person, who is chosen in the form.
_ABOUT_PERSON: tuple[_Act, ...] = (
    ("Write to {}", "mail e-mail letter", "correspondence:write", "?contact={}", "mail", "edit"),
    ("Log a call with {}", "meeting interview", "touches:log", "?contact={}", "phone", "edit"),
    ("Plan a call with {}", "schedule follow up meeting task", "touches:plan", "?contact={}", "calendar-plus", "edit"),
    ("Add a note about {}", "write down", "touches:log", "?kind=note&contact={}", "sticky-note", "edit"),
)


def about(whom: Account | Contact, viewer: User, text: str) -> list[Found]:
    """What can be done about somebody, as far as it fits what was typed; all of it when nothing was."""
    is_person = isinstance(whom, Contact)
    account = whom.account_id if isinstance(whom, Contact) else whom.pk
    found = [
        Found(said.format(whom.name), f"{address(name, account)}{behind.format(whom.pk)}", icon)
        for said, words, name, behind, icon, permission in (_ABOUT_PERSON if is_person else _ABOUT)
        if _fits(f"{said.format(whom.name)} {words}", text) and allows(viewer, permission)
    ]
    task = f"New task about {whom.name}"
    if is_person and _fits(f"{task} todo reminder", text):
        asked = {"account": account, "title": f"{whom.name}: "}
        found.append(Found(task, f"{page_of('todos:new')}?{urlencode(asked)}", "square-plus"))
    return found


def pages(viewer: User, text: str, limit: int) -> list[Found]:
    """Entries of the rail and of the settings that the viewer has."""
    entries = [(entry.label, "", entry.icon, entry.url_name) for entry in slots.menu if viewer.role in entry.roles]
    entries += [
        (page.label, page.hint, page.icon, page.url_name) for page in slots.settings_pages if viewer.role in page.roles
    ]
    fitting = [entry for entry in entries if _fits(f"{entry[0]} {entry[1]}", text)]
    found = [Found(label, url, icon, hint) for label, hint, icon, name in fitting if (url := page_of(name))]
    return found[: limit if text else None]


def _fits(words: str, text: str) -> bool:
    """Whether each word typed begins one of these."""
    known = words.casefold().split()
    return all(any(word.startswith(typed) for word in known) for typed in text.casefold().split())
