"""The signed token in each page of a form: it makes one entry of what is sent twice, and says how long a page stood.

It needs no cookie, so that it works in a frame of any page. Nothing in it is secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from django.core import signing

from crm.forms.models import PublicForm

_SIGNER = signing.Signer(salt="crm.forms.token")


@dataclass(frozen=True)
class Token:
    """`number` is the entry's key. `again`: we asked for it once more, so that it may come at once."""

    number: str
    made_at: datetime
    again: bool = False
    consent: str = ""  # the version of the words that the page showed


def issue(form: PublicForm, now: datetime, number: str = "", *, again: bool = False) -> str:
    """For a page that is shown now; with a number, of an entry that was begun before."""
    said = [form.pk, number or uuid4().hex, int(now.timestamp()), again, form.consent_version]
    return _SIGNER.sign_object(said)


def read(form: PublicForm, token: str) -> Token | None:
    """None: it is none of ours, or another form's."""
    try:
        pk, number, made, again, consent = _SIGNER.unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Token(number, datetime.fromtimestamp(made, UTC), again, consent) if pk == form.pk else None
