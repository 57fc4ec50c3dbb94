"""The page of the audit, as its reader meets it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.quality import counting
from crm.quality.models import DataCount, DataSweep
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
URL = "/data/"


def page(client: Client, viewer: User, **headers: Any) -> str:
    client.force_login(viewer)
    answer = client.get(URL, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_the_first_count_it_says_so_and_counts_nothing(client: Client, ada: User) -> None:
    factories.account("Bare")
    assert "Nothing has been counted yet" in page(client, ada)
    assert not DataCount.objects.exists()
    assert not DataSweep.objects.exists()


def test_each_figure_opens_the_names_behind_it(client: Client, ada: User) -> None:
    factories.account("Bare")
    factories.account("Filled", industry="Print")
    counting.run(NOON)
    shown = page(client, ada)
    at = shown.index("without an industry")
    address = shown[:at].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    listed = client.get(address).content.decode()
    assert "Bare" in listed
    assert "Filled" not in listed


def test_the_remedy_of_an_import_is_an_export_for_those_who_may(client: Client, mira: User, sam: User) -> None:
    factories.account("Bare")
    counting.run(NOON)
    assert "Export these" in page(client, mira)
    assert "Export these" not in page(client, sam)


def test_whoever_sees_their_own_reads_whose_figures_these_are(client: Client, olaf: User, mira: User) -> None:
    factories.account("Hers", owner=mira)
    counting.run(NOON)
    shown = page(client, olaf)
    assert "Of the customers you see" in shown
    assert "You see no customers yet" in shown


def test_counting_again_shows_the_new_figures(client: Client, ada: User) -> None:
    client.force_login(ada)
    factories.account("Bare")
    answer = client.post(reverse("quality:counting"), follow=True)
    assert "Counted just now." in answer.content.decode()
    assert DataSweep.the_only().counted_at == NOON


def test_while_a_count_is_under_way_the_page_asks_for_its_moving_part(client: Client, ada: User) -> None:
    DataSweep.objects.create(pk=1, subject="account", looked_at=1234, began_at=NOON)
    DataCount.objects.create(day=NOON.date() - timedelta(days=1), counted_at=NOON, expected=1, missing=0)
    shown = page(client, ada)
    assert 'hx-trigger="every 3s"' in shown
    moving = page(client, ada, hx_request="true")
    assert "1,234" in moving
    assert "<html" not in moving


@pytest.mark.usefixtures("kept_standing")
def test_the_page_asks_few_questions_whatever_the_number_of_owners(client: Client, ada: User, make_user: Any) -> None:
    for number in range(5):
        factories.account(f"Bare {number}", owner=make_user(f"M{number}"))
    counting.run(NOON)
    client.force_login(ada)
    client.get(URL)
    with CaptureQueriesContext(connection) as asked:
        client.get(URL)
    assert len(asked) <= 9
