"""A sender that is killed at each point: the message is sent once, or listed as uncertain, and never lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from crm.accounts.models import Contact
from crm.outbox.actions import work
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

#: Reads "point email_url" lines and answers each with the exit code of a sender that was to die there. Django starts
#: once; each sender is a fork, made before any connection is open.
_SENDERS = """
import os, sys
import django
django.setup()
from django.conf import settings
from crm.outbox.actions import work
from crm.web import clock
moment = clock.parse("2026-06-01T12:00")
for line in sys.stdin:
    os.environ["HOLDFAST_CRASH_AT"], settings.EMAIL_URL = line.split()
    child = os.fork()
    if not child:
        with clock.travelling(moment):
            work(moment)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def senders(django_db_setup: None) -> Iterator[Callable[[str, str], int]]:
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = os.environ | {
        "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "crm.config.settings", "HOLDFAST_TESTING": "1",
    }  # fmt: skip
    command = [sys.executable, "-c", _SENDERS]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def killed_at(point: str, email_url: str) -> int:
            print(point, email_url, file=process.stdin, flush=True)
            return int(process.stdout.readline())  # type: ignore[union-attr]

        yield killed_at
        process.stdin.close()
        process.wait(10)


@pytest.mark.parametrize(
    ("point", "crashed_as", "ends_as", "mails"),
    [
        ("after_claim", "claimed", "sent", 1),
        ("before_call", "sending", "uncertain", 0),
        ("after_call", "sending", "uncertain", 1),
        ("before_mark", "sending", "uncertain", 1),
        ("after_commit", "sent", "sent", 1),
    ],
)
def test_a_killed_sender(
    senders: Callable[[str, str], int], anna: Contact, plan: Plan, settings: Any, tmp_path: Path,
    point: str, crashed_as: str, ends_as: str, mails: int,
) -> None:  # fmt: skip
    settings.EMAIL_URL = f"folder://{tmp_path}"
    message = plan(anna)

    assert senders(point, settings.EMAIL_URL) == 137

    assert state_of(message) == crashed_as
    for later in (timedelta(seconds=59), timedelta(seconds=60), timedelta(minutes=10)):
        work(NOON + later)
    assert state_of(message) == ends_as
    assert len(list(tmp_path.glob("*.eml"))) == mails
