"""The lists of customers and of people: where rows come from, how they sort and narrow, which columns they have."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import Http404
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from crm.accounts.models import Account, Contact
from crm.fields.asking import OrdersOf
from crm.segments.listing import Listing, Order, Quick
from crm.slots import ListColumn, list_columns, lists
from crm.team.models import User
from crm.templatetags import ui
from crm.web.addresses import address
from crm.web.pagination import Sort

_LIFECYCLES = {value: str(label) for value, label in Account.Lifecycle.choices}
_KINDS = {value: str(label) for value, label in Account.Kind.choices}


def line(avatar: str, url: str, name: str, second: str) -> SafeString:
    """The first cell of a row: who it is, with the link that covers the row."""
    return mark_safe(  # noqa: S308  what comes from outside is escaped
        f'<span class="who">{avatar}<span><a class="cover clip" href="{url}"><b>{escape(name)}</b></a>'
        f'<small class="muted clip">{escape(second)}</small></span></span>'
    )


def _account(row: dict[str, Any]) -> SafeString:
    second = " · ".join(filter(None, (row["domain"], row["industry"]))) or _KINDS.get(row["kind"], "")
    return line(ui.avatar(row["name"], "square"), address("accounts:detail", row["id"]), row["name"], second)


def _contact(row: dict[str, Any]) -> SafeString:
    name = Contact.named(row["first_name"], row["last_name"], row["email"])
    second = " · ".join(filter(None, (row["title"], "primary" if row["is_primary"] else "")))
    return line(ui.avatar(name), address("contacts:detail", row["id"]), name, second or row["email"] or "")


def person(row: dict[str, Any], path: str = "owner") -> str:
    """The cell of one of ours."""
    name = row[f"{path}__name"] or row[f"{path}__email"]
    return _person(name) if name else ""


@lru_cache(maxsize=1024)
def _person(name: str) -> SafeString:
    said = f'<span class="row">{ui.avatar(name, "small")}<span class="clip">{escape(name)}</span></span>'
    return mark_safe(said)  # noqa: S308  as above


def _lifecycle(row: dict[str, Any], path: str = "lifecycle") -> SafeString:
    code = row[path]
    badge = f'<span class="badge {Account.TONES.get(code, "")}">{_LIFECYCLES[code]}</span>'
    return mark_safe(badge)  # noqa: S308  codes and labels of ours


def _consent(row: dict[str, Any]) -> str:
    said = {"yes": ("good", "agreed"), "no": ("bad", "no mail")}.get(row["email_consent"])
    return mark_safe(f'<span class="badge {said[0]}">{said[1]}</span>') if said else ""  # noqa: S308


def _at(row: dict[str, Any]) -> SafeString:
    url = address("accounts:detail", row["account_id"])
    return mark_safe(f'<a class="link plain clip" href="{url}">{escape(row["account__name"])}</a>')  # noqa: S308


_OWNER = ("owner__name", "owner__email")
_THEIR_OWNER = ("account__owner__name", "account__owner__email")
_COLUMNS = {
    "account.owner": ListColumn("Owner", person, _OWNER, sort="owner", blank="nobody", order=1),
    "account.lifecycle": ListColumn("Lifecycle", _lifecycle, ("lifecycle",), order=2),
    "account.mrr": ListColumn(
        "MRR", lambda row: row["mrr"] and ui.money(row["mrr"]), ("mrr",),
        align="num", sort="mrr", narrow=True, order=3,
    ),
    "account.renews_on": ListColumn(
        "Renews", lambda row: ui.day(row["renews_on"]), ("renews_on",), sort="renewal", order=4
    ),
    "account.last_seen_at": ListColumn(
        "Last seen", lambda row: ui.ago(row["seen__at"]), ("seen__at",), sort="silence", blank="never", order=5
    ),
    "account.created_at": ListColumn(
        "Added", lambda row: ui.day(row["created_at"]), ("created_at",), sort="created", shown=False, order=6
    ),
    "contact.account": ListColumn("Account", _at, ("account_id", "account__name"), order=1),
    "contact.email": ListColumn("E-mail", lambda row: row["email"], ("email",), order=2),
    "contact.phone": ListColumn("Phone", lambda row: row["phone"], ("phone",), order=3),
    "contact.consent": ListColumn(
        "Mail", _consent, ("email_consent",), blank="not asked", narrow=True, order=4
    ),
    "contact.last_seen_at": ListColumn(
        "Last seen", lambda row: ui.ago(row["seen__at"]), ("seen__at",), sort="seen", blank="never", order=5
    ),
    "contact.created_at": ListColumn(
        "Added", lambda row: ui.day(row["created_at"]), ("created_at",), sort="created", shown=False, order=6
    ),
    "contact.account.owner": ListColumn(
        "Owner", lambda row: person(row, "account__owner"), _THEIR_OWNER, blank="nobody", shown=False, order=7
    ),
    "contact.account.lifecycle": ListColumn(
        "Lifecycle", lambda row: _lifecycle(row, "account__lifecycle"), ("account__lifecycle",), shown=False, order=8
    ),
}  # fmt: skip


def owned(path: str) -> Any:
    """For a Quick about the user that the path leads to: me, nobody, or a number."""

    def narrow(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
        match value:
            case "me":
                return rows.filter(**{path: viewer})
            case "nobody":
                return rows.filter(**{f"{path}__isnull": True})
            case number if number.isascii() and number.isdecimal() and len(number) < 19:
                return rows.filter(**{path: int(number)})
        raise Http404("There is no such owner.")

    return narrow


def _as_owner(path: str) -> Any:
    """What the menu of owners narrows by, in the filter language."""

    def leaf(value: str, viewer: User) -> dict[str, Any]:
        if value == "nobody":
            return {"field": f"{path}has_owner", "op": "is", "value": False}
        found = viewer if value == "me" else User.objects.filter(pk=int(value) if value.isdecimal() else 0).first()
        return {"field": f"{path}owner", "op": "is", "value": found.email if found else value}

    return leaf


def _as_choice(field: str) -> Any:
    def leaf(value: str, viewer: User) -> dict[str, Any]:
        if value == "unknown":
            return {"field": field, "op": "is_not_set"}
        return {"field": field, "op": "is", "value": value}

    return leaf


def colleagues(viewer: User) -> Sequence[tuple[str, str]]:
    """Whom a list can be narrowed to, by name."""
    others = User.objects.filter(is_active=True).exclude(pk=viewer.pk).order_by("name", "id")
    return [(str(user.pk), str(user)) for user in others]


def colleagues_by_email() -> list[tuple[str, str]]:
    """What a filter may suggest for an owner."""
    users = User.objects.filter(is_active=True).order_by("name", "id").only("name", "email")
    return [(user.email, str(user)) for user in users]


def of_choices(path: str, known: dict[str, str], what: str) -> Any:
    """For a Quick about a column with choices; “unknown” stands for a blank."""

    def narrow(rows: QuerySet[Any], value: str, viewer: User) -> QuerySet[Any]:
        if value not in known:
            raise Http404(f"There is no such {what}.")
        return rows.filter(**{path: "" if value == "unknown" else value})

    return narrow


MINE = (("me", "Mine"), ("nobody", "Nobody’s"))
_CONSENTS = {"yes": "Agreed", "no": "Refused", "unknown": "Not asked"}


def _by_owner(descending: bool) -> Sort:
    name = Lower("name").desc() if descending else Lower("name").asc()
    return Sort("owner_id", groups=lambda: User.objects.order_by(name, "-id" if descending else "id"))


_SEEN_LAST = Sort("seen__silent_since", key="seen__account", descending=True, nullable=True, mirrored=True)
_PERSON_SEEN_LAST = Sort("seen__at", key="seen__contact", descending=True, nullable=True, mirrored=True)

ACCOUNTS = Listing(
    subject="account", one="account", many="accounts",
    base=lambda viewer: Account.objects.visible_to(viewer).for_list(),
    fields=("name", "kind", "domain", "industry"), title=_account, heading="Account",
    orders=OrdersOf("account", {
        "name": Order("Name", Sort("name_key")),
        "-name": Order("Name, backwards", Sort("name_key", descending=True)),
        "owner": Order("By owner", _by_owner(descending=False)),
        "-owner": Order("By owner, backwards", _by_owner(descending=True)),
        "-mrr": Order("Highest MRR", Sort("mrr", descending=True)),
        "mrr": Order("Lowest MRR", Sort("mrr")),
        "renewal": Order("Renews soonest", Sort("renews_on", nullable=True)),
        "-renewal": Order("Renews latest", Sort("renews_on", descending=True, nullable=True, mirrored=True)),
        "silence": Order("Silent longest", Sort("seen__silent_since", key="seen__account", nullable=True)),
        "-silence": Order("Seen last", _SEEN_LAST),
        "-created": Order("Newest", Sort("created_at", descending=True)),
        "created": Order("Oldest", Sort("created_at")),
    }),
    order="name",
    search=lambda rows, text, viewer: rows.called(text), alike=lambda rows, text: rows.alike(text),
    search_hint="Name or domain", about=Account.objects.about, new="accounts:new", nothing="crm/accounts/none.html",
    quick={
        "owner": Quick("Owner", owned("owner"), MINE, colleagues, leaf=_as_owner("")),
        "lifecycle": Quick(
            "Lifecycle", of_choices("lifecycle", _LIFECYCLES, "lifecycle"), tuple(_LIFECYCLES.items()),
            leaf=_as_choice("lifecycle"),
        ),
        "tag": Quick(
            "Tag", lambda rows, tag, viewer: rows.filter(tags__contains=[tag]), typed="Has the tag",
            leaf=lambda tag, viewer: {"field": "tags", "op": "has", "value": tag},
        ),
    },
)  # fmt: skip

CONTACTS = Listing(
    subject="contact", one="contact", many="contacts",
    base=lambda viewer: Contact.objects.visible_to(viewer).for_list(),
    fields=("first_name", "last_name", "email", "title", "is_primary"), title=_contact, heading="Name",
    orders=OrdersOf("contact", {
        "name": Order("Name", Sort("name_key")),
        "-name": Order("Name, backwards", Sort("name_key", descending=True)),
        "seen": Order("Silent longest", Sort("seen__at", key="seen__contact", nullable=True)),
        "-seen": Order("Seen last", _PERSON_SEEN_LAST),
        "-created": Order("Newest", Sort("created_at", descending=True)),
        "created": Order("Oldest", Sort("created_at")),
    }),
    order="name",
    search=lambda rows, text, viewer: rows.called(text), alike=lambda rows, text: rows.alike(text),
    search_hint="Name, e-mail or phone", about=Contact.objects.about, new="contacts:new",
    nothing="crm/contacts/none.html",
    quick={
        "owner": Quick("Owner", owned("account__owner"), MINE, colleagues, leaf=_as_owner("account.")),
        "consent": Quick(
            "Consent", of_choices("email_consent", _CONSENTS, "consent"), tuple(_CONSENTS.items()),
            leaf=_as_choice("consent"),
        ),
    },
)  # fmt: skip


def register_lists() -> None:
    """What the room's slots give to every list."""
    for name, column in _COLUMNS.items():
        list_columns.register(name, column)
    lists.register("account", ACCOUNTS)
    lists.register("contact", CONTACTS)
