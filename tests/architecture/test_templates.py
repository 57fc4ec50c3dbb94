"""The content security policy allows no inline style and no inline handler, and every form keeps its token."""

from __future__ import annotations

import re

from tests.architecture import source

#: Mail clients read no stylesheet of ours.
_PAGES = [path for path in source.templates() if not source.name(path).startswith("templates/mail/")]
_INLINE = re.compile(r"<[a-z][^>]*?\s(style|on[a-z]+)\s*=", re.I | re.S)
_SCRIPT = re.compile(r"<script(?![^>]*\b(nonce|src)=)[^>]*>", re.I)
_FORM = re.compile(r"<form\b(?P<open>[^>]*)>(?P<inside>.*?)</form>", re.I | re.S)


def test_no_inline_style_and_no_inline_handler():
    assert [source.name(path) for path in _PAGES if _INLINE.search(path.read_text())] == []


def test_every_inline_script_has_its_nonce():
    assert [source.name(path) for path in _PAGES if _SCRIPT.search(path.read_text())] == []


def test_every_form_that_posts_carries_its_token():
    bare = [
        source.name(path)
        for path in _PAGES
        for form in _FORM.finditer(path.read_text())
        if re.search(r'method="post"', form["open"], re.I) and "csrf_token" not in form["inside"]
    ]
    # One-click unsubscribing works without a session (RFC 8058), and so do public forms, which bring a signed token of
    # their own, the answer how it was, and the page for leaving, whose tokens are their address: nothing can be forged.
    without_session = ("unsubscri", "preferences", "forms/public/form", "tickets/rate", "leaving/")
    assert [name for name in bare if not any(word in name for word in without_session)] == []


def test_no_get_changes_anything_by_htmx():
    """State changes are POSTs to resources: no hx-get, hx-put, hx-patch or hx-delete does one."""
    verbs = re.compile(r"\shx-(put|patch|delete)=", re.I)
    assert [source.name(path) for path in _PAGES if verbs.search(path.read_text())] == []


def test_no_page_loads_from_another_host():
    """Pages work without the internet, and tell nobody who reads them. Links that people follow may lead out."""
    outside = re.compile(r'(\s(src|action)|<link[^>]*\shref)="(https?:)?//', re.I)
    assert [source.name(path) for path in _PAGES if outside.search(path.read_text())] == []
