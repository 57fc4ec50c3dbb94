"""Lists as files: what leaves, for whom, and that it comes back as it was."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account, Contact
from crm.history.models import Act
from crm.imports.actions import exporting
from crm.imports.rules.cells import formula_safe, unquoted
from crm.timeline.actions import Fact, record
from tests import factories
from tests.conftest import NOON
from tests.security.payloads import FORMULAS


def lines(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def download(client: Any, subject: str, **fields: Any) -> list[list[str]]:
    return lines(client.post(reverse("exports:form", args=[subject]), {"download": "1", "query": "", **fields}))


@settings(max_examples=60)
@given(st.text(st.sampled_from("'=+-@＝\t\r\n\0 a\u200b"), max_size=6) | st.text(max_size=8))
def test_a_cell_comes_back_as_it_was(cell: str) -> None:
    safe = formula_safe(cell)
    assert unquoted(safe) == cell
    assert safe == cell or safe == f"'{cell}"


@pytest.mark.django_db
def test_what_leaves_comes_back_the_same(client: Any, mira: Any, load: Any) -> None:
    client.force_login(mira)
    hard = [*FORMULAS, "'=quoted", "''", "plain", "a,b;c", 'say "x"', "two\nlines"]
    for number, name in enumerate(text.strip() for text in hard):
        more = {"primary_use_case": name[:200], "tags": ["pilot", "north"], "owner": mira}
        factories.account(name, external_id=f"a{number}", **more)
    before = list(Account.objects.order_by("id").values("name", "primary_use_case", "tags", "owner", "external_id"))
    head, *rows = download(client, "account")
    assert all(formula_safe(cell)[1:] == cell or not cell.startswith(tuple("=+-@\t\r")) for row in rows for cell in row)
    file = io.StringIO()
    csv.writer(file).writerows([head, *rows])
    report = load("accounts", file.getvalue())
    assert (report.created, report.updated, report.skipped, report.rejected) == (0, 0, len(hard), 0)
    Account.objects.update(name="Lost", primary_use_case="")
    assert load("accounts", file.getvalue()).updated == len(hard)
    after = list(Account.objects.order_by("id").values("name", "primary_use_case", "tags", "owner", "external_id"))
    assert after == before


@pytest.mark.django_db
def test_contacts_come_back_too(client: Any, mira: Any, load: Any) -> None:
    client.force_login(mira)
    acme = factories.account("Acme", external_id="a1")
    factories.contact(acme, external_id="c1", phone="+49 30 1", birthday="1984-02-29", email_consent="no")
    head, row = download(client, "contact")
    assert row[head.index("phone")] == "'+49 30 1"
    assert row[head.index("is_primary")] == "yes"
    file = io.StringIO()
    csv.writer(file).writerows([head, row])
    assert load("contacts", file.getvalue()).skipped == 1
    assert Contact.objects.get().phone == "+49 30 1"


@pytest.mark.django_db
def test_the_lists_filter_and_chosen_rows_and_columns(client: Any, mira: Any) -> None:
    client.force_login(mira)
    acme, bolt = factories.account("Acme", owner=mira), factories.account("Bolt")
    assert download(client, "account", query=f"owner={mira.pk}", columns=["name"]) == [["name"], ["Acme"]]
    chosen = download(client, "account", ids=f"{bolt.pk}", columns=["name", "domain"])
    assert chosen == [["name", "domain"], ["Bolt", ""]]
    page = client.get(f"{reverse('exports:form', args=['account'])}?owner={mira.pk}").content.decode()
    assert "Export 1 customer" in page
    assert acme.name not in page


@pytest.mark.django_db
def test_nobody_exports_what_they_may_not_see(client: Any, mira: Any, olaf: Any, sam: Any) -> None:
    acme = factories.account("Acme", owner=mira)
    client.force_login(olaf)
    assert len(download(client, "account")) == 1
    assert len(download(client, "account", ids=f"{acme.pk}")) == 1
    assert client.post(reverse("exports:timeline", args=[acme.pk])).status_code == 404
    client.force_login(sam)
    assert client.post(reverse("exports:form", args=["account"]), {"download": "1"}).status_code == 403
    assert not Act.objects.filter(kind="export.account", detail__rows__gt=0).exists()


@pytest.mark.django_db
def test_it_is_put_down_who_exported_how_many(client: Any, mira: Any, monkeypatch: Any) -> None:
    client.force_login(mira)
    monkeypatch.setattr(exporting, "PAGE", 2)
    for number in range(5):
        factories.account(f"Kelp {number}")
    assert len(download(client, "account", columns=["name"])) == 6
    done = Act.objects.get(kind="export.account")
    assert (done.by, done.label, done.detail["rows"], done.detail["columns"]) == (
        mira, "exported 5 customers", 5, ["name"],
    )  # fmt: skip


@pytest.mark.django_db
def test_a_file_that_breaks_off_says_how_far_it_came(mira: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    for number in range(5):
        factories.account(f"Kelp {number}")
    file = exporting.stream("account", Account.objects.all(), ["name"], mira, NOON, {})
    next(file), next(file)
    assert Act.objects.get().label == "began to export customers"
    file.close()
    assert Act.objects.get().label == "exported 2 customers"


@pytest.mark.django_db
def test_the_timeline_of_a_customer(client: Any, mira: Any) -> None:
    client.force_login(mira)
    acme = factories.account("Acme")
    record(Fact(acme.pk, "note.written", "=Hello", source="person", actor_id=mira.pk), now=NOON)
    head, row = lines(client.post(reverse("exports:timeline", args=[acme.pk])))
    assert dict(zip(head, row, strict=True))["text"] == "'=Hello"


@pytest.mark.django_db
def test_the_bar_below_a_list_leads_here(client: Any, mira: Any) -> None:
    """It sends the chosen rows, or that all of them are meant, with the list's address."""
    client.force_login(mira)
    acme, _ = factories.account("Acme", owner=mira), factories.account("Bolt")
    url = reverse("exports:form", args=["account"])
    page = client.get(reverse("accounts:list")).content.decode()
    assert f'formaction="{url}"' in page
    assert f'href="{reverse("imports:new")}?kind=accounts"' in page
    for sent, title in (
        ({"ids": acme.pk, "asked": ""}, "Export 1 customer<"),
        ({"ids": acme.pk, "all": 1, "asked": ""}, "Export 2 customers<"),
        ({"ids": acme.pk, "all": 1, "asked": f"owner={mira.pk}"}, "Export 1 customer<"),
    ):  # fmt: skip
        assert title in client.post(url, sent).content.decode()
    assert not Act.objects.filter(kind="export.account").exists()
