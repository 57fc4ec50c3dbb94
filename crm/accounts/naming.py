"""How people name a customer in a form: by typing, with suggestions, and by a number where two share a name."""

from __future__ import annotations

import re

from django.db.models.functions import Lower
from django.forms import ValidationError

from crm.accounts.models import Account
from crm.team.models import User

#: A customer whose name another one has too is written with its number: "Nordwind #12".
_NUMBERED = re.compile(r"^(?P<name>.*\S)\s+#(?P<id>\d{1,18})$")


def customers_like(typed: str, viewer: User, limit: int = 8) -> list[str]:
    """How customers whose names begin with `typed` are written in the form, one index range of the name."""
    start = typed.strip().lower()
    if not start or "\0" in start:  # no name has a NUL, and Postgres takes none
        return []
    names = Account.objects.visible_to(viewer).annotate(lower=Lower("name")).filter(lower__gte=start)
    rows = [
        (pk, name)
        for pk, name in names.order_by("lower", "id").values_list("pk", "name")[: limit * 3]
        if name.lower().startswith(start)
    ][:limit]
    written = [name for _, name in rows]
    return [name if written.count(name) == 1 else f"{name} #{pk}" for pk, name in rows]


def customer_named(typed: str, viewer: User) -> Account:
    """The customer that the words mean. Raises ValidationError with a remedy."""
    visible = Account.objects.visible_to(viewer).annotate(lower=Lower("name"))
    found = list(visible.filter(lower=typed.strip().lower()).order_by("id")[:2])
    if not found and (numbered := _NUMBERED.match(typed.strip())):
        found = list(visible.filter(pk=int(numbered["id"]), lower=numbered["name"].lower()))
    if not found:
        raise ValidationError(f"No customer of yours is called “{typed}”. Choose one from the list.")
    if len(found) == 2:
        raise ValidationError(
            f"Several customers are called “{typed}”. Add the number, as in “{typed} #{found[0].pk}”."
        )
    return found[0]
