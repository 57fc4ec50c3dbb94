"""What uses a segment: rooms tell it through a slot, and here it is put into words for whoever looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.urls import reverse

from crm.segments.models import Segment
from crm.slots import SegmentUse, filter_subjects, segment_uses
from crm.team.models import User
from crm.web import wording
from crm.web.addresses import address

#: Of a jsonb column with filters in it, however deep: the numbers of the segments that they name, as `leaf` jsonb.
NAMED = """jsonb_path_query({}, '$.** ? (@.field == "segment" || @.field == "account.segment").value') AS leaf"""
#: As many as a sentence names.
_SAID = 4


def uses_of(ids: Collection[int]) -> dict[int, list[SegmentUse]]:
    """By segment, all that names it, whoever may read of it; one query for each room that uses segments."""
    found: dict[int, list[SegmentUse]] = defaultdict(list)
    for uses in segment_uses if ids else ():
        for pk, named in uses(ids).items():
            found[pk] += named
    return found


def in_words(uses: Sequence[SegmentUse], viewer: Any) -> str:
    """“the view “Late”, a private view of Mira and 2 more”: what is somebody's own is not named to others."""
    said = [words_for(use, viewer) for use in uses[:_SAID]]
    rest = len(uses) - len(said)
    said += [f"{rest} more"] if rest else []
    return wording.listed(said)


def words_for(use: SegmentUse, viewer: Any) -> str:
    if use.of is not None and use.of != viewer:
        return f"a private {use.what} of {use.of}"
    return f"the {use.what} “{use.name}”"


_NAMING = f"""
    SELECT DISTINCT
        used.leaf #>> '{{}}', used.what, used.id, used.name, used.subject, used.shared, u.id, u.name, u.email
    FROM (
        SELECT leaf, 'segment' AS what, s.id, s.name, s.subject, s.shared, s.owner_id
        FROM crm_segment s, {NAMED.format("s.tree")} WHERE s.archived_at IS NULL
        UNION ALL
        SELECT leaf, 'view', v.id, v.name, v.subject, v.shared, v.owner_id
        FROM crm_savedview v, {NAMED.format("v.tree")} WHERE v.deleted_at IS NULL
    ) AS used JOIN crm_user u ON u.id = used.owner_id
    WHERE used.leaf #>> '{{}}' = ANY(%s) ORDER BY used.what, used.name, used.id
"""  # noqa: S608  (SQL of ours)


def by_filters(ids: Collection[int]) -> Mapping[int, Sequence[SegmentUse]]:
    """Segments and saved views, but those that are archived or deleted."""
    found: dict[int, list[SegmentUse]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, [[str(pk) for pk in ids]])
        for used, *row in cursor.fetchall():
            found[int(used)].append(as_use(*row))
    return found


def as_use(what: str, pk: int, name: str, subject: str, shared: bool, *owner: Any) -> SegmentUse:
    """A segment or a view, whose owner is given by id, name and e-mail."""
    lists = f"{reverse(filter_subjects[subject].list_url)}?view={pk}"
    url = address("segments:detail", pk) if what == "segment" else lists
    of = None if shared else User(**dict(zip(("id", "name", "email"), owner, strict=True)))
    return SegmentUse(what, name, url, of)


def private_among(ids: Iterable[int]) -> list[Segment]:
    """Those of these segments that are not shared."""
    wanted = set(ids)
    return list(Segment.objects.filter(pk__in=wanted, shared=False).order_by("name")) if wanted else []
