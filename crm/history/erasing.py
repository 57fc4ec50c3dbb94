"""What history remembers of records that are merged, and of people who are to be forgotten."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection

from crm.history.models import Act
from crm.history.tracking import Tracked, tracked
from crm.slots import Moving, OwnedRows, Person, owned_rows, traces

#: What stays in the history of the one that went: it is needed if the merge is undone, and says nothing of the other.
_STAYS = Moving(lambda loser, keeper, now: [], lambda moved, loser, keeper: [])


def register_owned_rows() -> None:
    """For merges and erasures: the rows as they were before each change."""
    for of in tracked():
        owned_rows.register(
            f"{of.model._meta.model_name}_history",
            OwnedRows(of.change._meta.label, "pgh_obj", ("", ""), _STAYS, partial(_forget, of), order=100),
        )
    traces.register("history", _forget_name)


def _forget(of: Tracked, person: Person, now: datetime) -> None:
    """All that was remembered of them; and what happens to their row from here on, their deletion too, is not."""
    if of.model._meta.model_name != "contact":
        return
    of.change._default_manager.filter(pgh_obj_id__in=[person.contact_id, *person.former_ids]).delete()
    triggers: list[Any] = getattr(of.model._meta, "triggers", [])
    names = ",".join(trigger.get_pgid(of.model) for trigger in triggers)
    with connection.cursor() as cursor:  # until the transaction of the erasure ends
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [f"{{{names}}}"])


def _forget_name(person: Person, now: datetime) -> None:
    """Acts whose sentence, or what an undo of theirs kept, names the person."""
    for word in person.words:
        for act in Act.objects.filter(label__contains=word).select_for_update(of=("self",)):
            act.label = _without(act.label, word)
            act.save(update_fields=["label"])
        with connection.cursor() as cursor:
            cursor.execute(_DETAIL, {"word": word, "instead": Person.STAND_IN})


def _without(text: str, word: str) -> str:
    return text.replace(word, Person.STAND_IN)


_DETAIL = """
    UPDATE crm_act SET detail = replace(detail::text, %(word)s, %(instead)s)::jsonb
    WHERE strpos(detail::text, %(word)s) > 0
"""
