"""Addresses of many rows, and of links in mail: only the id or the token differs, so each name is worked out once."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.safestring import SafeString

#: Stands in the address where the id will stand, and nowhere else.
_ANY = 987_654_321


def address(name: str, pk: int) -> SafeString:
    """What `reverse(name, args=[pk])` says. Raises NoReverseMatch for a name that takes no such id."""
    before, after = _parts(name, get_urlconf(), get_script_prefix())
    return SafeString(f"{before}{int(pk)}{after}")


def address_with(name: str, token: str) -> str:
    """What `reverse(name, args=[token])` says of a text without slashes. Raises NoReverseMatch as `address` does."""
    before, after = _parts(name, get_urlconf(), get_script_prefix())
    return f"{before}{quote(token, safe="!$&'()*+,;=~:@")}{after}"


def page(name: str) -> str:
    """What `reverse(name)` says of a page without arguments; blank for a room that has none."""
    return _page(name, get_urlconf(), get_script_prefix())


@cache
def _page(name: str, urlconf: str | None, prefix: str) -> str:
    try:
        return reverse(name, urlconf=urlconf)
    except NoReverseMatch:
        return ""


@cache
def _parts(name: str, urlconf: str | None, prefix: str) -> tuple[str, str]:
    before, _, after = reverse(name, urlconf=urlconf, args=[_ANY]).partition(str(_ANY))
    return before, after
