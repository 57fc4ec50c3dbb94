"""Which workflows ask for a field of one's own, or name it in what they write."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.urls import reverse

from crm.slots import SegmentUse

_NAMING = """
    SELECT DISTINCT w.slug, w.name FROM retention_workflow w JOIN retention_workflowversion v ON v.workflow_id = w.id
    WHERE v.definition::text ~ %s AND (v.id = w.version_id OR EXISTS (
        SELECT FROM retention_enrollment e WHERE e.version_id = v.id AND e.state IN ('active', 'parked')))
    ORDER BY w.name, w.slug
"""


def using(subject: str, key: str) -> Sequence[SegmentUse]:
    """By what they do now, or by a version that somebody is still going through. They ask customers alone."""
    if subject != "account":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, [rf"(^|[^.\w])(account\.)?custom\.{key}\M"])
        return [
            SegmentUse("workflow", name, reverse("workflows:detail", args=[slug])) for slug, name in cursor.fetchall()
        ]
