"""What a person's copy must not tell: who else there is, at their customer and among us."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q

from crm.accounts.models import Contact
from crm.team.models import User

SOMEBODY, ONE_OF_US, AN_ADDRESS = "another person", "one of us", "another address"

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
#: Shorter surnames are words like others.
_LONG_ENOUGH = 3


class Others:
    """Takes others out of whatever is told to the person, texts and values alike."""

    def __init__(self, contact: Contact, data: Any) -> None:
        said = "\n".join(_texts(data)).lower()
        own = {contact.email or "", contact.first_name.lower(), contact.last_name.lower(), str(contact).lower()}
        people = Contact.objects.filter(account=contact.account_id).exclude(pk=contact.pk)
        people = people.filter(Q(first_name__gt="") | Q(last_name__gt="") | Q(email__isnull=False))
        found: dict[str, str] = {}
        surnames: set[str] = set()
        for first, last, email, phone in people.values_list("first_name", "last_name", "email", "phone").iterator():
            whole = f"{first} {last}".strip()
            found |= {word.lower(): SOMEBODY for word in (whole, email, phone) if word and word.lower() in said}
            if len(last) >= _LONG_ENOUGH and last.lower() in said and last.lower() not in own:
                surnames.add(last)
        for name, email in User.objects.values_list("name", "email"):
            found |= {word.lower(): ONE_OF_US for word in (name, email) if word and word.lower() in said}
        self.own = own
        self.found = {word: stand_in for word, stand_in in found.items() if word not in own}
        # The longest first, so that a whole name is one; a surname alone counts only as it is written.
        self.words = _any(self.found, re.IGNORECASE)
        self.surnames = _any(surnames, 0)

    def without(self, value: Any) -> Any:
        """The same, saying nothing of others."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {key: self.without(part) for key, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.without(part) for part in value]
        return value

    def _text(self, text: str) -> str:
        if self.words:
            text = self.words.sub(lambda match: self.found[match[0].lower()], text)
        if self.surnames:
            text = self.surnames.sub(SOMEBODY, text)
        return _ADDRESS.sub(lambda match: match[0] if match[0].lower() in self.own else AN_ADDRESS, text)


def _any(words: Any, flags: int) -> re.Pattern[str] | None:
    if not words:
        return None
    listed = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)", flags)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, (list, tuple)):
        return [text for part in value for text in _texts(part)]
    return []
