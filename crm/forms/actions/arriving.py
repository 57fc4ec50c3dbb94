"""What somebody sends is kept first, raw, and once: the worker makes something of it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.forms.models import FormEntry, PublicForm
from crm.forms.targets import EMAIL
from crm.inbox import actions

#: The kind of such payloads, and their source.
KIND = "form"


@dataclass(frozen=True)
class Sent:
    """A form that was filled in and checked. `number`: what makes it one, however often it is sent."""

    number: str
    answers: Mapping[str, Any]  # by target, as JSON; files apart
    said: Mapping[str, str]  # in words, by label
    agreed: bool = False  # to the words on consent as the form has them now
    files: Sequence[Any] = ()  # uploaded ones
    source: Mapping[str, str] = field(default_factory=dict)
    door: str = FormEntry.Door.PAGE
    suspected: str = ""
    test: bool = False


@transaction.atomic
def store(form: PublicForm, sent: Sent, now: datetime) -> FormEntry | None:
    """Keep it. None: this was sent before."""
    consent = {"text": form.consent, "version": form.consent_version} if sent.agreed and form.consent else None
    body = {
        "form": form.pk, "answers": dict(sent.answers), "said": list(sent.said.items()), "consent": consent,
        "source": dict(sent.source), "files": [_packed(one) for one in sent.files],
    }  # fmt: skip
    headers = {"form": form.slug, "from": str(sent.answers.get(EMAIL, ""))}
    payload = actions.store(KIND, KIND, sent.number, json.dumps(body).encode(), headers, now)
    if payload is None:
        return None
    held = bool(sent.suspected) and not sent.test
    return FormEntry.objects.create(
        form=form, key=sent.number, payload_id=payload, received_at=now, door=sent.door, test=sent.test,
        suspected=sent.suspected, state=FormEntry.State.HELD if held else FormEntry.State.WAITING,
        source=dict(sent.source), consent=form.consent_version if consent else "",
    )  # fmt: skip


def _packed(file: Any) -> dict[str, str]:
    return {"name": str(file.name), "content": b64encode(file.read()).decode()}
