"""How acts and changes read: “Mira changed owner of Kelp & Co from Sam to Mira, through the API”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm.history.changes import MOST, Changed, Field
from crm.history.models import Act, Door
from crm.web import wording


@dataclass(frozen=True)
class Sentence:
    """Who did it, what, and by which way, for a line of a list."""

    who: str
    what: str
    how: str

    def __str__(self) -> str:
        return f"{self.who} {self.what}{f', {self.how}' if self.how else ''}"


def of_act(act: Act, changes: Sequence[Changed]) -> Sentence:
    return Sentence(act.who, act.label or _what(changes), how(act))


def how(act: Act) -> str:
    """By which way, where it was not simply a page."""
    if act.kind.startswith("bulk."):
        return "in bulk"
    return "" if act.door == Door.PAGE or act.reporter else str(Door(act.door).label)


def of_fields(fields: Sequence[Field], record: str) -> str:
    """What became of one record: with its values, if one field changed and they are short."""
    if not fields:
        return f"changed {record}"
    if len(fields) == 1:
        (field,) = fields
        said = f"changed {field.name} of {record} from {field.before} to {field.after}"
        return said if len(field.before) + len(field.after) < 90 else f"changed {field.name} of {record}"
    return f"changed {wording.listed(field.name for field in fields)} of {record}"


def _what(changes: Sequence[Changed]) -> str:
    if not changes:
        return "changed something that is forgotten by now"
    records = {(change.subject, change.pk) for change in changes}
    if len(records) == 1:
        latest = changes[-1]
        if any(change.deleted for change in changes):
            return f"deleted {latest.record}"
        merged = {field.name: field for change in changes for field in change.fields}
        return of_fields(list(merged.values()), latest.record)
    verb = "deleted" if all(change.deleted for change in changes) else "changed"
    names = list(dict.fromkeys(change.record for change in changes))
    others = sum(min(n, MOST) for n in {change.subject: change.more for change in changes}.values()) - len(records)
    if others > 0:
        more = f"{MOST}+ others" if others + len(records) >= MOST else f"{others} other{'' if others == 1 else 's'}"
        return f"{verb} {', '.join(names)} and {more}"
    return f"{verb} {wording.listed(names)}"
