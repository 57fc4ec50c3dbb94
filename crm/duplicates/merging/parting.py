"""A merge taken back: the record that went comes back under its number, with all that nobody has changed since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from crm.accounts.models import Account, Alias, Contact
from crm.duplicates import rules
from crm.duplicates.merging import locks, rows, stops
from crm.duplicates.models import RECORDS, Merge
from crm.history.models import Act
from crm.history.tracking import tracked, tracked_as
from crm.history.undoing import Kept, Undone
from crm.ledger.actions import project
from crm.slots import Moving
from crm.team.models import User
from crm.timeline.actions import Fact, record

#: Rows that stay are named up to here, and counted beyond.
_NAMED = 200
_MOVED_ON = "it was moved or deleted since"


def part(act: Act, by: User | None, now: datetime) -> Undone:
    """Undo the merge that the act made, inside the caller's transaction; the act's own rows and columns went back.

    Raises NotPossible when the two cannot be told apart any more.
    """
    with locks.alone():
        made = Merge.objects.select_for_update().filter(pk=act.detail.get("merge"), undone_at=None).first()
        if made is None or not made.detail:
            raise locks.NotPossible("One of the two was erased since, so they cannot be taken apart.")
        return _part(made, by, now)


def _part(made: Merge, by: User | None, now: datetime) -> Undone:
    model = RECORDS[made.subject]
    keeper: Any = model._default_manager.select_for_update(of=("self",)).filter(pk=made.keeper_id).first()
    if keeper is None:
        raise locks.NotPossible(f"{made.detail['name']} went on into another record. Undo that merge first.")
    Alias.objects.filter(pk__in=made.detail["aliases"]).delete()
    kept = _fields_back(made, keeper)
    kept += _bring_back(made)
    moved, stayed = _rows_back(made)
    stops.give_back(made.detail.get("stops", {}))
    if made.subject == "account":
        project([made.keeper_id, made.loser_id], now)
    made.undone_at = now
    made.save(update_fields=["undone_at"])
    _tell(made, keeper, by, now)
    return Undone(moved + 1, kept + stayed[:_NAMED], max(0, len(stayed) - _NAMED))


def _fields_back(made: Merge, keeper: Any) -> list[Kept]:
    """The keeper's values in columns that history does not remember, since nobody edits them by hand."""
    before, after = made.detail["before"], made.detail["after"]
    history = {column.partition(".")[0] for column in tracked_as(type(keeper)).columns}
    table = keeper._meta.db_table
    now = rows.as_json(table, keeper.pk)
    kept, back = [], {}
    for column, value in after.items():
        verdict = rules.still(now[column], value, before[column])
        if column in history:
            continue  # it has gone back already, or history has said who changed it since
        if verdict == "restore":
            back[column] = before[column]
        elif verdict == "keep":
            words = column.removesuffix("_id").replace("_", " ")
            kept.append(Kept(str(keeper), words, now[column], "", None, "it changed since",
                             model=keeper._meta.label, pk=keeper.pk))  # fmt: skip
    if back:
        settings = ", ".join(f'"{column}" = back."{column}"' for column in back)
        rows.ask(
            f"UPDATE {table} t SET {settings} FROM jsonb_populate_record(NULL::{table}, %(back)s) back "  # noqa: S608
            "WHERE t.id = %(pk)s",
            back=Jsonb(back), pk=keeper.pk,
        )  # fmt: skip
    return kept


def _bring_back(made: Merge) -> list[Kept]:
    """Insert the loser under its number, without what somebody else has been given since."""
    model, row = RECORDS[made.subject], dict(made.detail["loser"])
    if model._default_manager.filter(pk=made.loser_id).exists():
        return []  # history has brought it back
    kept = []
    for name in ("external_id", "email"):
        value = row.get(name)
        taken = value and model._default_manager.filter(**{name: value}).exclude(pk=made.loser_id).first()
        if taken:
            row[name] = None
            words = {"email": "e-mail", "external_id": "external id"}[name]
            kept.append(Kept(str(taken), words, value, "", None, f"it belongs to {taken} since",
                             model._meta.label, taken.pk))  # fmt: skip
    if model is Contact:
        row["account_id"] = _home(row["account_id"])
        if row["is_primary"] and Contact.objects.filter(account_id=row["account_id"], is_primary=True).exists():
            row["is_primary"] = False
    if not rows.put(model, [row]):
        raise locks.NotPossible(f"{made.detail['name']} cannot come back: its place is taken. Nothing was changed.")
    return kept


def _home(account_id: int) -> int:
    """The customer of a person who comes back; the one that theirs has become, if it was merged too."""
    if Account.objects.filter(pk=account_id).exists():
        return account_id
    at = Alias.holder("account", Alias.Kind.ID, str(account_id))
    if at is None:
        raise locks.NotPossible("Their customer is not there any more. Nothing was changed.")
    return at


def _rows_back(made: Merge) -> tuple[int, list[Kept]]:
    """What had moved goes back; returns how many rows, and those that stay where they are."""
    owned = {one.name: one for one in rows.owned_by(RECORDS[made.subject])}
    back, kept = 0, []
    for chunk in made.moved.order_by("-pk"):
        one = owned[chunk.owned]
        stays = rows.move_back(one, chunk.row_ids, made.loser_id, made.keeper_id)
        back += len(chunk.row_ids) - len(stays)
        kept += [_stays(one, pk) for pk in stays if not _remembered(one)]
    for name, done in reversed(made.detail["verbs"]):
        how = owned[name].of.on_merge
        if isinstance(how, Moving):
            for sentence in how.undo(done, made.loser_id, made.keeper_id):
                kept.append(Kept(made.detail["name"], owned[name].of.label[0], None, "", None, sentence,
                                 owned[name].of.model))  # fmt: skip
        else:
            rows.put(owned[name].model, done)
    return back, kept


def _remembered(one: rows.Owned) -> bool:
    """Whether history has said of its rows itself what it could not bring back."""
    return any(of.model is one.model and one.of.field in of.named for of in tracked())


def _stays(one: rows.Owned, pk: int) -> Kept:
    row = one.model._default_manager.filter(pk=pk).first()
    what = f"{one.of.label[0].capitalize()} “{row}”" if row else f"{one.of.label[0].capitalize()} {pk}"
    return Kept(what, one.of.field, None, "", None, _MOVED_ON, one.of.model, pk)


def _tell(made: Merge, keeper: Any, by: User | None, now: datetime) -> None:
    """On both timelines."""
    text = f"{made.detail['name']} and {keeper} are two again: a merge was undone"
    about: list[tuple[int, int | None]] = [(made.keeper_id, None), (made.loser_id, None)]
    if isinstance(keeper, Contact):
        about = list(Contact.objects.filter(pk__in=[made.keeper_id, made.loser_id]).values_list("account_id", "pk"))
    facts = [
        Fact(account, f"{made.subject}.separated", text, now, contact_id=contact, actor_id=by.pk if by else None,
             source="person" if by else "automatic", payload={"merge": made.pk})
        for account, contact in about
    ]  # fmt: skip
    record(facts, now=now)
