"""What asks for a field of one's own, or shows it: whoever archives it should know."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from crm.fields.asking import PREFIX
from crm.segments.uses import as_use
from crm.slots import SegmentUse, field_uses

# Another subject reaches a customer's fields through the customer.
_WITH_FILTERS = """
    FROM {table} t JOIN crm_user u ON u.id = t.owner_id CROSS JOIN LATERAL (SELECT CASE
        WHEN t.subject = %(subject)s THEN %(own)s WHEN %(subject)s = 'account' THEN 'account.' || %(own)s END) f(name)
    WHERE t.{gone} IS NULL AND (
        jsonb_path_exists(t.tree, '$.** ? (@.field == $name)', jsonb_build_object('name', f.name)){more})
"""
_SEGMENTS = _WITH_FILTERS.format(table="crm_segment", gone="archived_at", more="")
_SHOWN = " OR t.columns ? f.name OR ltrim(t.sort, '-') = f.name"
_VIEWS = _WITH_FILTERS.format(table="crm_savedview", gone="deleted_at", more=_SHOWN)
_ASKING = f"""
    SELECT 'segment', t.id, t.name, t.subject, t.shared, u.id, u.name, u.email {_SEGMENTS}
    UNION ALL SELECT 'view', t.id, t.name, t.subject, t.shared, u.id, u.name, u.email {_VIEWS}
    ORDER BY 1, 3
"""


def uses_of(subject: str, key: str) -> list[SegmentUse]:
    """Whoever may read of it; one query for each room that tells."""
    return [use for tell in field_uses for use in tell(subject, key)]


def by_filters(subject: str, key: str) -> Sequence[SegmentUse]:
    """Segments and saved views, but those that are archived or deleted."""
    with connection.cursor() as cursor:
        cursor.execute(_ASKING, {"subject": subject, "own": f"{PREFIX}{key}"})
        return [as_use(*row) for row in cursor.fetchall()]
