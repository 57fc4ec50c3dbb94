"""What a page offers where a trigger or a step asks for a segment, a date, a fact or a feature."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from crm import slots
from crm.segments.models import Segment
from crm.team.models import User
from retention.workflows.asking import choices
from retention.workflows.triggers.facts import called

type Offered = Sequence[tuple[str, str]]


def _segments(viewer: User) -> Offered:
    """Shared ones alone: everybody reads what a workflow asks."""
    kept = Segment.objects.filter(subject="account", shared=True, archived_at=None).order_by("name", "id")
    return [(str(pk), name) for pk, name in kept.values_list("id", "name")]


def _dates(viewer: User) -> Offered:
    return [(name, field.label) for name, field in slots.date_fields.items()]


# From one kind to the next by the index, however many entries each has.
_RECORDED = """
    WITH RECURSIVE found AS (
        (SELECT kind FROM crm_timelineentry ORDER BY kind LIMIT 1)
        UNION ALL
        SELECT (SELECT e.kind FROM crm_timelineentry e WHERE e.kind > found.kind ORDER BY e.kind LIMIT 1)
        FROM found WHERE found.kind IS NOT NULL
    ) SELECT kind FROM found WHERE kind IS NOT NULL
"""


def _facts(viewer: User) -> Offered:
    """Those that rooms record, by their groups, and those that programs have recorded."""
    known = [(kind, f"{fact.group}: {fact.label}") for kind, fact in slots.fact_kinds.items()]
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED)
        others = [kind for (kind,) in cursor.fetchall() if kind not in slots.fact_kinds]
    named = [(kind, called(kind)) for kind in others]
    more = [(kind, f"Others: {name[:1].upper()}{name[1:]}") for kind, name in named]
    return sorted(known, key=lambda each: each[1]) + more


def _details(viewer: User) -> Offered:
    """What facts name by number: which ticket, which contract. Programs may name others, such as the cart."""
    found: dict[str, str] = {}
    for _, fact in slots.fact_kinds.items():
        for name in fact.example:
            if name.removesuffix("_id") in fact.group.lower():
                found[name] = f"in facts about {fact.group.lower()}"
    return sorted(found.items())


# Of the latest days alone: all of them are too many to read for a page.
_FEATURES = """
    SELECT DISTINCT feature FROM (SELECT feature FROM retention_usageday ORDER BY id DESC LIMIT 20000) AS lately
    ORDER BY feature LIMIT 500
"""


def _features(viewer: User) -> Offered:
    with connection.cursor() as cursor:
        cursor.execute(_FEATURES)
        return [(feature, feature) for (feature,) in cursor.fetchall()]


for _what, _offered in {
    "segment": _segments, "date_field": _dates, "fact": _facts, "usage_feature": _features,
    "fact_detail": _details,
}.items():  # fmt: skip
    choices.register(_what, _offered)
