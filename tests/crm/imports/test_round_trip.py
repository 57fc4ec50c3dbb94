import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.accounts.models import Account, Contact
from crm.imports.actions import import_file
from crm.imports.actions.staging import Staging
from crm.ledger import actions as ledger
from crm.ledger.models import ContractTerm
from tests import factories
from tests.conftest import NOON

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)
table = st.lists(
    st.fixed_dictionaries(
        {
            "external_id": st.sampled_from(["", "c1", "c2", "c3", "c4"]),
            "account_external_id": st.sampled_from(["", "acme", "bolt", "nowhere"]),
            "email": st.sampled_from(["", "a@x.example", "B@x.example", "c@x.example", "wrong"]),
            "first_name": words,
            "title": words,
            "timezone": st.sampled_from(["", "Europe/Berlin", "Asia/Tokyo", "Mars"]),
            "email_consent": st.sampled_from(["", "yes", "no"]),
            "is_primary": st.sampled_from(["", "yes", "no"]),
        }
    ),
    max_size=8,
)


def text_of(rows):
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else ["external_id", "account_external_id"])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def state():
    return list(Contact.objects.order_by("id").values())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=table)
@pytest.mark.django_db
def test_a_file_again_creates_nobody_and_settles(load, rows):
    Contact.objects.all().delete()
    Account.objects.all().delete()
    factories.account(external_id="acme")
    factories.account(external_id="bolt")
    first = load("contacts", text_of(rows))
    assert first.created + first.updated + first.skipped + first.rejected == len(rows)
    assert first.created == Contact.objects.count()
    before = state()
    # What one import refused because of another row may be clear in the next; then nothing moves any more.
    if not first.rejected:
        again = load("contacts", text_of(rows))
        assert (again.created, again.updated, again.rejected) == (0, 0, 0)
        assert state() == before


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_one_file_at_once_write_it_once(tmp_path):
    paths = {kind: tmp_path / f"{kind}.csv" for kind in ("accounts", "contacts", "contracts", "usage")}
    numbers = range(300)
    paths["accounts"].write_text("external_id,name\n" + "".join(f"a{n},A\n" for n in numbers))
    paths["contacts"].write_text(
        "external_id,account_external_id,email,is_primary\n"
        + "".join(f"c{n},a{n},p{n}@x.example,yes\n" for n in numbers)
    )
    paths["contracts"].write_text(
        "external_id,account_external_id,starts_on,ends_on,mrr,auto_renew\n"
        + "".join(f"k{n},a{n},2025-01-01,2026-01-01,5,yes\n" for n in numbers)
    )
    paths["usage"].write_text(
        "account_external_id,feature,occurred_at\n" + "".join(f"a{n},f,2026-05-01\n" for n in numbers)
    )
    start = threading.Barrier(3)

    def work(path):
        try:
            start.wait(20)
            return import_file(path.stem, path, now=NOON)
        finally:
            connection.close()

    for path in paths.values():
        with ThreadPoolExecutor(3) as pool:
            reports = list(pool.map(work, [path] * 3))
        assert sorted(report.created for report in reports) == [0, 0, 300]
        assert sorted(report.skipped for report in reports) == [0, 300, 300]
    assert (Account.objects.count(), Contact.objects.count(), ContractTerm.objects.count()) == (300, 300, 600)
    assert Account.objects.filter(lifecycle="customer", renews_on="2027-01-01").count() == 300


@pytest.mark.django_db(transaction=True)
def test_imports_of_all_kinds_and_the_ledger_get_along(tmp_path):
    numbers = range(200)
    files = {
        "accounts": "external_id,name\n" + "".join(f"a{n},ROUND {n}\n" for n in numbers),
        "contacts": "external_id,account_external_id,email\n"
        + "".join(f"c{n},a{n},ROUND{n}@x.example\n" for n in numbers),
        "contracts": "external_id,account_external_id,starts_on,ends_on,mrr,auto_renew\n"
        + "".join(f"k{n},a{n},2025-01-01,2026-06-02,ROUND,yes\n" for n in reversed(numbers)),
        "usage": "account_external_id,feature,occurred_at,count\n"
        + "".join(f"a{n},f,2026-05-2ROUND,ROUND\n" for n in reversed(numbers)),
    }

    def write(turn):
        for kind, text in files.items():
            (tmp_path / f"{kind}{turn}.csv").write_text(text.replace("ROUND", str(turn)))

    def work(kind, turn):
        try:
            if kind == "ledger":
                return sum(iter(lambda: ledger.run(NOON), 0))
            return import_file(kind, tmp_path / f"{kind}{turn}.csv", now=NOON).rejected
        finally:
            connection.close()

    write(1)
    for kind in files:
        assert work(kind, 1) == 0
    for turn in range(2, 5):
        write(turn)
        with ThreadPoolExecutor(5) as pool:
            done = [pool.submit(work, kind, turn) for kind in [*files, "ledger"]]
            assert [future.result() for future in done[:4]] == [0, 0, 0, 0]
    assert ContractTerm.objects.filter(starts_on="2025-01-01", mrr=4).count() == 200
    assert Contact.objects.filter(email__startswith="4").count() == 200


@pytest.mark.django_db
def test_what_dies_in_the_middle_leaves_nothing(load, monkeypatch):
    def die(staging):
        assert Account.objects.count() == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(Staging, "rejected", die)
    with pytest.raises(KeyboardInterrupt):
        load("accounts", "external_id,name\na1,A\n")
    assert not Account.objects.exists()
