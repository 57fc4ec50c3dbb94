"""Which workflows use a segment: by what they do now, or by a version that somebody is still going through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection
from django.urls import reverse

from crm.segments.defining import alone
from crm.segments.filters import named_in
from crm.segments.uses import NAMED, private_among
from crm.slots import SegmentUse
from retention.workflows.recipes import RecipeError

#: In the filters of a definition, and as what its trigger waits for.
_NAMED = f"""LATERAL (
        SELECT {NAMED.format("v.definition")}
        UNION ALL SELECT jsonb_path_query(v.definition, '$.trigger ? (@.when == "segment").segment')) AS named(leaf)
"""
_USING = f"""
    SELECT DISTINCT leaf #>> '{{}}', w.slug, w.name FROM retention_workflow w
    JOIN retention_workflowversion v ON v.workflow_id = w.id, {_NAMED}
    WHERE leaf #>> '{{}}' = ANY(%s) AND (v.id = w.version_id OR EXISTS (
        SELECT FROM retention_enrollment e WHERE e.version_id = v.id AND e.state IN ('active', 'parked')))
    ORDER BY w.name, w.slug
"""  # noqa: S608  (SQL of ours)
_WATCHED = """
    SELECT DISTINCT (v.definition #>> '{trigger,segment}')::bigint FROM retention_workflow w
    JOIN retention_workflowversion v ON v.id = w.version_id
    WHERE w.state <> 'off' AND v.definition #>> '{trigger,when}' = 'segment'
"""


def watched() -> set[int]:
    """Segments that a running or paused workflow waits for somebody to come into or to leave."""
    with connection.cursor() as cursor:
        cursor.execute(_WATCHED)
        return {pk for (pk,) in cursor.fetchall()}


def using(ids: Collection[int]) -> Mapping[int, Sequence[SegmentUse]]:
    """By segment; everybody may read the names of workflows."""
    found: dict[int, list[SegmentUse]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_USING, [[str(pk) for pk in ids]])
        for pk, slug, name in cursor.fetchall():
            found[int(pk)].append(SegmentUse("workflow", name, reverse("workflows:detail", args=[slug])))
    return found


def hold(definition: dict[str, Any]) -> None:
    """Nobody archives the segments that it names, or takes them for themselves, until the caller's transaction ends.

    Raises RecipeError for one that is not shared: everybody reads what a workflow asks.
    """
    if named := set(_named(definition)):
        with alone():
            private = ", ".join(f"“{segment}”" for segment in private_among(named))
        if private:
            raise RecipeError(f"It asks for segments that are not shared: {private}. Share them first.")


def _named(part: Any) -> Iterator[int]:
    """By whatever filter in it."""
    if isinstance(part, dict):
        yield from named_in(part)
        if part.get("when") == "segment":
            yield part["segment"]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _named(inner)
