"""Who of ours a step is for: the customer's owner, one colleague, or a team in turn or by load. Nobody who is away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from django.db.models import Count
from pydantic import Field, model_validator

from crm import slots
from crm.team.models import Team, User
from crm.todos.models import Task
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.definition import Step
from retention.workflows.models import Enrollment, Turn

#: A group of ours, as a definition writes it: “team:3” or “role:manager”.
Group = Annotated[str, Asks("group"), Field(pattern=r"^(team:[1-9]\d{0,17}|role:(admin|manager|agent))$")]


class Addressed(Step):
    """A step that is for somebody of ours; `to` is narrowed by each."""

    to: str = "owner"
    person: Annotated[int | None, Asks("user")] = Field(None, title="Who", ge=1)
    group: Group | None = Field(None, title="Team or role")

    @model_validator(mode="after")
    def _names_whom(self) -> Addressed:
        if self.to == "person" and self.person is None:
            raise ValueError("say which person")
        if self.to not in ("owner", "person") and self.group is None:
            raise ValueError("say which team or role")
        return self

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from super().faults()
        if self.to == "person" and not User.objects.filter(pk=self.person or 0, is_active=True).exists():
            yield "person", "nobody with an active sign-in has this number"
        if self.to not in ("owner", "person") and self.group and not _members(self.group):
            yield "group", "there is nobody in this team or role"


class ForOne(Addressed):
    """For one of ours."""

    to: Literal["owner", "person", "turn", "least"] = Field(
        "owner",
        title="For",
        description="In turn: whoever of the team got none for the longest. Least: whoever has the fewest open tasks.",
        json_schema_extra={"labels": {
            "owner": "The customer’s owner", "person": "One person", "turn": "A team, in turn",
            "least": "Whoever has least to do",
        }},
    )  # fmt: skip


def _members(group: str) -> list[User]:
    """Active ones, in the order of their ids."""
    kind, _, which = group.partition(":")
    users = User.objects.filter(is_active=True)
    users = users.filter(memberships__team=int(which)) if kind == "team" else users.filter(role=which)
    return list(users.order_by("pk"))


def there(group: str, batch: Batch) -> list[User]:
    """Those of the group who are not away; if all are, all of them: somebody must see it in the end."""
    return _not_away(_members(group), batch)


def _not_away(people: list[User], batch: Batch) -> list[User]:
    ids = [user.pk for user in people]
    away = {pk for absent in slots.absences for pk in absent(ids, batch.now)} if ids else set()
    return [user for user in people if user.pk not in away] or people


def whose(step: ForOne, enrollments: Sequence[Enrollment], batch: Batch) -> dict[int, User | None]:
    """Enrollment id → who gets it; None: nobody, it lies in the admins' pool.

    A named person who has left gives way to the customer's owner, and so does a team that has nobody any more.
    """
    owners = {e.pk: batch.accounts[e.account_id].owner for e in enrollments}
    if step.to == "person":
        person = User.objects.filter(pk=step.person or 0, is_active=True).first()
        return dict.fromkeys(owners, person) if person else owners
    people = there(step.group, batch) if step.to in ("turn", "least") and step.group else []
    return _dealt(step, people, enrollments, batch) if people else owners


def _dealt(step: ForOne, people: list[User], enrollments: Sequence[Enrollment], batch: Batch) -> dict[int, User | None]:
    """One after the other, by the ids of the enrollments. Batches of one workflow deal one after the other, too."""
    turns = _turns(batch)
    last = turns.last.get(step.id, 0)
    held = dict.fromkeys([user.pk for user in people], 0)
    if step.to == "least":
        open_ones = Task.objects.filter(owner__in=people, done_at=None).order_by()
        held |= dict(open_ones.values_list("owner").annotate(Count("pk")))
        for _, task in batch.tasks:
            if task["owner_id"] in held:
                held[task["owner_id"]] += 1
    found: dict[int, User | None] = {}
    for enrollment in sorted(enrollments, key=lambda row: row.pk):
        # In turn: the next id after the last one; among those who have the fewest, in turn, too.
        chosen = min(people, key=lambda user: (held[user.pk] if step.to == "least" else 0, user.pk <= last, user.pk))
        found[enrollment.pk], last = chosen, chosen.pk
        held[chosen.pk] += 1
    turns.last[step.id] = last
    if turns.pk:
        turns.save(update_fields=["last"])
    return found


def _turns(batch: Batch) -> Turn:
    """The row of the workflow, ours until the end of the transaction; a rehearsal keeps its own in its batch."""
    if batch.turns is None:
        if batch.rehearses:
            kept = Turn.objects.filter(workflow=batch.workflow_id).values_list("last", flat=True).first()
            batch.turns = Turn(workflow_id=batch.workflow_id, last=kept or {})
        else:
            Turn.objects.bulk_create([Turn(workflow_id=batch.workflow_id)], ignore_conflicts=True)
            batch.turns = Turn.objects.select_for_update(no_key=True).get(workflow=batch.workflow_id)
    return batch.turns


def whom(step: Addressed) -> str:
    """Inside a sentence: “the owner”, “Mira Jones”, “Success, in turn”."""
    if step.to == "person":
        return str(User.objects.filter(pk=step.person or 0).first() or "somebody who is gone")
    if step.to == "owner" or not step.group:
        return "the owner"
    kind, _, which = step.group.partition(":")
    name = str(Team.objects.filter(pk=int(which)).first() or "a team that is gone") if kind == "team" else _ROLES[which]
    return name + {"turn": ", in turn", "least": ", whoever has least to do"}.get(step.to, "")


_ROLES = {"admin": "the admins", "manager": "the account managers", "agent": "the support agents"}
