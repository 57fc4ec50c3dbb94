"""A person leaves the mail that was exchanged: their own goes, and in that of others their name and address."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.correspondence.models import IgnoredSender, Mail, MailThread
from crm.slots import Person
from crm.timeline.erasing import known_by, naming, without

_COLUMNS = {"subject": 300, "sender_name": 120, "text": 0}
_NEW = ", ".join(
    f"{name} = {f'left({without(name)}, {most})' if most else without(name)}" for name, most in _COLUMNS.items()
)
_NAMED = " OR ".join(naming(name) for name in [*_COLUMNS, "html", "recipients::text"])
# Where it was folded has moved with the words; without the mark all of it is shown. Names may hide in HTML behind tags
# and entities, so it goes, and its words stay.
_OTHERS = f"""
    UPDATE crm_mail SET {_NEW}, html = '', folded_at = NULL, recipients = {without("recipients::text")}::jsonb
    WHERE (account_id = ANY(%(accounts)s) OR account_id IS NULL) AND ({_NAMED})
"""  # noqa: S608  (columns of ours)
_THREADS = f"""
    UPDATE crm_mailthread SET subject = left({without("subject")}, 300)
    WHERE account_id = ANY(%(accounts)s) AND {naming("subject")}
"""  # noqa: S608  (columns of ours)


def forget_own(person: Person, now: datetime) -> None:
    """Mail to and from them, filed or not."""
    addresses = [word.lower() for word in person.words if "@" in word]
    Mail.objects.filter(contact=person.contact_id).delete()
    Mail.objects.filter(account=None, sender_address__in=addresses).delete()
    IgnoredSender.objects.filter(address__in=addresses).delete()


def forget_threads(person: Person, now: datetime) -> None:
    """Conversations in which nothing is left go too."""
    own = MailThread.objects.filter(contact=person.contact_id)
    own.filter(mails=None).delete()
    own.update(contact=None)


def forget_in_others(person: Person, now: datetime) -> None:
    """What others wrote that names them, and what nobody has filed."""
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, known_by(person))
        cursor.execute(_THREADS, known_by(person))
