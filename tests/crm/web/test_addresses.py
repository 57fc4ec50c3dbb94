"""Addresses of rows are those that reversing gives."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, path, reverse, set_script_prefix, set_urlconf

from crm.web.addresses import address, address_with

urlpatterns = [path("elsewhere/<int:pk>/about/", lambda request, pk: None, name="here")]


@pytest.mark.parametrize("name", ["accounts:detail", "todos:detail", "todos:completion", "outbox:detail"])
@pytest.mark.parametrize("pk", [1, 987_654_321, 2**62])
def test_as_reversed(name: str, pk: int) -> None:
    assert address(name, pk) == reverse(name, args=[pk])


def test_under_a_prefix_and_with_other_addresses() -> None:
    plain = address("todos:detail", 7)
    set_script_prefix("/crm/")
    try:
        assert address("todos:detail", 7) == f"/crm{plain}"
    finally:
        set_script_prefix("/")
    set_urlconf(__name__)
    try:
        assert address("here", 7) == "/elsewhere/7/about/"
    finally:
        set_urlconf(None)


def test_an_unknown_name_and_what_is_no_number() -> None:
    with pytest.raises(NoReverseMatch):
        address("todos:nothing", 7)
    with pytest.raises(ValueError, match="invalid literal"):
        address("todos:detail", "<b>")  # type: ignore[arg-type]


def test_a_token_is_written_as_reverse_writes_it() -> None:
    for token in ("redirected", "WzEsImVtYWlsIl0:1abc:x-_Y", "a b?c#d&é"):
        assert address_with("public:unsubscribe", token) == reverse("public:unsubscribe", args=[token])
