"""What steps read and write by the thousand, as plain rows: model instances take longer than the database does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from crm.accounts.models import Contact
from crm.team.models import User


@dataclass(slots=True)
class Customer:
    """An account, as far as steps look at it."""

    id: int
    name: str
    industry: str
    use_case: str
    timezone: str
    language: str
    custom: dict[str, Any]
    owner: User | None


@dataclass(slots=True)
class Reader:
    """A contact, as far as steps look at who reads."""

    pk: int
    account_id: int
    first_name: str
    last_name: str
    email: str | None
    timezone: str
    language: str

    @property
    def name(self) -> str:
        return Contact.named(self.first_name, self.last_name, self.email)


OF_A_READER = ("id", "account_id", "first_name", "last_name", "email", "timezone", "language")


@dataclass(slots=True)
class Term:
    """A booked term of a contract, as far as mails speak of it."""

    contract_id: int
    status: str
    plan: str
    currency: str
    starts_on: date
    ends_on: date | None
    mrr: Decimal

    def covers(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


@dataclass(slots=True)
class Run:
    """What a step did, to be written as a StepRun."""

    enrollment_id: int
    step_id: str
    visit: int
    kind: str
    outcome: str
    detail: dict[str, Any]

    @property
    def key(self) -> str:
        """Of enrollment, step and visit, never of the version: a moved enrollment does not send again."""
        return f"workflow:{self.enrollment_id}:{self.step_id}:{self.visit}"
