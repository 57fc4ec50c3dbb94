"""What it sent, and what was not sent and why."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from crm.outbox.models import OutboundMessage
from crm.web.pagination import Sort, keyset_page
from retention.workflows.definition import Definition
from retention.workflows.models import Workflow

#: What it can be narrowed to, in the order of its chips.
CHIPS = {"": "Everything", "due": "Planned", "sent": "Sent", "skipped": "Not sent", "uncertain": "Uncertain"}
#: Only where somebody has come to see the rows behind such a figure.
FAILED = {"failed": "Failed"}


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    chosen = request.GET.get("state", "")
    rows = OutboundMessage.objects.visible_to(request.user).filter(series=workflow.slug)
    chips = CHIPS | (FAILED if chosen in FAILED else {})
    if chosen in chips and chosen:
        rows = rows.filter(state=chosen)
    rows = rows.select_related("account", "contact", "template", "user")
    page = keyset_page(rows, Sort("id", descending=True), request.GET.get("cursor"))
    return {"messages_": page.rows, "next": page.next, "chips": chips, "chosen": chosen}
