"""A person leaves what billing systems said: their name and address there, and in the facts that said them."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.slots import Person
from crm.timeline.erasing import known_by, naming

# Those of their customers, and those that nobody has linked yet, of which there are few. Ids, amounts and days stay.
_THEIRS = f"""
    SELECT id FROM crm_billingcustomer WHERE (account_id = ANY(%(accounts)s) OR account_id IS NULL)
        AND ({naming("name")} OR {naming("email")})
"""  # noqa: S608  (columns of ours)
_FORGET = (
    f"""
    UPDATE crm_billingfact f SET said = said - 'name' - 'email' FROM crm_billingobject o
    WHERE o.id = f.about_id AND o.kind = 'customer' AND o.customer_id IN ({_THEIRS})
    """,  # noqa: S608
    f"""
    UPDATE crm_billingobject SET state = state - 'name' - 'email'
    WHERE kind = 'customer' AND customer_id IN ({_THEIRS})
    """,  # noqa: S608
    f"UPDATE crm_billingcustomer SET name = '', email = '' WHERE id IN ({_THEIRS})",  # noqa: S608
)


def forget_in_billing(person: Person, now: datetime) -> None:
    """What was linked stays linked: an id at a billing system names nobody here."""
    with connection.cursor() as cursor:
        for statement in _FORGET:
            cursor.execute(statement, known_by(person))
