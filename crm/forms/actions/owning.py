"""Whose turn it is: the customer's owner, one colleague, or a team in turn."""

from __future__ import annotations

from datetime import datetime

from crm import slots
from crm.accounts.models import Account
from crm.forms.models import FormEntry, PublicForm
from crm.team.models import User

Rule = PublicForm.OwnerRule


def owner_for(form: PublicForm, account: Account, now: datetime) -> User | None:
    """Who looks after what the form brings; None: it lies in the admins' pool."""
    if form.keeps_owner and account.owner and account.owner.is_active:
        return account.owner
    match form.owner_rule:
        case Rule.PERSON:
            return form.owner if form.owner and form.owner.is_active else None
        case Rule.TEAM:
            return _in_turn(form, now)
    return None


def _in_turn(form: PublicForm, now: datetime) -> User | None:
    """Whoever of the team got nothing of this form for the longest time, if they are there; else anyhow.

    Two entries of a form choose one after the other: the second sees what the first got.
    """
    if form.team is None:
        return None
    PublicForm.objects.select_for_update(no_key=True).get(pk=form.pk)
    people = {one.pk: one for one in form.team.members.filter(is_active=True)}
    away = {pk for absent in slots.absences for pk in absent(list(people), now)} if people else set()
    there = people.keys() - away or people.keys()
    turns = FormEntry.objects.filter(form=form, owner__in=there).order_by("owner", "-id").distinct("owner")
    latest = dict(turns.values_list("owner", "id"))
    return people[min(there, key=lambda pk: (latest.get(pk, 0), pk))] if there else None
