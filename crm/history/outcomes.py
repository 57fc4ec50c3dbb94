"""What came of an undo, as far as whoever asks may know of the rows that it kept."""

from __future__ import annotations

from typing import Any

from crm.history.models import Act
from crm.history.tracking import tracked
from crm.team.models import User
from crm.team.permissions import allows
from crm.web import clock


def kept_by(act: Act, viewer: User) -> list[dict[str, Any]]:
    """What the undo kept, as `undoing.Kept`; one query for each table that it kept rows of.

    Names and values of rows that the viewer may not see (any more) are left out.
    """
    kept: list[dict[str, Any]] = act.detail.get("kept", [])
    seen: dict[str, set[int]] = {}
    for of in tracked():
        ids = [one["pk"] for one in kept if one["model"] == of.model._meta.label]
        if ids:
            rows: Any = of.model._default_manager.filter(pk__in=ids)
            if hasattr(rows, "visible_to"):  # others, such as fields of one's own, are no secret
                rows = rows.visible_to(viewer)
            seen[of.model._meta.label] = set(rows.values_list("pk", flat=True))
    everything = allows(viewer, "audit")
    return [
        (one if everything or one["pk"] in seen.get(one["model"], {one["pk"]}) else one | _UNSEEN)
        | {"at": one["at"] and clock.parse(one["at"])}
        for one in kept
    ]


_UNSEEN = {"record": "A record that you cannot see", "value": None}
