"""HTML from outside, which nobody here wrote: made harmless, and shown in a frame of its own.

Three walls stand between it and the page: it is cleaned to what formats text, it is a document of its own in a sandbox
without scripts, and that document's policy loads nothing but our stylesheet. Pictures wait until somebody asks for
them: whoever sent them would learn who reads when, and from where.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import nh3
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.utils.safestring import SafeString, mark_safe

#: Letters and tags that are shown; the rest is cut off.
MOST_LETTERS, MOST_TAGS = 200_000, 15_000
#: Ways of formatting that stand open one inside the other are opened again in each block: kinds of them × tags.
_MOST_REOPENED = 100_000
#: The frame may open what is clicked, and we may measure it; it runs nothing.
SANDBOX = ("allow-same-origin", "allow-popups", "allow-popups-to-escape-sandbox")
_POLICY: dict[str, list[str]] = {
    "default-src": [CSP.NONE], "style-src": [CSP.SELF], "style-src-attr": [CSP.UNSAFE_INLINE], "img-src": [CSP.NONE],
    "frame-ancestors": [CSP.SELF], "base-uri": [CSP.NONE], "form-action": [CSP.NONE], "sandbox": list(SANDBOX),
}  # fmt: skip

_TAGS = nh3.ALLOWED_TAGS - {"map", "area"} | {"font", "tfoot"}
#: What draws over others, loads or moves is not among them.
_PROPERTIES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius",
    "border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "display",
    "font", "font-family", "font-size", "font-style", "font-variant", "font-weight", "height", "letter-spacing",
    "line-height", "list-style-type", "margin", "margin-bottom", "margin-left", "margin-right", "margin-top",
    "max-width", "min-width", "padding", "padding-bottom", "padding-left", "padding-right", "padding-top",
    "text-align", "text-decoration", "text-indent", "text-transform", "vertical-align", "white-space", "width",
    "word-break", "word-wrap",
}  # fmt: skip
_SIZED = {"width", "height", "align", "valign", "bgcolor"}
_CELL = _SIZED | {"colspan", "rowspan", "nowrap"}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title"}, "a": {"href"}, "img": {"src", "alt", "width", "height", "align"},
    "font": {"color", "face", "size"}, "table": _SIZED | {"border", "cellpadding", "cellspacing"}, "td": _CELL,
    "th": _CELL, "tr": _SIZED, "p": {"align"}, "div": {"align"}, "col": {"span", "width"}, "ol": {"start", "type"},
    "hr": {"width", "size", "align"},
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}


def clean(html: str, *, images: bool = False) -> str:
    """What of it formats text, whole and closed; takes a moment for any text. Of pictures only their words, but with
    `images`.

    Still nothing for a page of ours: show it by `framed`.
    """
    return nh3.clean(
        _fit(html), tags=_TAGS, attributes=_ATTRIBUTES, filter_style_properties=_PROPERTIES, url_schemes=_SCHEMES,
        url_relative="deny", clean_content_tags={"script", "style", "title", "noscript", "template"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        attribute_filter=lambda tag, name, value: None if tag == "img" and name != "alt" and not images else value,
    )  # fmt: skip


def framed(request: HttpRequest, html: str) -> HttpResponse:
    """The document that a frame shows ({% foreign url title %}): what is new, and folded what it quotes.

    With ?images=1 its pictures too. Whoever calls has looked whether the viewer may see it.
    """
    images = request.GET.get("images") == "1"
    fresh, quoted = unfolded(html, images=images)
    context: dict[str, Any] = {"fresh": fresh, "quoted": quoted, "waiting": not images and _PICTURE.search(html)}
    answer = render(request, "ui/foreign.html", context)
    answer._csp_config = _POLICY | ({"img-src": ["https:", "http:"]} if images else {})  # type: ignore[attr-defined]
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


_PICTURE = re.compile(r"<img\b[^<>]{0,2000}?\bsrc\s*=\s*[\"']?\s*https?:", re.I)

# What takes a parser too long -----------------------------------------------------------------------------------------

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_FORMATTING = frozenset({
    "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
#: One of which it can be said, without a parser, that it is the same as another that is written alike.
_PLAIN = re.compile(r"<[a-z]+(?:\s+[a-z-]+=(?:\"[^\"<>]*\"|[\w#%.-]+))*\s*>", re.I)
_LONGEST_PLAIN = 300


def _fit(html: str) -> str:
    """As much of its beginning as is cleaned in about a second, whoever wrote it, in some ten megabytes."""
    html, kinds = html[:MOST_LETTERS], set[str | int]()
    for number, tag in enumerate(_TAG.finditer(html)):
        at = tag.start()
        if tag[1].lower() in _FORMATTING and html[at + 1] != "/":
            plain = _PLAIN.match(html, at, at + _LONGEST_PLAIN)
            kinds.add(plain[0] if plain else at)
        if number >= MOST_TAGS or len(kinds) * number > _MOST_REOPENED:
            return html[:at]
    return html


# What is quoted -------------------------------------------------------------------------------------------------------

_BLOCK = re.compile(r"<(blockquote|div|hr|table|span)\b([^<>]{0,600})>", re.I)
#: Names by which the programs that people write mail with mark what they answer to.
_MARKS = (
    "gmail_quote", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote", "divrplyfwdmsg", "appendonsend",
    "olk_src_body", "ms-outlook-mobile-reference-message", "zmail_extra", "mail-editor-reference-message",
)  # fmt: skip
_QUOTATION = re.compile(r"<(/?)blockquote\b[^<>]{0,600}>", re.I)
_ANY_TAG = re.compile(r"<[^<>]*>")


def unfolded(html: str, *, images: bool = False) -> tuple[SafeString, SafeString]:
    """What somebody wrote, and what they quote below it, both clean; the latter blank where they wrote in between."""
    html = html[:MOST_LETTERS]
    at = _quotation(html)
    if at is not None and not _says(html[_end_of_first(html, at) :], outside=True):
        fresh = clean(html[:at], images=images)
        if _says(fresh) or "<img" in fresh:
            return mark_safe(fresh), mark_safe(clean(html[at:], images=images))  # noqa: S308  cleaned just now
    return mark_safe(clean(html, images=images)), SafeString()  # noqa: S308  cleaned just now


def _quotation(html: str) -> int | None:
    """Where the first thing begins that says of itself that it is quoted."""
    for block in _BLOCK.finditer(html):
        if block[1].lower() == "blockquote" or any(mark in block[2].lower() for mark in _MARKS):
            return block.start()
    return None


def _end_of_first(html: str, start: int) -> int:
    """Where the first quotation from there on ends; the end of all if there is none, or it stays open."""
    depth = 0
    for tag in _QUOTATION.finditer(html, start):
        depth += -1 if tag[1] else 1
        if depth <= 0:
            return tag.end()
    return len(html)


def _says(html: str, *, outside: bool = False) -> bool:
    """Whether there are words in it, `outside` of its quotations."""
    if outside:
        kept, at, depth = [], 0, 0
        for tag in _QUOTATION.finditer(html):
            kept.append(html[at : tag.start()] if depth == 0 else "")
            at, depth = tag.end(), max(depth + (-1 if tag[1] else 1), 0)
        html = " ".join([*kept, html[at:] if depth == 0 else ""])
    return any(map(str.isalnum, unescape(_ANY_TAG.sub(" ", html))))
