"""Whether an address gets nothing any more: a field of people, and the audit's check of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, Func, OuterRef, Q, TextField

from crm.outbox.models import Suppression
from crm.slots import DataCheck, FilterField, data_checks, filter_subjects


class AddressDigest(Func):
    """`Suppression.digest` in SQL, of an address in lower case."""

    template = "('sha256:' || encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex'))"
    output_field = TextField()


def _suppressed(argument: str | None, now: datetime) -> Any:
    known = Q(address=OuterRef("email")) | Q(address=AddressDigest(OuterRef("email")))
    return Exists(Suppression.objects.filter(known))


def register_checks() -> None:
    filter_subjects["contact"].fields.register(
        "suppressed", FilterField("E-mail bounced or suppressed", "bool", _suppressed)
    )
    data_checks.register(
        "suppressed",
        DataCheck(
            "whose e-mail bounced or is suppressed", "contact", "People",
            {"field": "suppressed", "op": "is", "value": True},
            "We believe that we write to them, and nothing arrives.",
            "Ask for another address. The mail page says why each one gets nothing.",
            among={"field": "has_email", "op": "is", "value": True}, action="Open them", weight=3,
        ),
    )  # fmt: skip
