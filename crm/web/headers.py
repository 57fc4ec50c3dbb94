"""What every answer tells a browser not to do, beyond what Django's own middleware says."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils.csp import CSP

#: Devices and interfaces that no page of ours asks for: not even injected code gets them.
PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation",
        "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb",
    )
)  # fmt: skip

#: For what is no page: JSON that a browser opens as one may do nothing at all.
NO_PAGE = {"default-src": [CSP.NONE], "frame-ancestors": [CSP.NONE], "base-uri": [CSP.NONE], "form-action": [CSP.NONE]}


class HeadersMiddleware:
    """Stands inside Django's Content-Security-Policy middleware, which writes what is chosen here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Records of customers: what keeps them must ask again, and nobody keeps them for several people.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if not response.headers.get("Content-Type", "text/html").startswith("text/html"):
            response._csp_config = NO_PAGE  # type: ignore[attr-defined]
        return response
