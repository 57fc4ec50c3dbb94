"""What can be done to many customers or people at once: owner, tags, fields, whether they may be contacted.

Each verb is one statement over rows that it has locked in the order of their ids, and leaves alone what is so already.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db import connection
from django.db.models import Q
from django.urls import reverse

from crm.accounts import rules
from crm.accounts.models import Account, Contact
from crm.history.actions import present_act
from crm.history.models import Act, Run
from crm.history.undoing import Undone, undoers
from crm.slots import BulkAction, bulk_actions, tell
from crm.team.models import User
from crm.web.fields import ZoneField

_LONGEST_TAG = 60


class ViewedForm(forms.Form):
    """What a bulk act asks `viewer`."""

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.viewer = viewer


class OwnerForm(ViewedForm):
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody", label="New owner")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, viewer=viewer, **more)
        active = User.objects.filter(is_active=True).order_by("name", "id")
        self.fields["owner"].queryset = active  # type: ignore[attr-defined]
        self.fields["owner"].initial = viewer.pk


class TagsForm(ViewedForm):
    tags = forms.CharField(max_length=400, label="Tags", help_text="Several with commas between them.")

    def clean_tags(self) -> list[str]:
        tags = rules.tag_list(self.cleaned_data["tags"])
        if not tags:
            raise forms.ValidationError("Name at least one tag.")
        if any(len(tag) > _LONGEST_TAG for tag in tags):
            raise forms.ValidationError(f"A tag has at most {_LONGEST_TAG} characters.")
        return tags


class FieldsForm(ViewedForm):
    """Fields that are the same for many; what identifies one customer is not among them."""

    industry = forms.CharField(max_length=80, required=False)
    country = forms.ChoiceField(choices=lambda: [("", "As it is"), *rules.country_choices()[1:]], required=False)
    timezone = ZoneField()
    language = forms.CharField(max_length=10, required=False, help_text="Such as en, de or pt-BR.")
    kind = forms.ChoiceField(choices=[("", "As it is"), *Account.Kind.choices], required=False)
    suitability = forms.ChoiceField(
        choices=[("", "As it is"), *(choice for choice in Account.Suitability.choices if choice[0])], required=False,
        label="Fit",
    )  # fmt: skip
    primary_use_case = forms.CharField(max_length=200, required=False, label="Primary use case")

    def clean(self) -> dict[str, Any]:
        chosen = {name: value for name, value in (super().clean() or {}).items() if value}
        if not chosen and not self.errors:
            raise forms.ValidationError("Fill in at least one field. What is left empty stays as it is.")
        return chosen


class ContactingForm(ViewedForm):
    stop = forms.TypedChoiceField(
        choices=[("yes", "Do not contact them"), ("no", "They may be contacted again")],
        coerce=lambda text: text == "yes", widget=forms.RadioSelect, initial="yes", label="Service and marketing mail",
        help_text="Replies and receipts always reach them.",
    )  # fmt: skip


class RolesForm(ViewedForm):
    roles = forms.MultipleChoiceField(
        choices=Contact.Role.choices, widget=forms.CheckboxSelectMultiple, label="Add these roles"
    )


def assign(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    owner = data["owner"]
    others = Q(owner__isnull=False) if owner is None else Q(owner=None) | ~Q(owner=owner)
    changed = _update(Account, ids, others, now, owner=owner)
    if changed and owner:
        _tell_owner(owner, changed, by, now)
    return changed


def _tell_owner(owner: User, changed: int, by: User, now: datetime) -> None:
    """Once for the whole act: of one that comes slice by slice the first one says it, without a number."""
    doing = present_act()
    sliced = doing is not None and Run.objects.filter(act=doing).exists()
    many = "many customers" if sliced else f"{changed:,} customer{'' if changed == 1 else 's'}"
    url = reverse("accounts:list") + "?owner=me"
    key = f"owner:{doing.pk}:{owner.pk}" if doing else None
    tell([owner], "account.assigned", f"{by} made you the owner of {many}", url, now, key=key, by=by)


def set_fields(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    differing = Q()
    for name, value in data.items():
        differing |= ~Q(**{name: value})
    return _update(Account, ids, differing, now, **data)


def set_contacting(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    changed = _update(Account, ids, ~Q(do_not_contact=data["stop"]), now, do_not_contact=data["stop"])
    _look_again(ids, now)
    return changed


def set_contacting_of_people(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    return _update(Contact, ids, ~Q(do_not_contact=data["stop"]), now, do_not_contact=data["stop"])


def _look_again(account_ids: Sequence[int], now: datetime) -> None:
    """A sender that has cleared a letter hands it over only if its reader's row is as it was then."""
    Contact.objects.filter(account__in=account_ids).update(updated_at=now)


def contacting_undone(act: Act, by: User | None, now: datetime) -> Undone:
    with connection.cursor() as cursor:
        cursor.execute(_READERS, {"act": act.pk, "now": now})
    return Undone(0)


_READERS = """
    UPDATE crm_contact SET updated_at = %(now)s
    WHERE account_id IN (SELECT pgh_obj_id FROM crm_accountchange WHERE act_id = %(act)s)
"""


def _update(model: Any, ids: Sequence[int], differing: Q, now: datetime, **values: Any) -> int:
    rows = model.objects.filter(pk__in=locked(model, ids)).filter(differing)
    return int(rows.update(**values, updated_at=now))


def locked(model: Any, ids: Sequence[int]) -> list[int]:
    """In the order of ids, so that two who change the same rows wait for each other and never for both."""
    rows = model.objects.filter(pk__in=ids).order_by("pk").select_for_update()
    return list(rows.values_list("pk", flat=True))


#: To and from a column with a list, of the rows `ids`.
_ADDING = """
    UPDATE {table} SET updated_at = %(now)s,
        {column} = {column} || ARRAY(SELECT new FROM unnest(%(values)s::varchar[]) AS new WHERE new <> ALL({column}))
    WHERE id = ANY(%(ids)s) AND NOT {column} @> %(values)s::varchar[]
"""
_REMOVING = """
    UPDATE {table} SET updated_at = %(now)s, {column} = ARRAY(
        SELECT kept FROM unnest({column}) WITH ORDINALITY AS present(kept, place)
        WHERE kept <> ALL(%(values)s) ORDER BY place)
    WHERE id = ANY(%(ids)s) AND {column} && %(values)s::varchar[]
"""


def tagging(model: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """To add tags to rows of a table, and to remove them: label, icon, verb, what is said of it, form, of each."""

    def add(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
        return change_list(_ADDING, model, "tags", ids, data["tags"], now)

    def remove(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
        return change_list(_REMOVING, model, "tags", ids, data["tags"], now)

    return (
        ("Add tags", "tag", add, lambda data, rows: f"tagged {rows} with {', '.join(data['tags'])}", TagsForm),
        ("Remove tags", "tags", remove, lambda data, rows: f"removed {', '.join(data['tags'])} from {rows}", TagsForm),
    )


def add_roles(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    return change_list(_ADDING, Contact, "roles", ids, data["roles"], now)


def change_list(
    statement: str, model: Any, column: str, ids: Sequence[int], values: Sequence[str], now: datetime
) -> int:  # fmt: skip
    """_ADDING or _REMOVING values in a column with a list. Returns how many rows had to change."""
    named: dict[str, Any] = {"ids": locked(model, ids), "values": list(values), "now": now}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(table=model._meta.db_table, column=column), named)
        return int(cursor.rowcount)


def _told(data: dict[str, Any]) -> str:
    words = {"suitability": "fit", "timezone": "time zone", "primary_use_case": "primary use case"}
    return ", ".join(f"{words.get(name, name)} to {value}" for name, value in data.items())


def _contacting(data: dict[str, Any], rows: str) -> str:
    return f"asked not to contact {rows}" if data["stop"] else f"let {rows} be contacted again"


def register_bulk() -> None:
    for order, (name, action) in enumerate(_ACTIONS.items()):
        subject = name.partition(".")[0]
        label, icon, run, past, form = action
        bulk_actions.register(name, BulkAction(label, icon, subject, run, past, form, order=10 * order))
    undoers.register("bulk.contacting", contacting_undone)
    undoers.register("redo.bulk.contacting", contacting_undone)


_TAG, _UNTAG = tagging(Account)
_ACTIONS: dict[str, tuple[str, str, Any, Any, type[forms.Form]]] = {
    "account.owner": (
        "Assign owner", "user-round", assign, lambda data, rows: f"assigned {rows} to {data['owner'] or 'nobody'}",
        OwnerForm,
    ),
    "account.tag": _TAG,
    "account.fields": (
        "Set fields", "pencil", set_fields, lambda data, rows: f"set {_told(data)} for {rows}", FieldsForm,
    ),
    "account.untag": _UNTAG,
    "account.contacting": ("Stop or allow mail", "bell-off", set_contacting, _contacting, ContactingForm),
    "contact.role": (
        "Add roles", "user-round-cog", add_roles,
        lambda data, rows: f"gave {rows} the role {', '.join(data['roles'])}", RolesForm,
    ),
    "contact.contacting": ("Stop or allow mail", "bell-off", set_contacting_of_people, _contacting, ContactingForm),
}  # fmt: skip
