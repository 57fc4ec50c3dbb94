"""What of this room hangs on customers and people, and what becomes of it in a merge and an erasure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from crm.accounts.models import ContactHandle, ContactSeen
from crm.slots import Moving, OwnedRows, Person, Told, exported, owned_rows


def _ask(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


# People ---------------------------------------------------------------------------------------------------------------


def _move_people(loser: int, keeper: int, now: datetime) -> list[int]:
    """Only one is primary: the keeper's, if it has one."""
    moved = _ask(
        """
        WITH locked AS MATERIALIZED (
            SELECT id, is_primary FROM crm_contact WHERE account_id = %(loser)s ORDER BY id FOR NO KEY UPDATE
        ), led AS (SELECT EXISTS (SELECT FROM crm_contact WHERE account_id = %(keeper)s AND is_primary) AS already)
        UPDATE crm_contact c SET account_id = %(keeper)s, is_primary = locked.is_primary AND NOT led.already
        FROM locked, led WHERE c.id = locked.id
        RETURNING c.id
        """,
        loser=loser, keeper=keeper,
    )  # fmt: skip
    return sorted(row[0] for row in moved)


def _move_people_back(moved: list[int], loser: int, keeper: int) -> list[str]:
    """History remembers the customer of each, and who was primary: it has brought both back, or said why not."""
    return []


# Hand-offs ------------------------------------------------------------------------------------------------------------


def _move_hand_offs(loser: int, keeper: int, now: datetime) -> list[list[Any]]:
    """They line up behind the keeper's versions; one that still holds yields to the keeper's."""
    rows = _ask(
        """
        SELECT h.id, h.version, h.replaced_at IS NULL AND EXISTS (
            SELECT FROM crm_handoff k WHERE k.account_id = %(keeper)s AND k.replaced_at IS NULL)
        FROM crm_handoff h WHERE account_id = %(loser)s ORDER BY id FOR NO KEY UPDATE
        """,
        loser=loser, keeper=keeper,
    )  # fmt: skip
    _ask(
        """
        UPDATE crm_handoff h SET account_id = %(keeper)s, version = h.version + most.version,
            replaced_at = CASE WHEN h.id = ANY(%(yielding)s) THEN %(now)s ELSE h.replaced_at END
        FROM (SELECT coalesce(max(version), 0) AS version FROM crm_handoff WHERE account_id = %(keeper)s) most
        WHERE h.account_id = %(loser)s
        """,
        loser=loser, keeper=keeper, yielding=[row[0] for row in rows if row[2]], now=now,
    )  # fmt: skip
    return [list(row) for row in rows]


def _move_hand_offs_back(moved: list[list[Any]], loser: int, keeper: int) -> list[str]:
    for pk, version, yielded in moved:
        _ask(
            """
            UPDATE crm_handoff SET account_id = %(loser)s, version = %(version)s,
                replaced_at = CASE WHEN %(yielded)s THEN NULL ELSE replaced_at END
            WHERE id = %(pk)s AND account_id = %(keeper)s
            """,
            pk=pk, version=version, yielded=yielded, loser=loser, keeper=keeper,
        )  # fmt: skip
    return []


# When they were last seen ---------------------------------------------------------------------------------------------


def _seen(subject: str) -> Moving:
    """Whoever stays was seen when either was last seen."""
    table, key = f"crm_{subject}seen", f"{subject}_id"

    def move(loser: int, keeper: int, now: datetime) -> dict[str, Any]:
        rows = _ask(f"SELECT {key}, at::text FROM {table} WHERE {key} IN (%(loser)s, %(keeper)s)",  # noqa: S608
                    loser=loser, keeper=keeper)  # fmt: skip
        at = dict(rows)
        after = _ask(
            f"""
            UPDATE {table} k SET at = l.at FROM {table} l WHERE k.{key} = %(keeper)s AND l.{key} = %(loser)s
                AND (l.at > k.at OR k.at IS NULL AND l.at IS NOT NULL) RETURNING k.at::text
            """,  # noqa: S608
            loser=loser, keeper=keeper,
        )  # fmt: skip
        return {"loser": at[loser], "before": at[keeper], "after": after[0][0] if after else None} if at[loser] else {}

    def move_back(done: dict[str, Any], loser: int, keeper: int) -> list[str]:
        """Their own moment each, unless the one who stayed was seen again since."""
        _ask(f"UPDATE {table} SET at = %(at)s WHERE {key} = %(loser)s", at=done["loser"], loser=loser)  # noqa: S608
        if done["after"]:
            _ask(f"UPDATE {table} SET at = %(before)s WHERE {key} = %(keeper)s AND at = %(after)s",  # noqa: S608
                 before=done["before"], after=done["after"], keeper=keeper)  # fmt: skip
        return []

    return Moving(move, move_back)


def _forget_seen(person: Person, now: datetime) -> None:
    _ask("UPDATE crm_contactseen SET at = NULL WHERE contact_id = %(contact)s", contact=person.contact_id)


def register_owned_rows() -> None:
    """What the room's slots give to merges, erasures and exports."""
    owned_rows.register(
        "contacts",
        OwnedRows("crm.Contact", "account", ("person", "people"), Moving(_move_people, _move_people_back), "keep",
                  order=-10),
    )  # fmt: skip
    owned_rows.register(
        "subsidiaries", OwnedRows("crm.Account", "parent", ("subsidiary", "subsidiaries"), "move", "keep")
    )
    owned_rows.register("files", OwnedRows("crm.AccountFile", "account", ("file", "files"), "move", "keep"))
    owned_rows.register(
        "hand_offs",
        OwnedRows("crm.HandOff", "account", ("hand-off", "hand-offs"), Moving(_move_hand_offs, _move_hand_offs_back),
                  "keep"),
    )  # fmt: skip
    owned_rows.register("account_seen", OwnedRows("crm.AccountSeen", "account", ("", ""), _seen("account"), "keep"))
    owned_rows.register(
        "contact_seen",
        OwnedRows("crm.ContactSeen", "contact", ("", ""), _seen("contact"), _forget_seen,
                  exported(ContactSeen, "contact", "at"),
                  told=Told("When we last saw you", lambda row: "You used what you have from us" if row["at"] else
                            "We have never seen you use it", lambda row: row["at"], order=50)),
    )  # fmt: skip
    owned_rows.register("account_aliases", OwnedRows("crm.Alias", "account", ("", ""), "move", "keep"))
    owned_rows.register("contact_aliases", OwnedRows("crm.Alias", "contact", ("", ""), "move", "delete"))
    owned_rows.register(
        "contact_handles",
        OwnedRows("crm.ContactHandle", "contact", ("chat handle", "chat handles"), "move", "delete",
                  exported(ContactHandle, "contact", "channel", "handle", "name", "linked_at"),
                  told=Told("Where you write from", lambda row: f"{str(row['channel']).capitalize()}: {row['handle']}"
                            + (f" ({row['name']})" if row["name"] else ""), lambda row: row["linked_at"], order=10)),
    )  # fmt: skip
