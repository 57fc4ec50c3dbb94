"""Texts of mail: HTML as plain text, and what somebody wrote above what they quote.

Everything here takes time in proportion to the length of the text: who writes to us chooses both.
"""

from __future__ import annotations

import re
from html import unescape

#: Characters of a text that are kept.
LONGEST = 100_000

_BLOCKS = frozenset({
    "address", "article", "blockquote", "br", "div", "dl", "dt", "dd", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})?[^<>]*>")
#: What nobody reads, from its first characters to its last.
_SILENT = (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"), ("<title", "</title"))
#: Characters of HTML that are read, and how deep a quotation is shown.
_MOST_HTML, _DEEPEST = 400_000, 3


def of_html(source: str) -> str:
    """The words of an HTML text, quoted parts behind “>”.

    Not with a parser: those at hand take minutes over broken or deeply nested tags.
    """
    source = source[:_MOST_HTML]
    for start, end in _SILENT:
        source = _without(source, start, end)
    quotes = 0

    def shown(tag: re.Match[str]) -> str:
        nonlocal quotes
        closes, name = tag[1], (tag[2] or "").lower()
        if name == "blockquote":
            quotes = max(quotes - 1, 0) if closes else quotes + 1
        if name not in _BLOCKS:
            return ""
        return "\n" + "> " * min(quotes, _DEEPEST) + ("- " if name == "li" and not closes else "")

    return tidy(unescape(_TAG.sub(shown, " ".join(source.split()))))


def _without(source: str, start: str, end: str) -> str:
    """All from each `start` to the next `end`, or to the end of the text, taken out."""
    kept, at, lower = [], 0, source.lower()
    while (begin := lower.find(start, at)) >= 0:
        kept.append(source[at:begin])
        stop = lower.find(end, begin)
        if stop < 0:
            return "".join(kept)
        at = stop + len(end)
    return "".join([*kept, source[at:]])


def tidy(text: str) -> str:
    """Line ends as they are here, no blanks at their ends, and no more than one empty line in a row."""
    kept: list[str] = []
    for one in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        shown = one.rstrip()
        if shown.strip("> ") or not kept or kept[-1].strip("> "):
            kept.append(shown if shown.strip("> ") else "")
    return "\n".join(kept).strip()[:LONGEST]


_WROTE = re.compile(
    r"(wrote|writes|schreef|a écrit|escribió|ha scritto|escreveu|napisał\(a\)|(schrieb|skrev)[^:]{0,100})\s*:$", re.I
)
_RULE = re.compile(r"^(-{4,}|_{8,}|\*{4,})")
_FORWARDED = re.compile(r"^[-_ ]{2,40}(original|forwarded|ursprüngliche|weitergeleitete|message d'origine)", re.I)
_FIRST = re.compile(r"^\*?(from|von|de|da|van|od|från)\s?:", re.I)
_MORE = re.compile(
    r"^\*?(sent|date|gesendet|datum|envoyé|enviado|inviato|to|an|à|para|subject|betreff|objet)\s?:", re.I
)
_LOOKED_AT = 300  # characters of a line: no line that begins a quotation is longer


def folded_at(text: str) -> int | None:
    """Where the quotation that ends a text begins; None where there is none, or nothing stands above it.

    An answer between quoted lines is one text with them, so that nothing of it is hidden.
    """
    lines = text.split("\n")
    quoted = _quoted_to_the_end(lines)
    start = next((at for at in range(len(lines)) if _begins(lines, at, quoted)), None)
    if start is None:
        start = _tail(lines)
    if start is None or not any(one.strip() for one in lines[:start]):
        return None
    return sum(len(one) + 1 for one in lines[:start])


def _quoted_to_the_end(lines: list[str]) -> list[bool]:
    """Of each line, and of the end: whether all that follows stands behind “>”, or none of it does.

    Some programs quote without a mark; then only a line that says when it was written begins a quotation.
    """
    answers, marked, all_in_all = [True], 0, 0
    for one in reversed(lines):
        filled = bool(one.strip())
        all_in_all += filled
        marked += filled and one.lstrip().startswith(">")
        answers.append(marked in (0, all_in_all))
    return answers[::-1]


def _begins(lines: list[str], at: int, quoted: list[bool]) -> bool:
    """Whether all from this line on is a mail that was answered or forwarded."""
    here = lines[at].strip()[:_LOOKED_AT]
    if _FORWARDED.match(here):
        return True
    after = [one.strip()[:_LOOKED_AT] for one in lines[at + 1 : at + 6]]
    if _FIRST.match(here) and sum(bool(_MORE.match(one)) for one in after) >= 2:
        return True
    if _WROTE.search(here):
        return quoted[at + 1] and _dated(here, lines, at + 1)
    # “On Monday Mira <mira@…>” may be broken over two lines before “wrote:”.
    if after and here.lower().startswith(("on ", "am ", "le ")) and _WROTE.search(after[0]):
        return quoted[at + 2] and _dated(here, lines, at + 2)
    return bool(_RULE.match(here) and any(_FIRST.match(one) for one in after[:2]))


def _dated(here: str, lines: list[str], at: int) -> bool:
    """Whether the line says when, or what follows is marked as a quotation."""
    following = next((one for one in lines[at : at + 5] if one.strip()), ">")
    return following.lstrip().startswith(">") or any(map(str.isdigit, here))


def _tail(lines: list[str]) -> int | None:
    """Where the lines behind “>” begin that end the text."""
    at = len(lines)
    while at and (not lines[at - 1].strip() or lines[at - 1].lstrip().startswith(">")):
        at -= 1
    return at if any(one.lstrip().startswith(">") for one in lines[at:]) else None
