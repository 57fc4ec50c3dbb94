"""All that is known about a person, for the person: a page in plain words, their files, and the same as JSON."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.files.storage import default_storage
from django.db.models import GeneratedField
from django.template.loader import render_to_string

from crm import slots
from crm.accounts.models import Contact
from crm.fields.known import every
from crm.privacy import consent
from crm.privacy.others import Others
from crm.web import clock, wording
from crm.web.encoding import dumps

#: Ours to work with, and nothing about the person.
_INNER = frozenset({"match_phone", "updated_at"})
#: What stands on the page of their own record, in this order, by the words it has there.
_WORDS = {
    "first_name": "First name", "last_name": "Last name", "account": "You are with", "title": "Job title",
    "email": "E-mail", "phone": "Phone", "birthday": "Birthday", "language": "Language", "timezone": "Time zone",
    "roles": "Your part there", "is_primary": "We write to you first", "do_not_contact": "We leave you alone",
    "created_at": "Known to us since",
}  # fmt: skip
_CONSENT = {
    "yes": "You have agreed to mail from us.", "no": "You have refused mail from us, so you get none but answers.",
    "": "You have neither agreed to mail from us nor refused it.",
}  # fmt: skip


def collect(contact: Contact, now: datetime) -> dict[str, Any]:
    """The person's own record, each word on consent, and rows of each room by the name it gives them. Nobody else
    is named in it."""
    fields = [field for field in contact._meta.concrete_fields if not isinstance(field, GeneratedField)]
    record = {field.name: getattr(contact, field.attname) for field in fields if field.name not in _INNER}
    record["custom"] = {of.name: of.said(contact.custom[of.key]) for of in every("contact") if of.key in contact.custom}
    said = [vars(word) for word in consent.history(contact)]
    rows = {
        name.removeprefix("contact_"): list(owned.export([contact.pk]))
        for name, owned in slots.owned_rows.items()
        if owned.export
    }
    known = {"person": record, "consent": said, **rows}
    known = Others(contact, known).without(known)
    known["person"]["account"] = str(contact.account)  # whatever people there are called
    return {"exported_at": now, **known}


def archive(contact: Contact, now: datetime) -> IO[bytes]:
    """A ZIP of readable.html, of data.json for programs, and of the files that came from the person or went to them.

    It stands on the disk until it is closed: the files of years do not fit into memory.
    """
    data, packed = collect(contact, now), TemporaryFile()  # noqa: SIM115  (whoever sends it closes it)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        names = [name for number, file in enumerate(_files(contact), 1) if (name := _pack(files, file, number))]
        page = render_to_string("crm/privacy/readable.html", _page(contact, data, names, now))
        files.writestr("readable.html", page)
        files.writestr("data.json", dumps(data, ensure_ascii=False, indent=2))
    packed.seek(0)
    return packed


def _files(contact: Contact) -> list[slots.PersonsFile]:
    found = [file for owned in slots.owned_rows if owned.files for file in owned.files([contact.pk])]
    return list(dict.fromkeys(found))


def _pack(files: zipfile.ZipFile, file: slots.PersonsFile, number: int) -> str:
    """Into the archive; returns the name it has there, blank if its bytes are gone."""
    name = f"files/{number:02} {re.sub(r'[^\w. -]', '-', file.name).strip('. ') or 'file'}"
    try:
        with default_storage.open(file.stored_as) as content, files.open(name, "w") as target:
            while piece := content.read(1 << 20):
                target.write(piece)
    except FileNotFoundError:
        return ""
    return name


def _page(contact: Contact, data: Mapping[str, Any], files: list[str], now: datetime) -> dict[str, Any]:
    """What the page shows: facts, words on consent, and a part for each kind of row; what there is none of, by name."""
    person = data["person"]
    facts = [(words, _said(person.get(name))) for name, words in _WORDS.items()] + [
        (name, _said(value)) for name, value in person["custom"].items()
    ]
    told = {name.removeprefix("contact_"): owned.told for name, owned in slots.owned_rows.items() if owned.told}
    parts, none = [], []
    for name, of in sorted(told.items(), key=lambda pair: pair[1].order):
        if data.get(name):
            lines = [{"at": _when(of.at(row)), "line": of.line(row), "text": of.text(row)} for row in data[name]]
            parts.append({"heading": of.heading, "lines": lines})
        else:
            none.append(of.heading[0].lower() + of.heading[1:])
    return {
        "contact": contact, "now": _when(now), "facts": [fact for fact in facts if fact[1]], "parts": parts,
        "none": none, "files": files, "consent": _CONSENT[person["email_consent"]],
        "words": [word | {"at": _when(word["at"])} for word in data["consent"]],
    }  # fmt: skip


def _when(at: datetime | date | None) -> str:
    """A day as people write it; of a moment also the time, by the installation's clock."""
    if isinstance(at, datetime):
        there = at.astimezone(clock.zone())
        return f"{wording.day(there)}, {there:%H:%M}"
    return wording.day(at) if at else ""


def _said(value: Any) -> str:
    """As people read it; blank for what says nothing."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return _when(value) if isinstance(value, date) else str(value or "")
