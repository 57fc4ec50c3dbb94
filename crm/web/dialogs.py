"""Forms that are fetched when somebody opens them: in a dialog of the page, or on a page of their own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect


def dialog(
    request: HttpRequest, template: str, context: dict[str, Any], *, heading: str, back: str, status: int = 200
) -> HttpResponse:
    """The form of `template`, which extends `frame`: inside the page's dialog for htmx, else a page.

    `back` is the address that its Cancel leads to; a page calls it by `whose` of the context, where that is given.
    The template's form sends itself to the same address it came from.
    """
    frame = "ui/dialog_part.html" if request.htmx else "ui/dialog_page.html"  # type: ignore[attr-defined]
    answer = render(request, template, {**context, "frame": frame, "heading": heading, "back": back}, status=status)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


def done(request: HttpRequest, address: str) -> HttpResponse:
    """Off to a page, from a dialog or from a form on its own page."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(address)
    return redirect(address)
