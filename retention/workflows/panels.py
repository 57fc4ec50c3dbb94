"""What workflows show on the pages of others."""

from typing import Any

from django.http import HttpRequest

from retention.workflows.models import Enrollment


def running(account: Any, request: HttpRequest) -> dict[str, Any] | None:
    """The customer's latest enrollments, those under way first."""
    rows = (
        Enrollment.objects.filter(account=account)
        .select_related("workflow")
        .only("state", "ended_at", "workflow__name", "workflow__slug")
        .order_by("-id")[:8]
    )
    enrollments = sorted(rows, key=lambda row: row.state != Enrollment.State.ACTIVE)
    return {"enrollments": enrollments} if enrollments else None
