"""What of deals hangs on customers and people, and what becomes of it in a merge and an erasure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, LiteralString

from django.db import connection

from crm import slots
from crm.pipelines.models import Deal, DealChange, DealContact, KeyAccountPlan, KeyAccountPlanChange
from crm.slots import Moving, OwnedRows, Person, exported, owned_rows
from crm.timeline.erasing import known_by, naming, without


def _ask(sql: LiteralString, **values: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


# Plans for key accounts -----------------------------------------------------------------------------------------------


def _join_plans(loser: int, keeper: int, now: datetime) -> list[int]:
    """The keeper's stands; without one, the loser's does. History takes both back, since it remembers plans whole."""
    if KeyAccountPlan.objects.filter(account=keeper).exists():
        KeyAccountPlan.objects.filter(account=loser).delete()
    else:
        KeyAccountPlan.objects.filter(account=loser).update(account=keeper)
    return []


# People ---------------------------------------------------------------------------------------------------------------


def _join_people(loser: int, keeper: int, now: datetime) -> dict[str, list[int]]:
    """Who has to do with a deal twice then has to do with it once."""
    both = _ask(
        """
        DELETE FROM crm_dealcontact l USING crm_dealcontact k
        WHERE l.contact_id = %(loser)s AND k.contact_id = %(keeper)s AND k.deal_id = l.deal_id RETURNING l.deal_id
        """,
        loser=loser, keeper=keeper,
    )  # fmt: skip
    moved = _ask(
        "UPDATE crm_dealcontact SET contact_id = %(keeper)s WHERE contact_id = %(loser)s RETURNING id",
        loser=loser, keeper=keeper,
    )  # fmt: skip
    return {"both": both, "moved": moved} if both or moved else {}


def _part_people(done: dict[str, list[int]], loser: int, keeper: int) -> list[str]:
    DealContact.objects.filter(pk__in=done["moved"], contact=keeper).update(contact=loser)
    there = Deal.objects.filter(pk__in=done["both"]).values_list("pk", flat=True)
    links = [DealContact(deal_id=pk, contact_id=loser) for pk in there]
    DealContact.objects.bulk_create(links, ignore_conflicts=True)
    return []


# Erasure --------------------------------------------------------------------------------------------------------------

_TEXTS: dict[tuple[Any, Any], dict[str, int | None]] = {
    (Deal, DealChange): {"title": 200, "source": 60, "next_step": 200, "lost_note": 400},
    (KeyAccountPlan, KeyAccountPlanChange): {"goal": None, "in_the_way": None, "next_step": 200},
}


def forget_in_deals(person: Person, now: datetime) -> None:
    """What is written of their customers' deals and plans goes on without their name, as it was before each change
    too."""
    with connection.cursor() as cursor:
        for models, columns in _TEXTS.items():
            parts = [
                f"{name} = {f'left({without(name)}, {longest})' if longest else without(name)}"
                for name, longest in columns.items()
            ]
            named = " OR ".join(naming(name) for name in columns)
            for model in models:
                cursor.execute(
                    f"UPDATE {model._meta.db_table} SET {', '.join(parts)}"  # noqa: S608  (columns of ours)
                    f" WHERE account_id = ANY(%(accounts)s) AND ({named})",
                    known_by(person),
                )


def register_owned_rows() -> None:
    """What the room's slots give to merges and erasures."""
    exports = exported(DealContact, "contact", "deal__title", "deal__stage__name", "deal__created_at")
    for name, owned in {
        # Before contracts: whoever opens a deal again holds it, and then wants its contract.
        "account_deals": OwnedRows("crm.Deal", "account", ("deal", "deals"), "move", "keep", order=-10),
        "account_key_plan": OwnedRows(
            "crm.KeyAccountPlan", "account", ("key account plan", "key account plans"), Moving(_join_plans, _no_more),
            "keep",
        ),
        "contact_deals": OwnedRows(
            "crm.DealContact", "contact", ("deal", "deals"), Moving(_join_people, _part_people), "delete", exports
        ),
    }.items():  # fmt: skip
        owned_rows.register(name, owned)
    slots.traces.register("deals", forget_in_deals)


def _no_more(done: list[int], loser: int, keeper: int) -> list[str]:
    """Nothing that history has not done."""
    return []
