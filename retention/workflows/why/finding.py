"""What an address asks: about whom, and about which workflow and step; and whom a search may mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.accounts.models import Account, Contact
from crm.team.models import User
from retention.workflows import published, recipes, wording
from retention.workflows.definition import Definition, walk
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError
from retention.workflows.why import asking
from retention.workflows.why.answers import Answer

#: So many are offered for what was typed, the best of those that were looked at of each kind.
MATCHES = 10
LOOKED_AT = 40


class NotFound(ValueError):
    """The address names something that is not there, or not for this person."""


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody whom the search may mean."""

    account_id: int
    contact_id: int | None
    name: str
    second: str


def matches(viewer: User, text: str) -> list[Match]:
    """Customers and people whose names hold the text, those that begin with it first."""
    text = text.strip()
    if not text:
        return []
    accounts = Account.objects.visible_to(viewer).called(text).order_by().values_list("id", "name", "domain")
    found = [Match(pk, None, name, domain) for pk, name, domain in accounts[:LOOKED_AT]]
    for one in Contact.objects.visible_to(viewer).called(text).order_by().select_related("account")[:LOOKED_AT]:
        found.append(Match(one.account_id, one.pk, str(one), one.account.name))
    found.sort(key=lambda one: (not one.name.casefold().startswith(text.casefold()), one.name.casefold()))
    return found[:MATCHES]


def options() -> list[tuple[str, str]]:
    """All workflows by slug, those that were never switched on too."""
    known = dict(Workflow.objects.values_list("slug", "name"))
    for slug in recipes.names():
        known.setdefault(slug, recipes.load(slug).with_settings({}, to_run=False).name)
    return sorted(known.items(), key=lambda one: one[1].casefold())


def workflow(slug: str) -> tuple[Workflow, Definition]:
    """The workflow, an unsaved one for a recipe that was never switched on, and what it does. Raises NotFound."""
    found = Workflow.objects.select_related("version").filter(slug=slug).first()
    if found and found.version_id:
        return found, published.of_version(found.version_id)
    try:
        plan = recipes.load(slug).with_settings(found.settings if found else {}, to_run=False)
    except RecipeError:
        raise NotFound(f"There is no workflow {slug!r}.") from None
    return found or Workflow(slug=slug, name=plan.name), plan


def person(viewer: User, account_id: str, contact_id: str) -> tuple[Account, Contact | None]:
    """Raises NotFound, also for those whom this person does not see."""
    rows = Account.objects.visible_to(viewer).select_related("owner")
    account = rows.filter(pk=int(account_id)).first() if account_id.isdecimal() and len(account_id) < 18 else None
    if account is None:
        raise NotFound("There is no such customer.")
    if not contact_id:
        return account, None
    people = Contact.objects.visible_to(viewer).filter(account=account)
    contact = people.filter(pk=int(contact_id)).first() if contact_id.isdecimal() and len(contact_id) < 18 else None
    if contact is None:
        raise NotFound("There is no such person at this customer.")
    return account, contact


def steps(plan: Definition) -> Sequence[tuple[str, str]]:
    return [(step.id, wording.line(step).title) for step in walk(plan.steps)]


def answer(viewer: User, of: tuple[Workflow, Definition], who: tuple[Account, Contact | None], step_id: str,
           now: datetime) -> Answer:  # fmt: skip
    """Raises NotFound for a step that the workflow does not have."""
    step: Any = of[1].by_id.get(step_id) if step_id else None
    if step_id and step is None:
        raise NotFound(f"The workflow has no step {step_id!r}.")
    return asking.answer(asking.Asked(*of, *who, step, now, viewer))
