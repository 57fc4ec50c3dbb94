"""The tags and filters that every template has: icons, initials, times, days and money as people read them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree
from zipfile import ZipFile
from zlib import crc32

import lucide
from django import template
from django.conf import settings
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe

from crm import slots
from crm.web import clock, wording
from crm.web.html import SANDBOX

register = template.Library()

#: static/css/components/avatar.css has a class for each.
HUES = 12


@register.simple_tag
@cache
def icon(name: str, size: int = 16) -> SafeString:
    """A lucide icon, hidden from screen readers: the words beside it say the same."""
    try:
        drawing = _icons().read(f"{name}.svg")
    except KeyError:
        raise lucide.IconDoesNotExist(f"The icon {name!r} does not exist.") from None
    svg = ElementTree.fromstring(drawing)  # noqa: S314  from the icon library's own files, as below
    for node in svg.iter():
        node.tag = node.tag.rpartition("}")[2]
    svg.attrib |= {"width": str(size), "height": str(size), "aria-hidden": "true", "focusable": "false"}
    return mark_safe(ElementTree.tostring(svg, encoding="unicode"))  # noqa: S308


@cache
def _icons() -> ZipFile:
    """Read once a process: the library opens its file, with all its names, anew for each icon. Nothing of it stays
    open that processes forked from this one would share."""
    return ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes()))


def initials(name: str) -> str:
    """The first letters of the first and the last word; the first two of a single one."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]).upper()


@register.simple_tag
def avatar(name: Any, classes: str = "") -> SafeString:
    """Initials on a hue that stays with the name. `classes`: square (for customers), big, small."""
    return _avatar(str(name or ""), classes)


@lru_cache(maxsize=4096)
def _avatar(text: str, classes: str) -> SafeString:
    if not text:
        return format_html('<span class="avatar nobody {}" aria-hidden="true">?</span>', classes)
    hue = crc32(text.encode()) % HUES
    return format_html('<span class="avatar hue-{} {}" aria-hidden="true">{}</span>', hue, classes, initials(text))


@register.filter(expects_localtime=True)
def ago(moment: datetime | None) -> SafeString | str:
    """“2 h ago”, “yesterday”, “Tue 09:10”, “28 Oct”; the exact time is in its title. Times to come: “in 3 h”."""
    if not moment:
        return ""
    zone = timezone.get_current_timezone()
    here, now = moment.astimezone(zone), clock.now().astimezone(zone)
    title = f"{here:%a} {wording.day(here)}, {here:%H:%M} {here:%Z}"
    # Nothing in it comes from outside.
    return SafeString(f'<time datetime="{moment.isoformat()}" title="{title}">{wording.ago(here, now)}</time>')


#: Where a link may stand. Looking at every word of a letter costs more than writing the letter.
_LINKLIKE = re.compile(r"[:@]|\w\.\w")


@register.filter
def linked(text: str) -> SafeString:
    """The text, escaped, with its links and addresses to click on."""
    lines = [urlize(line, autoescape=True) if _LINKLIKE.search(line) else escape(line) for line in text.split("\n")]
    return mark_safe("\n".join(lines))  # noqa: S308  both escape


@register.filter
def breakable(address: str) -> SafeString:
    """An address that, where it must, breaks before its @ and its dots and nowhere else that can be helped."""
    return mark_safe(re.sub(r"(?=[@.])", "<wbr>", escape(address)))  # noqa: S308  escaped


@register.filter
def age(passed: timedelta) -> str:
    """“3 s”, “14 minutes”, “5 hours”."""
    return wording.length(passed)


@register.filter
def since(now: datetime, moment: datetime) -> str:
    """How long before `now` it was, as `age`."""
    return wording.length(now - moment)


@register.filter
def day(value: date | datetime | None) -> SafeString | str:
    """“18 Dec 2026”. A moment counts on the viewer's day."""
    if not value:
        return ""
    value = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return mark_safe(f'<time datetime="{value.isoformat()}">{wording.day(value)}</time>')  # noqa: S308  as above


@register.filter
def in_days(value: date | datetime | None) -> str:
    """“in 27 days”, “today”, “3 months ago”: dates in days of the installation's zone, moments in the viewer's."""
    if not value:
        return ""
    if isinstance(value, datetime):
        return wording.in_days((timezone.localtime(value).date() - timezone.localtime(clock.now()).date()).days)
    return wording.in_days((value - clock.today()).days)


@register.filter
def money(amount: Decimal | int | None, currency: str = "") -> str:
    """“€ 3,200”; cents only when there are any. Without a currency it is the reporting currency's."""
    return "" if amount is None else wording.money(Decimal(amount), currency or settings.CURRENCY)


@register.filter
def whole(amount: Decimal) -> Decimal:
    """Without cents: for columns of amounts that are compared, and for estimates."""
    return amount.quantize(Decimal(1))


@register.filter
def yearly(amount: Decimal) -> Decimal:
    """Of an amount a month."""
    return amount * 12


@register.filter
def undo_url(tags: str | None) -> str:
    """The address that `crm.web.toasts.toast` put into a message's tags, if any."""
    return next((tag.removeprefix("undo:") for tag in (tags or "").split() if tag.startswith("undo:")), "")


@register.tag
def once(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """`{% once %}…{% endonce %}`: a part that is the same on every page and for everybody, rendered a single time."""
    inside = parser.parse(("endonce",))
    parser.delete_first_token()
    return Once(inside)


class Once(template.Node):
    child_nodelists = ("inside",)

    def __init__(self, inside: template.NodeList) -> None:
        self.inside = inside
        self.rendered: SafeString | None = None

    def render(self, context: Context) -> SafeString:
        if self.rendered is None:
            self.rendered = self.inside.render(context)
        return self.rendered


@register.simple_tag
def opens_dialog(address: str) -> SafeString:
    """`<a {% opens_dialog address %}>`: an address that opens in the page's dialog, or as a page without scripts."""
    return format_html(
        'href="{0}" hx-get="{0}" hx-target="#dialog" hx-swap="innerHTML" aria-haspopup="dialog"', address
    )


@register.inclusion_tag("ui/places.html")
def keeping_places(here: str) -> dict[str, Any]:
    """The pages about how customers are kept, beside each other; `here` is the name of this one."""
    rows = slots.keeping_places.items()
    return {"places": [(one.label, reverse(one.url_name, args=one.args), name == here) for name, one in rows]}


@register.simple_tag
def sends_dialog(request: Any) -> SafeString:
    """`<form method="post" {% sends_dialog request %}>`: back to where it came from, into the dialog if it is there."""
    if not request.htmx:
        return format_html('action="{}"', request.get_full_path())
    return format_html(
        'action="{0}" hx-post="{0}" hx-target="#dialog" hx-swap="innerHTML" hx-status:422="swap:innerHTML"',
        request.get_full_path(),
    )


@register.simple_tag
def foreign(address: str, title: str) -> SafeString:
    """A frame for HTML from outside, which `crm.web.html.framed` answers at this address. Wants js/foreign.js."""
    return format_html(
        '<iframe class="foreign" data-foreign sandbox="{}" src="{}" title="{}" loading="lazy" '
        'referrerpolicy="no-referrer"></iframe>',
        " ".join(SANDBOX), address, title,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The page's own address with parameters changed; None or "" takes one out.

    A changed list starts again at its first page, so `cursor` goes unless it is given.
    """
    request = context["request"]
    parameters = dict(request.GET.lists())  # a copy of the QueryDict would copy everything deeply
    parameters.pop("cursor", None)
    for name, value in changes.items():
        if value in (None, ""):
            parameters.pop(name, None)
        else:
            parameters[name] = [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]
    return f"?{urlencode(parameters, doseq=True)}" if parameters else request.path


@register.simple_tag(takes_context=True)
def panel(context: Context, filled: dict[str, Any]) -> SafeString:
    """A room's part of a page: its template, with what its `context` gave laid over the page's."""
    with context.push(**filled["context"]):
        return context.template.engine.get_template(filled["template"]).render(context)  # type: ignore[union-attr]
