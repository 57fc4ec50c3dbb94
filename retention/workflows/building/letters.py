"""The words of a step as their readers will see them: what they may name, a look at them, and a letter to oneself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from crm.accounts.models import Account
from crm.fields import known
from crm.outbox import rendering
from crm.outbox.models import OutboundMessage
from crm.outbox.trying import outlook, write_to_oneself
from crm.team.models import User
from retention.workflows import naming
from retention.workflows.batch import Batch
from retention.workflows.building import checking, shapes
from retention.workflows.building.drafts import DraftError
from retention.workflows.definition import Definition
from retention.workflows.mail_facts import mail_facts
from retention.workflows.models import Enrollment

#: Letters to oneself in an hour: enough to try, too few to fill anybody's inbox.
TESTS_AN_HOUR = 20
_SAMPLE: dict[str, Any] = {
    "contact": {"first_name": "Robin", "last_name": "Sample", "name": "Robin Sample", "email": "robin@sample.example"},
    "account": {"name": "Sample & Co", "industry": "Retail", "use_case": "reporting", "custom": {}},
    "owner": {"name": "Alex Sample", "email": "alex@sample.example"},
    "contract": {"plan": "Standard", "starts_on": "1 January 2026", "ends_on": "31 December 2026", "mrr": "250.00",
                 "currency": "EUR"},
    "trigger": {},
}  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """A name that words may use. `otherwise`: what stands there where it is blank; blank itself: it never is."""

    name: str
    label: str
    otherwise: str = ""

    @property
    def liquid(self) -> str:
        return f'{{{{ {self.name} | default: "{self.otherwise}" }}}}' if self.otherwise else f"{{{{ {self.name} }}}}"


#: Over the names that begin so; those that begin otherwise are what other rooms know.
_HEADINGS = {
    "contact": "The reader", "account": "The customer", "owner": "Who looks after them", "contract": "The contract",
}  # fmt: skip
#: What stands where a fact may be blank.
_OTHERWISE = {
    "contact.first_name": "there", "contact.last_name": "friend", "contact.name": "there",
    "account.industry": "your field", "account.use_case": "your work", "owner.name": "Your team", "owner.email": "us",
    "contract.plan": "your plan", "contract.ends_on": "soon", "contract.starts_on": "recently",
    "contract.mrr": "your price", "contract.currency": " ",
}  # fmt: skip


def variables() -> list[tuple[str, list[Variable]]]:
    """By heading: the product's own, the fields that admins have made, and what other rooms know."""
    found: dict[str, list[Variable]] = {heading: [] for heading in [*_HEADINGS.values(), "Own fields", "More"]}
    for name, label in naming.offered():
        own = name.startswith("account.custom.")
        heading = "Own fields" if own else _HEADINGS.get(name.partition(".")[0], "More")
        otherwise = _OTHERWISE.get(name, "" if heading in _HEADINGS.values() else "…")
        found[heading].append(Variable(name, label[:1].upper() + label[1:], otherwise))
    return [(heading, group) for heading, group in found.items() if group]


@dataclass
class Look:
    subject: str = ""
    body: str = ""
    wrong: str = ""
    to: str = ""
    warnings: list[str] = field(default_factory=list)


def look(subject: str, body: str, facts: dict[str, Any], to: str, settings: dict[str, Any]) -> Look:
    """Filled in with these facts; what is wrong with the text is said instead."""
    found = Look(to=to, warnings=list(dict.fromkeys(warnings(subject, body, settings))))
    try:
        rendering.check(subject, body)
        found.subject, found.body = rendering.render(subject, body, facts)
    except rendering.TemplateError as error:
        found.wrong = checking.plain(str(error))
    return found


_PRINTED = re.compile(r"\{\{-?\s*([a-zA-Z_][\w.]*)([^}]*)\}\}")


def warnings(subject: str, body: str, settings: dict[str, Any]) -> Iterator[str]:
    """What would surprise a reader: a name that nobody knows, and one that may be blank with nothing in its place."""
    known_names = {one.name: one for _, group in variables() for one in group}
    roots = {name.partition(".")[0] for name in known_names if "." not in name}
    made = set(re.findall(r"\{%-?\s*(?:assign|capture|for)\s+(\w+)", subject + body))
    for name, rest in _PRINTED.findall(subject + "\n" + body):
        root = name.partition(".")[0]
        if root in made or root in roots or root in ("trigger", "forloop"):
            continue
        if root == "settings":
            if name.partition(".")[2] not in settings:
                yield f"“{name}” is no setting of this workflow. It stays blank."
        elif name not in known_names:
            yield f"“{name}” is not known here. It stays blank in every mail."
        elif known_names[name].otherwise and "default" not in rest:
            one = known_names[name]
            yield f"“{one.label}” may be blank for some. Say what stands there then: {one.liquid}"


def facts_for(data: dict[str, Any], account: Account | None, by: User, now: datetime) -> tuple[dict[str, Any], str]:
    """(what mails may name, who would read it). Of a customer as they are now, else of nobody in particular."""
    settings = data.get("settings") or {}
    if account is None:
        custom = {one.key: f"({one.name})" for one in known.fields("account")}
        sample = _SAMPLE | {name: f"({fact.label})" for name, fact in mail_facts.items()}
        return sample | {"settings": settings, "account": _SAMPLE["account"] | {"custom": custom}}, "a made-up reader"
    enrollment = Enrollment(account_id=account.pk, facts={}, entered_at=now, due_at=now)
    batch = Batch(slug="", definition=_speaking(data), enrollments=[enrollment], now=now)
    reader = batch.reader(enrollment)
    return batch.facts(
        enrollment
    ), f"{reader.name}, {account}" if reader else f"nobody: {account} has no e-mail on record"


def _speaking(data: dict[str, Any]) -> Definition:
    """Enough of a definition for a batch: all words of the draft, that it finds the facts that they name."""
    texts = [str(value) for step, _ in shapes.walk(data.get("steps") or []) for value in _texts(shapes.shell(step))]
    words = "\n".join(texts)
    step = type("Speaking", (), {"words": {"body": words}, "ways": (), "id": "words"})()
    return Definition.model_construct(name="", steps=[step], exits=[], goal=None, settings=data.get("settings") or {})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def send_to_oneself(subject: str, body: str, facts: dict[str, Any], by: User, now: datetime) -> str:
    """Plan it, and say what becomes of it. Raises DraftError."""
    lately = OutboundMessage.objects.filter(
        user=by, origin=OutboundMessage.TEST, created_at__gt=now - timedelta(hours=1)
    )
    if lately.count() >= TESTS_AN_HOUR:
        raise DraftError(f"You have sent yourself {TESTS_AN_HOUR} letters in the last hour. Look at those first.")
    try:
        rendering.check(subject, body)
    except rendering.TemplateError as error:
        raise DraftError(f"It cannot be sent as it is: {error}") from error
    if not subject.strip() or not body.strip():
        raise DraftError("Give it a subject and a text first.")
    write_to_oneself(by, f"workflow-words:{uuid4()}", (f"[Test] {subject}"[:300], body), now, facts)
    return outlook(by)
