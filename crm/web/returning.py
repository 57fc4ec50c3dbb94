"""Where a page goes back to after a form: only ever to an address of ours."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_url(request: HttpRequest, otherwise: str) -> str:
    """The form's or address's `next` if it leads to this site, else `otherwise`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if is_ours(request, wanted) else otherwise


def is_ours(request: HttpRequest, url: str) -> bool:
    """Whether it is a path on this site, whatever a browser makes of its slashes; other names of ours do not count."""
    secure = request.is_secure()
    return (
        url.startswith("/")
        and url.isprintable()
        and url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=secure)
    )
