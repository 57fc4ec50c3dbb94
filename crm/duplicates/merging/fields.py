"""The values of the record that stays: which of two is kept by default, and what a person may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Field, GeneratedField, JSONField, Model

from crm.accounts.models import Account, Contact
from crm.duplicates import rules
from crm.fields import known
from crm.fields.rules import Definition
from crm.web import wording

#: Worked out by others from what moves, or never of two minds.
_NOT_OURS: dict[type[Model], frozenset[str]] = {
    Account: frozenset({"id", "updated_at", "lifecycle", "customer_since", "mrr", "renews_on"}),
    Contact: frozenset({"id", "updated_at", "account", "match_phone"}),
}
#: Names it elsewhere: the keeper's stays, and the other one leads to it.
_KEEPERS = frozenset({"external_id"})
#: What the one that stays is called is its own, unless somebody says otherwise.
_ITS_OWN = frozenset({"name", "first_name", "last_name", "email"})
_EARLIER = frozenset({"created_at", "signed_up_on"})
_LATER = frozenset({"automation_paused_until", "mail_paused_until"})
#: Why automation rests goes with until when it does.
_WITH_THE_LATER = {"automation_paused_why": "automation_paused_until"}
#: Whoever wants mail less often gets it less often.
_SELDOM = {"mail_pace": ("monthly", "weekly", "")}
_SUMS = frozenset({"lifetime_spend"})
#: A stop of either holds for the one that stays.
_EITHER = frozenset({"do_not_contact"})


@dataclass(frozen=True)
class Choice:
    """A field that both records have filled, and differently: one of two values stays."""

    name: str
    label: str
    keeper: str  # as people read it
    loser: str
    chosen: str  # keeper | loser


def _fields(model: type[Model]) -> list[Field[Any, Any]]:
    left = _NOT_OURS[model]
    return [field for field in model._meta.concrete_fields
            if field.name not in left and not isinstance(field, GeneratedField)]  # fmt: skip


def _is_asked(field: Field[Any, Any]) -> bool:
    """Whether one of two values has to go, and no rule says which."""
    ruled = _KEEPERS | _EARLIER | _LATER | _SUMS | _EITHER | {"is_primary", "email_consent", "parent"}
    ruled |= _WITH_THE_LATER.keys() | _SELDOM.keys()
    return field.name not in ruled and not isinstance(field, (ArrayField, JSONField))


def sides(keeper: Model, loser: Model) -> tuple[rules.Side, rules.Side]:
    names = [field.attname for field in keeper._meta.concrete_fields]
    return tuple(  # type: ignore[return-value]
        rules.Side({name: getattr(row, name) for name in names} | _own(row), row.updated_at)  # type: ignore[attr-defined]
        for row in (keeper, loser)
    )


def _own(row: Any) -> dict[str, Any]:
    """What the record holds in fields that admins have made, by `_name`."""
    return {_name(of): row.custom.get(of.key) for of in _made(type(row))}


def _made(model: type[Model]) -> tuple[Definition, ...]:
    return known.every(str(model._meta.model_name))


def _name(of: Definition) -> str:
    return f"custom.{of.key}"


def choices(keeper: Any, loser: Any) -> list[Choice]:
    """What a person is asked, with the default chosen."""
    ours, theirs = sides(keeper, loser)
    found = []
    for field in _fields(type(keeper)):
        mine, other = ours.values[field.attname], theirs.values[field.attname]
        if _is_asked(field) and mine != other and not (rules.is_blank(mine) or rules.is_blank(other)):
            label = _LABELS.get(field.name) or str(field.verbose_name).capitalize()
            chosen = _default(field, ours, theirs)
            found.append(Choice(field.name, label, _said(keeper, field), _said(loser, field), chosen))
    for of in _made(type(keeper)):
        mine, other = ours.values[_name(of)], theirs.values[_name(of)]
        if _is_of_two_minds(of, mine, other) and not of.archived:
            chosen = rules.better(ours, theirs, _name(of))
            found.append(Choice(_name(of), of.name, of.said(mine), of.said(other), chosen))
    return found


def _is_of_two_minds(of: Definition, mine: Any, other: Any) -> bool:
    """Whether one of two values has to go. Of several choices both stay."""
    return of.type != "choices" and mine != other and None not in (mine, other)


_LABELS = {"email": "E-mail", "primary_use_case": "Primary use case", "timezone": "Time zone", "goal_state": "Goal"}


def _said(row: Any, field: Field[Any, Any]) -> str:
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    value = getattr(row, field.name)
    if isinstance(value, datetime | date):
        return wording.day(value)
    return str(value)


def settled(keeper: Any, loser: Any, chosen: Mapping[str, str]) -> dict[str, Any]:
    """The keeper's columns that change, by attribute name. `chosen`: field → keeper | loser, where somebody said so."""
    ours, theirs = sides(keeper, loser)
    values = {field.attname: _one(field, ours, theirs, chosen) for field in _fields(type(keeper))}
    values["custom"] = _own_settled(type(keeper), ours, theirs, chosen)
    if isinstance(keeper, Contact):
        taken = "loser" if values["email"] == loser.email != keeper.email else "keeper"
        first, second = (loser, keeper) if taken == "loser" else (keeper, loser)
        values["email_consent"] = rules.consent(first.email_consent, second.email_consent)
        same = keeper.account_id == loser.account_id
        values["is_primary"] = keeper.is_primary or (loser.is_primary and same)
    if isinstance(keeper, Account) and values["parent_id"] in (keeper.pk, loser.pk):
        values["parent_id"] = None
    return {name: value for name, value in values.items() if value != ours.values[name]}


def _one(field: Field[Any, Any], ours: rules.Side, theirs: rules.Side, chosen: Mapping[str, str]) -> Any:
    mine, other = ours.values[field.attname], theirs.values[field.attname]
    name = field.name
    if name in _EARLIER:
        return rules.earlier(mine, other)
    if name in _LATER:
        return rules.later(mine, other)
    if name in _SUMS:
        return mine + other
    if name in _EITHER:
        return mine or other
    if name in _KEEPERS:
        return mine or other
    if name in _SELDOM:
        return min(mine, other, key=_SELDOM[name].index)
    if until := _WITH_THE_LATER.get(name):
        return mine if ours.values[until] == rules.later(ours.values[until], theirs.values[until]) else other
    if isinstance(field, ArrayField):
        return rules.both(mine, other)
    if isinstance(field, JSONField):
        return {**other, **mine} if isinstance(mine, dict) and isinstance(other, dict) else mine
    # Somebody chose between two filled values; nobody is asked where one is blank.
    asked = not (rules.is_blank(mine) or rules.is_blank(other))
    side = (chosen.get(name) if asked else None) or _default(field, ours, theirs)
    return other if side == "loser" else mine


def _own_settled(
    model: type[Model], ours: rules.Side, theirs: rules.Side, chosen: Mapping[str, str]
) -> dict[str, Any]:  # fmt: skip
    """The fields that admins have made: filled beats blank, and of two values the one that was chosen."""
    made = {**theirs.values["custom"], **ours.values["custom"]}
    for of in _made(model):
        mine, other = ours.values[_name(of)], theirs.values[_name(of)]
        if of.type == "choices" and mine and other:
            made[of.key] = [code for code in of.by_code if code in {*mine, *other}]
        elif _is_of_two_minds(of, mine, other):
            side = chosen.get(_name(of)) or rules.better(ours, theirs, _name(of))
            made[of.key] = other if side == "loser" else mine
    return made


def _default(field: Field[Any, Any], ours: rules.Side, theirs: rules.Side) -> str:
    """Whose value stays if nobody says: keeper | loser."""
    if field.name in _ITS_OWN and not rules.is_blank(ours.values[field.attname]):
        return "keeper"
    return rules.better(ours, theirs, field.attname)


def given_up(keeper: Any, loser: Any, changes: Mapping[str, Any]) -> list[str]:
    """“Phone: +49 30 1234567” for each filled value that is not the keeper's any more: told on the timeline."""
    gone = []
    for field in _fields(type(keeper)):
        if not _is_asked(field):
            continue
        stays = changes.get(field.attname, getattr(keeper, field.attname))
        for row in (keeper, loser):
            value = getattr(row, field.attname)
            if not rules.is_blank(value) and value != stays:
                gone.append(f"{_LABELS.get(field.name) or str(field.verbose_name).capitalize()}: {_said(row, field)}")
    stays = changes.get("custom", keeper.custom)
    for of in _made(type(keeper)):
        for row in (keeper, loser):
            value = row.custom.get(of.key)
            if value is not None and of.type != "choices" and value != stays.get(of.key):
                gone.append(f"{of.name}: {of.said(value)}")
    return gone
