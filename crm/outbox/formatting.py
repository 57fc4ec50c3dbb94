"""Simple formatting of what people write: Markdown to HTML that may stand in a mail, with nothing else in it."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# No HTML of the writer's own, and no pictures: they would tell others who reads when.
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "html_block", "html_inline"])
_TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "code", "pre", "h1", "h2", "h3", "hr"}


def as_html(text: str) -> SafeString:
    """**Bold**, *italic*, lists, quotations and links; all else as it is typed."""
    made = nh3.clean(
        _MARKDOWN.render(text), tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}
    )
    return mark_safe(made)  # noqa: S308  cleaned just before
