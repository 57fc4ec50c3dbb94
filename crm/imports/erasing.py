"""A person leaves the files that came in: rows that were refused, what previews showed, and files that still wait."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.imports.models import Import
from crm.slots import Person
from crm.timeline.erasing import known_by, naming, without

#: Why a file cannot be imported any more.
ERASED = "It named a person who was erased on request. Upload it again without them."

_REJECTS = f"UPDATE crm_importreject SET value = {without('value')} WHERE {naming('value')}"  # noqa: S608
_KEPT = f"UPDATE crm_importkept SET name = left({without('name')}, 300) WHERE {naming('name')}"  # noqa: S608
_REPORTS = f"""
    UPDATE crm_import SET report = {without("report::text")}::jsonb WHERE {naming("report::text")}
"""  # noqa: S608  (columns of ours)


def forget_in_files(person: Person, now: datetime) -> None:
    """A file that waits and names them is forgotten as a whole: it would bring them back."""
    with connection.cursor() as cursor:
        for statement in (_REJECTS, _KEPT, _REPORTS):
            cursor.execute(statement, known_by(person))
    waiting = Import.objects.filter(parts__isnull=False).exclude(state=Import.State.DONE).distinct()
    for made in waiting.order_by("pk"):
        if _names(made, person):
            made.parts.all().delete()
            Import.objects.filter(pk=made.pk).update(state=Import.State.FAILED, job=Import.Job.NONE, error=ERASED)


def _names(made: Import, person: Person) -> bool:
    """Whether a line of the stored file holds a word of theirs: an address, a number, or all parts of a name."""
    words = [word.casefold().replace(",", " ").split() for word in person.words]
    encoding, before = made.report.get("encoding", "utf-8"), ""
    for data in made.parts.order_by("number").values_list("data", flat=True).iterator(chunk_size=1):
        text = before + bytes(data).decode(encoding, errors="ignore").casefold()
        if any(_in_one_line(parts, text) for parts in words):
            return True
        before = text[text.rfind("\n") + 1 :]
    return False


def _in_one_line(parts: list[str], text: str) -> bool:
    return all(part in text for part in parts) and any(
        all(part in line for part in parts) for line in text.splitlines()
    )
