"""Everything that somebody holds goes to others in one act, and comes back on the day that was said.

Set-based: a statement for each kind of row, however many there are. Each row that changes hands is noted, so that
exactly those come back which nobody has given to somebody else meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse

from crm import slots
from crm.history.actions import act
from crm.history.models import Act
from crm.history.rules import UNDO_DAYS
from crm.history.undoing import Undone
from crm.outbox.notifications import notify
from crm.settings.models import HandedRow, HandOver
from crm.slots import Holding
from crm.team.actions import TeamError
from crm.team.models import User
from crm.web import clock

KIND = "team.hand_over"
RETURN = "team.return"

_GIVE = """
    WITH locked AS MATERIALIZED (
        SELECT t.id FROM {table} t WHERE t.{column} = %(giver)s AND {only} ORDER BY t.id FOR UPDATE
    ), dealt AS MATERIALIZED (
        SELECT id, (%(receivers)s::bigint[])[1 + (row_number() OVER (ORDER BY id) - 1) %% %(many)s] AS receiver
        FROM locked
    ), given AS (
        UPDATE {table} t SET {column} = dealt.receiver{stamp} FROM dealt
        WHERE t.id = dealt.id AND NOT {taken} RETURNING t.id, dealt.receiver
    )
    INSERT INTO crm_handedrow (hand_over_id, holding, row_id, receiver_id)
    SELECT %(hand_over)s, %(holding)s, id, receiver FROM given
"""
# Who received them may have left or gone on holiday meanwhile, and handed them over with everything else: nobody has
# given these rows away, so that they come back from whoever holds them now.
_GIVE_BACK = """
    WITH RECURSIVE passed (row_id, holder, hand_over_id) AS (
        SELECT row_id, receiver_id, hand_over_id FROM crm_handedrow
        WHERE hand_over_id = %(hand_over)s AND holding = %(holding)s
        UNION
        SELECT r.row_id, r.receiver_id, r.hand_over_id FROM passed p
        JOIN crm_handover h ON h.giver_id = p.holder AND h.id > p.hand_over_id AND h.returned_at IS NULL
        JOIN crm_handedrow r ON r.hand_over_id = h.id AND r.holding = %(holding)s AND r.row_id = p.row_id
    ), locked AS MATERIALIZED (
        SELECT t.id, p.holder FROM passed p JOIN {table} t ON t.id = p.row_id WHERE t.{column} = p.holder
        ORDER BY t.id FOR UPDATE OF t
    )
    UPDATE {table} t SET {column} = %(giver)s{stamp} FROM locked
    WHERE t.id = locked.id AND t.{column} = locked.holder AND NOT {taken_back}
"""
_GIVE_AGAIN = """
    WITH locked AS MATERIALIZED (
        SELECT t.id, r.receiver_id AS receiver FROM crm_handedrow r JOIN {table} t ON t.id = r.row_id
        WHERE r.hand_over_id = %(hand_over)s AND r.holding = %(holding)s AND t.{column} = %(giver)s
        ORDER BY t.id FOR UPDATE OF t
    )
    UPDATE {table} t SET {column} = dealt.receiver{stamp} FROM locked dealt WHERE t.id = dealt.id AND NOT {taken}
"""
_TAKEN = "EXISTS (SELECT FROM {table} o WHERE o.{column} = {by} AND {same})"


def _sql(text: str, holding: Holding) -> str:
    """The statement for this kind of row. All names in it are of our own registry."""
    table = apps.get_model(holding.model)._meta.db_table
    taken = {
        name: _TAKEN.format(table=table, column=holding.column, by=by, same=holding.clash) if holding.clash else "FALSE"
        for name, by in (("taken", "dealt.receiver"), ("taken_back", "%(giver)s"))
    }
    stamp = f", {holding.stamp} = %(now)s" if holding.stamp else ""
    return text.format(table=table, column=holding.column, only=holding.only, stamp=stamp, **taken)


def away(users: Collection[int], now: datetime) -> set[int]:
    """Those of them who have given theirs away until a day that has not come."""
    rows = HandOver.objects.filter(giver__in=users, until__gt=now, returned_at=None)
    return set(rows.values_list("giver", flat=True))


def stood_in_for(user: int, now: datetime) -> set[int]:
    """Those who are away and gave some of theirs to this user."""
    given = HandedRow.objects.filter(hand_over=OuterRef("pk"), receiver=user)
    rows = HandOver.objects.filter(Exists(given), until__gt=now, returned_at=None)
    return set(rows.values_list("giver", flat=True))


def held_by(user: User) -> dict[str, int]:
    """How many rows of each kind somebody holds, in one query."""
    parts: list[str] = []
    values: list[Any] = []
    for name, holding in slots.holdings.items():
        table = apps.get_model(holding.model)._meta.db_table
        parts.append(f"SELECT %s, count(*) FROM {table} t WHERE t.{holding.column} = %s AND {holding.only}")  # noqa: S608
        values += [name, user.pk]
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return dict(cursor.fetchall())


def hand_over(
    giver: User, receivers: Sequence[User], to_words: str, by: User, now: datetime, until: datetime | None = None
) -> HandOver:
    """Give all that `giver` holds to the receivers in turn; with `until` it comes back then. Raises TeamError."""
    with act(KIND, f"handed over what {giver} holds to {to_words}"[:200], by, now) as done:
        giver, receivers = _held_still(giver, receivers)
        _check(giver, receivers, now, until)
        made = HandOver.objects.create(giver=giver, by=by, act=done, to_words=to_words, at=now, until=until)
        moved = {}
        for name, holding in slots.holdings.items():
            values = {"giver": giver.pk, "receivers": [one.pk for one in receivers], "many": len(receivers),
                      "hand_over": made.pk, "holding": name, "now": now}  # fmt: skip
            if count := _run(_sql(_GIVE, holding), values):
                moved[name] = count
        if not moved:
            raise TeamError(f"{giver} holds nothing that could be handed over.")
        made.moved = moved
        made.save(update_fields=["moved"])
        until_words = f" They are back on {until.astimezone(clock.zone()):%-d %B}." if until else ""
        text = f"{by} has given you what {giver} looked after.{until_words}"
        notify(receivers, "handover.received", text, reverse("accounts:list") + "?owner=me", now, by=by)
    return made


def _held_still(giver: User, receivers: Sequence[User]) -> tuple[User, list[User]]:
    """They as they are now, until we are done, and the receivers in their turn.

    The giver's row is the lock: who hands over at the same moment waits, and then finds nothing. Who closes a
    receiver's account meanwhile waits too, or was first, and then the receiver is refused.
    """
    wanted = {giver.pk, *(one.pk for one in receivers)}
    rows = {row.pk: row for row in User.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)}
    return rows[giver.pk], [rows[one.pk] for one in receivers]


def _check(giver: User, receivers: Sequence[User], now: datetime, until: datetime | None) -> None:
    if not receivers or giver.pk in {one.pk for one in receivers}:
        raise TeamError("Choose somebody else to hand over to.")
    if closed := [str(one) for one in receivers if not one.is_active]:
        raise TeamError(f"The account of {' and '.join(closed)} is closed. Choose somebody who works here.")
    if until is not None and until <= now:
        raise TeamError("Choose a day in the future for the return, or leave it blank.")
    if until is not None and not giver.is_active:
        raise TeamError(
            f"The account of {giver} is closed, so nothing can come back. Leave the day of the return blank."
        )


def give_back(made: HandOver, by: User | None, now: datetime) -> HandOver:
    """What nobody has given to somebody else meanwhile goes back, with everything that was done to it. Once."""
    with act(RETURN, f"gave back what {made.giver} had handed over", by, now, {"hand_over": made.pk}):
        row = HandOver.objects.select_for_update().get(pk=made.pk)
        if row.returned_at is None:
            row.returned = _each(_GIVE_BACK, row, now) if row.giver.is_active else {}
            row.returned_at = now
            row.save(update_fields=["returned", "returned_at"])
        return row


def _each(statement: str, row: HandOver, now: datetime) -> dict[str, int]:
    """Run it for every kind of row that changed hands; how many moved."""
    found = {}
    for name, holding in slots.holdings.items():
        if name not in row.moved:
            continue
        values = {"giver": row.giver_id, "hand_over": row.pk, "holding": name, "now": now}
        if count := _run(_sql(statement, holding), values):
            found[name] = count
    return found


def _run(sql: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def undo(done: Act, by: User | None, now: datetime) -> Undone:
    """For crm.history: what its columns cannot tell. Tasks and views go back too, and nothing comes back twice."""
    found = HandOver.objects.select_for_update().filter(act=done, returned_at=None).first()
    if found is None:
        return Undone(0)
    found.returned = _each(_GIVE_BACK, found, now)
    found.returned_at = now
    found.save(update_fields=["returned", "returned_at"])
    return Undone(sum(found.returned.values()))


def undo_return(done: Act, by: User | None, now: datetime) -> Undone:
    """The receivers have everything again, and keep it: it does not come back a second time."""
    found = HandOver.objects.select_for_update().filter(pk=done.detail.get("hand_over")).first()
    return Undone(sum(_each(_GIVE_AGAIN, found, now).values())) if found else Undone(0)


def next_due(now: datetime) -> datetime | None:
    """When somebody is back next."""
    due = HandOver.objects.filter(until__isnull=False, returned_at=None)
    return due.order_by("until").values_list("until", flat=True).first()


def work(now: datetime) -> int:
    """Whoever is back gets theirs; one hand-over at a time. Rows that nobody can undo any more are forgotten."""
    with transaction.atomic():
        due = HandOver.objects.filter(until__lte=now, returned_at=None).order_by("until", "pk")
        if found := due.select_for_update(skip_locked=True, of=("self",)).first():
            give_back(found, None, now)
            return 1
    over = HandOver.objects.filter(at__lt=now - timedelta(days=UNDO_DAYS))
    waiting = over.filter(until__isnull=False, returned_at=None)
    stale = HandedRow.objects.filter(hand_over__in=over).exclude(hand_over__in=waiting)
    return 0 if not stale.exists() else stale.filter(pk__in=stale.values("pk")[:_FORGOTTEN]).delete()[0]


#: Noted rows that are forgotten at once.
_FORGOTTEN = 10_000
