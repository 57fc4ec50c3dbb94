"""How deals show elsewhere: in the rail, and beside a customer, a person and a ticket."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from crm import slots


def _beside(subject: str) -> slots.Panel:
    """A panel that fetches what it shows, so that the page is there before."""

    def panel(of: Any, request: HttpRequest) -> dict[str, Any] | None:
        if subject == "ticket" and of.account_id is None:
            return None
        return {"subject": subject, "of": of.pk}

    return slots.Panel("crm/pipelines/beside.html", panel, 16)


def register_panels() -> None:
    # Behind the tasks: narrow screens have the first five under the thumb.
    slots.menu.register("pipelines", slots.MenuEntry("Pipelines", "square-kanban", "pipelines:first", 32))
    slots.account_panels.register("deals", _beside("account"))
    slots.contact_panels.register("deals", _beside("contact"))
    slots.ticket_panels.register("deals", _beside("ticket"))
