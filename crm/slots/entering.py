"""Public forms: what they can ask for, and what becomes of an entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True)
class FormTarget:
    """Something that a public form can ask for, registered by its name: `contact.phone`.

    `kind` is text, long, email, phone, domain, choice or files. `of` says what the answer is about; an outcome lists of
    what it takes answers. Fields that admins have made need no entry here.
    """

    label: str
    of: str  # person | contact | account | message | …
    kind: str = "text"
    longest: int = 200
    choices: Callable[[], Sequence[tuple[str, str]]] | None = None  # of a choice
    help: str = ""
    missing: str = "Please fill this in."  # what is said where it is required and blank
    autocomplete: str = ""  # as HTML names it
    order: int = 0


form_targets: Registry[FormTarget] = Registry("target of a form")


@dataclass(frozen=True)
class FormEntered:
    """One entry of a public form, checked and stored. `key` is its own for ever: what bears it is made once."""

    form: Any  # crm.forms.models.PublicForm
    entry_id: int
    key: str
    payload_id: int
    at: datetime
    answers: Mapping[str, Any]  # by target, cleaned; what nobody filled in is not there
    said: Mapping[str, str]  # the same in words, by label and in the order of the form
    consent: Mapping[str, str] | None = None  # the text that was agreed to, and its version
    source: Mapping[str, str] = field(default_factory=dict)  # page, referrer, utm_source, …
    files: Sequence[tuple[str, bytes]] = ()


@dataclass(frozen=True)
class FormMade:
    """What became of an entry. `words` name nobody, since they outlive an erasure: “A lead of a new customer”."""

    words: str
    url: str = ""
    account_id: int | None = None
    contact_id: int | None = None
    owner_id: int | None = None  # whose turn it was
    ignored: bool = False  # it was understood, and is nothing to us


@dataclass(frozen=True)
class FormOutcome:
    """What entries of a form become.

    `make` runs in the worker's transaction, perhaps again after it failed: it makes one thing of one entry. `settings`
    is a Django form class; what it cleans is JSON, kept with the form, and `make` finds it in `outcome_settings` there.
    """

    label: str
    hint: str
    make: Callable[[FormEntered, datetime], FormMade]
    settings: Any
    takes: tuple[str, ...]  # of what: `FormTarget.of`, and subjects of fields that admins have made
    needs: tuple[str, ...] = ("contact.email",)  # targets that it always asks for
    consents: bool = True  # there is somebody on record whose consent can be kept
    owns: bool = True  # it obeys the form's rule of owners
    order: int = 0


form_outcomes: Registry[FormOutcome] = Registry("outcome of a form")
