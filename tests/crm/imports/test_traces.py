"""A person who is erased leaves the files that came in; and files that wait stand in the engine room."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.imports.actions import storing
from crm.imports.erasing import ERASED
from crm.imports.models import Import, ImportKept, ImportReject
from crm.privacy.erasing import erase
from crm.web import standing
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def upload(by: Any, text: str, encoding: str = "utf-8") -> Import:
    return storing.receive(SimpleUploadedFile("people.csv", text.encode(encoding)), "contacts", by, NOON)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_files_that_wait_and_name_somebody_who_is_erased_are_forgotten(ada: Any, encoding: str) -> None:
    jose = factories.contact(first_name="José", last_name="Quintañar", email="jose@kelp.example")
    names = upload(ada, "first_name,last_name\nJosé,QUINTAÑAR\n", encoding)
    other = upload(ada, "first_name,last_name\nMaría,Núñez\n", encoding)
    erase(jose.pk, ada, NOON)
    names.refresh_from_db()
    other.refresh_from_db()
    assert (names.state, names.error, names.parts.count()) == (Import.State.FAILED, ERASED, 0)
    assert (other.state, other.parts.count()) == (Import.State.DRAFT, 1)


def test_what_stays_of_an_import_names_nobody_who_was_erased(ada: Any) -> None:
    anna = factories.contact(first_name="Anna", last_name="Quintera", email="anna@kelp.example")
    made = Import.objects.create(
        kind="contacts", state="done", file_name="people.csv",
        report={"changes": [{"field": "E-mail", "before": "", "after": "anna@kelp.example"}], "created": 1},
    )  # fmt: skip
    ImportReject.objects.create(of=made, line=2, column="email", value="anna@kelp.example;", reason="is no address")
    ImportKept.objects.create(of=made, table="crm.Contact", row_id=anna.pk, name="Anna Quintera", reason="a task")
    erase(anna.pk, ada, NOON)
    made.refresh_from_db()
    assert made.rejects.get().value == "Erased person;"
    assert made.kept.get().name == "Erased person"
    assert made.report == {"changes": [{"field": "E-mail", "before": "", "after": "Erased person"}], "created": 1}


def test_files_that_wait_are_work_and_those_behind_another_are_not_late(ada: Any) -> None:
    first, second = upload(ada, "email\na@x.example\n"), upload(ada, "email\nb@x.example\n")
    for made in (first, second):
        made.queue(Import.Job.PREVIEW, ada, NOON - timedelta(hours=1))

    def rows() -> list[tuple[int, int, int, str]]:
        found = {load.group: load for load in standing.read(NOON).of("imports")}
        return [
            (load.due, load.late, load.held, load.because)
            for load in (found[f"import-{made.pk}"] for made in (first, second))
        ]

    assert rows() == [(1, 1, 0, ""), (1, 1, 0, "")]
    Import.objects.filter(pk=first.pk).update(started_at=NOON)
    assert rows() == [(1, 0, 0, ""), (0, 0, 1, "another file is being read")]
