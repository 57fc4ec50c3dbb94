"""Facts that are changed in their place, those that admins have made among them: as rows of cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe

from crm.fields import known
from crm.fields.forms import NAMED
from crm.fields.rules import Definition
from crm.templatetags import ui
from crm.web.dialogs import dialog

type Row = dict[str, Any]
type Card = dict[str, Any]

#: What leads to a value, beside it: a mail address may hold what would end it in a link.
_LEADS: Mapping[str, Callable[[str], str]] = {
    "url": str,
    "email": lambda address: f"mailto:{quote(address, safe='@')}",
    "phone": lambda number: f"tel:{quote(number.replace(' ', ''), safe='+')}",
}


def row(label: str, value: Any, url: str, before: str = "", after: str = "") -> Row:
    """Its label, its value as a link that opens it for editing, and whether there is one."""
    beside = before or after
    words = conditional_escape(value) if value else f'<span class="add">{"edit" if beside else "add"}</span>'
    link = f'<a class="value" data-edits href="{url}" hx-get="{url}" title="Edit: {escape(label)}">{words}</a>'
    html = mark_safe(f"{before}{link}{after}")  # noqa: S308  escaped above
    return {"label": label, "html": html, "filled": bool(value or beside)}


def shown(request: HttpRequest, row: Row) -> HttpResponse:
    """What the field reads now, in its place."""
    return render(request, "crm/accounts/fact.html#value", {"row": row})


def asked(request: HttpRequest, form: forms.ModelForm[Any], name: str, heading: str, **more: Any) -> HttpResponse:
    """The form of one field of a record, in its place or as a page of its own; 422 if it is refused."""
    back = form.instance.get_absolute_url()
    field = form[name] if name in form.fields else None
    context = {"form": form, "field": field, "here": request.path, "back": back, "name": name, **more}
    status = 422 if form.is_bound else 200
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "crm/accounts/fact.html#form", context, status=status)
    return dialog(request, "crm/accounts/fact_page.html", context, heading=heading, back=back, status=status)


def folded(every: Sequence[Row], *, empty: bool = False) -> Card:
    """Those with a value, and those without, which a card folds away unless `empty`."""
    if empty:
        return {"filled": list(every), "empty": []}
    return {"filled": [one for one in every if one["filled"]], "empty": [one for one in every if not one["filled"]]}


def named(subject: str, name: str) -> Definition | None:
    """The field that a form calls by this name."""
    return known.field(subject, name.removeprefix(NAMED)) if name.startswith(NAMED) else None


def row_of(of: Definition, values: Mapping[str, Any], facts: str) -> Row:
    """Of a field that an admin has made. `facts` is the address below which each has its own."""
    value = values.get(of.key)
    return row(of.name, of.said(value), f"{facts}{NAMED}{of.key}/", after=_lead(of, value))


def _lead(of: Definition, value: Any) -> SafeString:
    if value is None or of.type not in _LEADS:
        return SafeString()
    return format_html(' <a class="link" href="{}" rel="noreferrer" target="_blank" aria-label="Open {}">{}</a>',
                       _LEADS[of.type](value), of.name, ui.icon("external-link", 12))  # fmt: skip


def cards(details: Sequence[Row], subject: str, values: Mapping[str, Any], facts: str) -> tuple[Card, list[Card]]:
    """The card with details, to which fields without a heading belong, and one card for each heading."""
    groups: dict[str, list[Row]] = {"": list(details)}
    for of in known.fields(subject):
        groups.setdefault(of.group, []).append(row_of(of, values, facts))
    mine = folded(groups.pop(""))
    return mine, [{"heading": heading} | folded(every) for heading, every in groups.items()]
