"""A merge: all that hangs on one record goes to another, which takes over what is better known there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from crm.accounts.models import Account, Alias, Contact, ContactChange
from crm.duplicates.merging import fields, locks, rows, stops
from crm.duplicates.models import RECORDS, Merge, MovedRows
from crm.history.actions import act
from crm.history.models import Act
from crm.ledger.actions import project
from crm.slots import Moving
from crm.team.models import User
from crm.timeline.actions import Fact, record


@dataclass(frozen=True)
class Preview:
    """What a merge would do, for people."""

    choices: list[fields.Choice]
    moves: list[tuple[int, str]]  # (18, “entries”)
    notes: list[str]


def preview(subject: str, keeper: Any, loser: Any) -> Preview:
    """What moves, what a person is asked, and what they should know. Five queries at most; changes nothing."""
    notes = []
    if isinstance(keeper, Contact):
        if "no" in {keeper.email_consent, loser.email_consent}:
            notes.append("One of the two refused mail. The refusal holds for the one that stays.")
        if keeper.account_id != loser.account_id:
            notes.append(f"They are at two customers. {keeper} stays at {keeper.account}; what happened at "
                         f"{loser.account} stays on its timeline.")  # fmt: skip
        if keeper.email and loser.email:
            notes.append("Both addresses keep finding this person; mail goes to the one you choose.")
    return Preview(fields.choices(keeper, loser), rows.counts(RECORDS[subject], loser.pk), notes)


@locks.undeterred
def merge(subject: str, keeper: int, loser: int, chosen: Mapping[str, str], by: User, now: datetime) -> Merge:
    """Make one record of two, in one transaction. `chosen`: field → keeper | loser; other fields follow the rules.

    Whether `by` may see both is asked before. Raises NotPossible (Gone, Busy) and has then changed nothing.
    """
    if keeper == loser:
        raise locks.NotPossible("A record cannot be merged with itself.")
    with locks.alone():
        keeps, goes = locks.two(subject, keeper, loser)
        made = Merge(subject=subject, keeper_id=keeper, loser_id=loser, at=now, by=by)
        with act(f"{subject}.merged", f"merged {goes} into {keeps}", by, now) as deed:
            made.act = deed
            made.save()
            deed.detail = {"merge": made.pk}
            _join(made, deed, keeps, goes, chosen, now)
    return made


def _join(made: Merge, deed: Act, keeps: Any, goes: Any, chosen: Mapping[str, str], now: datetime) -> None:
    model: type[Model] = type(keeps)
    verbs = _move_all(made, now)
    locks.last(made.subject, goes.pk)
    verbs += _move_all(made, now)  # what others were adding when we came
    # Read again: what was derived from rows that moved, or came in between, is of now.
    keeps, goes = model._default_manager.get(pk=keeps.pk), model._default_manager.get(pk=goes.pk)
    changes = fields.settled(keeps, goes, chosen)
    lost = fields.given_up(keeps, goes, changes)
    (gone,) = rows.take(model._meta.db_table, "t.id = %(pk)s", pk=goes.pk)
    if isinstance(keeps, Contact):
        # We bring people back ourselves, since their address may be somebody else's by then.
        ContactChange.objects.filter(act=deed, pgh_obj=goes.pk, pgh_label="delete").delete()
    made.detail = {
        "loser": gone, "verbs": verbs, "aliases": _remember(made, keeps, goes, changes, now),
        "before": _as_json(keeps, changes), "name": str(goes),
    }  # fmt: skip
    if isinstance(keeps, Contact):
        stays = changes.get("email", keeps.email)
        other = goes.email if stays != goes.email else keeps.email
        made.detail["stops"] = stops.inherit(goes.pk, keeps.pk, (stays, other), now)
    model._default_manager.filter(pk=keeps.pk).update(**changes, **_worked_out(keeps, goes, changes), updated_at=now)
    if model is Account:
        project([keeps.pk], now)
    kept = model._default_manager.get(pk=keeps.pk)
    made.detail["after"] = _as_json(kept, changes)
    made.save(update_fields=["detail"])
    _tell(made, kept, str(goes), lost, now)


def _worked_out(keeps: Any, goes: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The number as E.164 follows the number that stays."""
    if "phone" not in changes:
        return {}
    return {"match_phone": goes.match_phone if changes["phone"] == goes.phone else keeps.match_phone}


def _move_all(made: Merge, now: datetime) -> list[list[Any]]:
    """Move what hangs on the loser; returns what the rooms' own verbs need to take it back, with their names."""
    verbs: list[list[Any]] = []
    for owned in rows.owned_by(RECORDS[made.subject]):
        how = owned.of.on_merge
        if isinstance(how, Moving):
            if done := how.merge(made.loser_id, made.keeper_id, now):
                verbs.append([owned.name, done])
        elif how == "drop":
            if gone := rows.take(owned.table, f"t.{owned.column} = %(pk)s", pk=made.loser_id):
                verbs.append([owned.name, gone])
        else:
            for ids in rows.in_chunks(rows.move(owned, made.loser_id, made.keeper_id)):
                MovedRows.objects.create(merge=made, owned=owned.name, row_ids=ids)
    return verbs


_REMEMBER = """
    INSERT INTO crm_alias (subject, kind, value, account_id, contact_id, created_at)
    VALUES (%(subject)s, %(kind)s, %(value)s, %(account)s, %(contact)s, %(now)s)
    ON CONFLICT (subject, kind, value) DO NOTHING RETURNING id
"""


def _remember(made: Merge, keeps: Any, goes: Any, changes: Mapping[str, Any], now: datetime) -> list[int]:
    """What the loser was known by finds the keeper from now on; the ids of the aliases."""
    known = [(Alias.Kind.ID, str(goes.pk))]
    known += [(Alias.Kind.EXTERNAL_ID, value) for value in _not_staying("external_id", keeps, goes, changes)]
    if isinstance(keeps, Contact):
        known += [(Alias.Kind.EMAIL, value) for value in _not_staying("email", keeps, goes, changes)]
    made_ids = []
    for kind, value in known:
        pointing = {"account": None, "contact": None} | {made.subject: keeps.pk}
        found = rows.ask(_REMEMBER, subject=made.subject, kind=kind, value=value, now=now, **pointing)
        made_ids += [row[0] for row in found]
    return made_ids


def _not_staying(name: str, keeps: Any, goes: Any, changes: Mapping[str, Any]) -> list[str]:
    stays = changes.get(name, getattr(keeps, name))
    return [value for row in (keeps, goes) if (value := getattr(row, name)) and value != stays]


def _as_json(row: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """Some of the row's columns, by column."""
    columns = [row._meta.get_field(name).column for name in names]
    found = rows.as_json(row._meta.db_table, row.pk)
    return {column: found[column] for column in columns}


def _tell(made: Merge, kept: Any, gone: str, lost: list[str], now: datetime) -> None:
    person = isinstance(kept, Contact)
    note = f"Not kept: {'; '.join(lost)}" if lost else ""
    fact = Fact(
        kept.account_id if person else kept.pk, f"{made.subject}.merged", f"{gone} was merged into {kept}", now,
        contact_id=kept.pk if person else None, source="person", actor_id=made.by_id,
        payload={"merge": made.pk} | ({"note": note} if note else {}),
    )  # fmt: skip
    record(fact, now=now)
