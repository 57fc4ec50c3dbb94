"""The wizard as people walk through it, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm import slots
from crm.accounts.models import Account, Contact
from crm.history.models import Act
from crm.imports.actions import running
from crm.imports.models import Import, ImportMapping
from crm.imports.rules.guessing import guesses
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

SHEET = "Customer number;Company;Website;Sector;Notes\na1;Acme;https://www.acme.example/;Steel;x\na2;;;;\n"


def bring(client: Any, text: str | bytes, kind: str = "accounts", name: str = "list.csv") -> Any:
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(reverse("imports:new"), {"kind": kind, "file": SimpleUploadedFile(name, data)})


def chosen(client: Any, made: Import, **more: str) -> dict[str, str]:
    """What the mapping page proposes, as a browser would post it."""
    form = client.get(reverse("imports:mapping", args=[made.pk])).context["form"]
    fields = {f"column-{line.position}": line.chosen for line in form.lines()}
    return fields | {"preset": form.plan.preset or "", "slashes": form.plan.slashes, "twins": "create"} | more


def test_from_the_file_to_its_undo(client: Any, mira: Any) -> None:
    client.force_login(mira)
    factories.account("Old", external_id="a1", industry="Logistics")
    answer = bring(client, SHEET)
    made = Import.objects.get()
    assert answer["Location"] == reverse("imports:mapping", args=[made.pk])
    fields = chosen(client, made, **{"policy-3": "keep", "save_as": " Our  sheet "})
    assert [fields[f"column-{n}"] for n in range(5)] == ["external_id", "name", "domain", "industry", ""]
    client.post(reverse("imports:mapping", args=[made.pk]), fields)
    made.refresh_from_db()
    assert (made.job, made.settings["policies"]) == ("preview", {"industry": "keep"})
    assert b"Working out what it would do" in client.get(made.get_absolute_url()).content
    running.run(NOON)

    page = client.get(made.get_absolute_url()).content.decode()
    assert "<del>Old</del>" in page
    assert "<ins>Acme</ins>" in page
    assert "Left out: Notes" in page
    assert Account.objects.get().name == "Old"
    client.post(reverse("imports:loading", args=[made.pk]))
    running.run(NOON)
    assert Account.objects.values_list("name", "domain", "industry").get() == ("Acme", "acme.example", "Logistics")
    page = client.get(made.get_absolute_url()).content.decode()
    assert "A new customer needs a name." in page
    assert "Acme" in client.get(f"{reverse('imports:rows', args=[made.pk])}?role=updated").content.decode()
    rejects = b"".join(client.get(reverse("imports:rejects", args=[made.pk])).streaming_content).decode()
    assert rejects.splitlines()[1] == "3,Company,,is missing,A new customer needs a name."

    client.post(reverse("imports:undo", args=[made.pk]))
    running.run(NOON)
    assert Account.objects.get().name == "Old"
    page = " ".join(client.get(made.get_absolute_url()).content.decode().split())
    assert "Undone" in page
    assert "1 that it had changed is as before." in page
    assert "0 row" not in page
    assert set(Act.objects.filter(root__isnull=False).values_list("door", flat=True)) == {"page"}
    assert ImportMapping.objects.get().settings["mapping"]["Company"] == "name"


def test_a_remembered_mapping_finds_its_columns_again(client: Any, mira: Any) -> None:
    client.force_login(mira)
    mapping = ImportMapping.objects.create(
        kind="accounts", name="Ours",
        settings={"mapping": {"Nr": "external_id", "Firm": "name"}, "policies": {"name": "fill"}, "columns": None},
    )  # fmt: skip
    bring(client, "Firm,Other,Nr\nAcme,x,a1\n")
    url = f"{reverse('imports:mapping', args=[Import.objects.get().pk])}?mapping={mapping.pk}"
    lines = client.get(url).context["form"].lines()
    assert [(line.chosen, line.policy) for line in lines] == [
        ("name", "fill"), ("", "overwrite"), ("external_id", "overwrite"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "is empty"), (b"%PDF-1.7\n\xe2\xe3", "is not a text file"), (b"\n\n", "is empty")]
)
def test_what_is_no_file_of_rows_is_told_beside_the_field(client: Any, mira: Any, data: bytes, words: str) -> None:
    client.force_login(mira)
    answer = bring(client, data, name="report.csv")
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not Import.objects.exists()


def test_a_file_that_is_too_large_is_refused(client: Any, mira: Any, settings: Any) -> None:
    client.force_login(mira)
    settings.IMPORT_MAX_MB = 0
    answer = bring(client, SHEET)
    assert (answer.status_code, b"files up to" in answer.content) == (422, True)
    assert not Import.objects.exists()


def test_missing_and_doubled_columns_are_said(client: Any, mira: Any) -> None:
    client.force_login(mira)
    bring(client, "Company,Site\nAcme,acme.example\n")
    made = Import.objects.get()
    page = client.get(reverse("imports:mapping", args=[made.pk])).content.decode()
    assert "<b>Still missing:</b> Their id or Our id." in page
    both = {"column-0": "external_id", "column-1": "external_id"}
    answer = client.post(reverse("imports:mapping", args=[made.pk]), both)
    assert answer.status_code == 422
    assert answer.context["form"].errors == [
        "Two columns of the file go to Their id. Choose one of them.",
        "Choose the column of the file that holds: Name.",
    ]
    made.refresh_from_db()
    assert made.job == ""


def test_content_tells_what_titles_do_not(client: Any, mira: Any) -> None:
    client.force_login(mira)
    bring(client, "Nr,Wer,Wohin\nc1,Anna,anna@x.example\nc2,Ben,ben@x.example\n", "contacts")
    lines = client.get(reverse("imports:mapping", args=[Import.objects.get().pk])).context["form"].lines()
    assert [(line.chosen, line.why) for line in lines][2] == ("email", "what stands in it")


@pytest.mark.parametrize(
    ("kind", "titles", "preset"),
    [
        ("accounts", "Record ID,Company name,Company Domain Name,Industry", "hubspot"),
        ("accounts", "Account ID,Account Name,Billing Country,Website", "salesforce"),
        ("contacts", "Person - ID,Person - Name,Person - Email - Work,Person - Organization", "pipedrive"),
        ("accounts", "external_id,name,industry", None),
    ],
)
def test_it_knows_whose_export_it_is(client: Any, mira: Any, kind: str, titles: str, preset: str | None) -> None:
    client.force_login(mira)
    bring(client, f"{titles}\n1,2,3,4\n"[: None if preset else -3], kind)
    form = client.get(reverse("imports:mapping", args=[Import.objects.get().pk])).context["form"]
    assert form.plan.preset == preset


def test_a_colleague_finds_nothing_of_it(client: Any, mira: Any, olaf: Any, ada: Any, sam: Any) -> None:
    client.force_login(mira)
    bring(client, SHEET)
    url = reverse("imports:mapping", args=[Import.objects.get().pk])
    for user, status in ((olaf, 404), (sam, 403), (ada, 200), (mira, 200)):
        client.force_login(user)
        assert client.get(url).status_code == status
    client.force_login(olaf)
    assert b"list.csv" not in client.get(reverse("imports:list")).content


def test_what_waits_says_for_whom(client: Any, mira: Any, olaf: Any) -> None:
    for user in (olaf, mira):
        client.force_login(user)
        bring(client, SHEET, name=f"{user.name}.csv")
        made = Import.objects.latest("id")
        client.post(reverse("imports:mapping", args=[made.pk]), chosen(client, made))
    Import.objects.filter(file_name="Olaf.csv").update(started_at=NOON)
    page = client.get(made.get_absolute_url()).content.decode()
    assert "Waits until a colleague’s file is done" in page


def test_a_file_can_be_forgotten_until_it_is_imported(client: Any, mira: Any) -> None:
    client.force_login(mira)
    bring(client, SHEET)
    made = Import.objects.get()
    Import.objects.update(job="load")
    client.post(reverse("imports:removal", args=[made.pk]))
    assert Import.objects.exists()
    Import.objects.update(job="")
    client.post(reverse("imports:removal", args=[made.pk]))
    assert not Import.objects.exists()


HEADERS = [
    ("Subscribed", "email_consent"), ("Opted in", "email_consent"), ("Accepts marketing", "email_consent"),
    ("Unsubscribed", "opted_out"), ("Opted out", "opted_out"), ("Hard bounced", "opted_out"), ("Job", "title"),
    ("Job title", "title"), ("Position", "title"), ("Mobile", "phone"), ("Cell phone", "phone"),
    ("First", "first_name"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "column"), HEADERS)
def test_what_others_call_it_is_recognised_and_no_opt_out_is_consent(title: str, column: str) -> None:
    columns: Any = slots.import_kinds["contacts"].columns
    (found,) = guesses("contacts", columns, [title], [], None).values()
    assert found.column == column


def test_words_of_consent_are_understood_and_others_refused(load: Any, rejects: Any) -> None:
    factories.account("Acme", external_id="a1")
    said = ["yes", "TRUE", "subscribed", "opted in", "no", "0", "Unsubscribed", "not subscribed", "maybe"]
    rows = "".join(f"p{n},a1,{word}\n" for n, word in enumerate(said))
    load("contacts", f"external_id,account_external_id,Subscribed\n{rows}", mapping={"Subscribed": "email_consent"})
    found = list(Contact.objects.order_by("external_id").values_list("email_consent", flat=True))
    assert found == ["yes"] * 4 + ["no"] * 4
    (refused,) = rejects("contacts")
    assert refused[:3] == ["10", "Subscribed", "maybe"]


def test_the_preview_stands_in_the_order_of_the_file_and_says_what_tags_do(client: Any, mira: Any) -> None:
    client.force_login(mira)
    bring(client, "Sector,Labels,Website,Customer number,Company\nSteel,new,a.example,a1,Acme\n")
    made = Import.objects.get()
    page = client.get(reverse("imports:mapping", args=[made.pk])).content.decode()
    assert page.count("Add to those that are there</option>") == 1
    client.post(
        reverse("imports:mapping", args=[made.pk]), chosen(client, made, **{"policy-1": "fill", "policy-0": "fill"})
    )
    running.run(NOON)
    shown = client.get(made.get_absolute_url()).context
    assert [title for title, _ in shown["columns"]] == ["Sector", "Labels", "Website", "Customer number", "Company"]
    assert shown["policies"] == [("Industry", "Fill only what is empty"), ("Tags", "Only where there are none")]


def test_a_sheet_without_ids_is_found_again_by_its_names(client: Any, mira: Any) -> None:
    client.force_login(mira)
    bring(client, "Customer,Sector\nAcme,Steel\nKelp,Food\nAcme,Iron\n")
    made = Import.objects.get()
    url = reverse("imports:mapping", args=[made.pk])
    refused = client.post(url, chosen(client, made))
    assert refused.status_code == 422
    assert "find each again by its name" in refused.content.decode()
    client.post(url, chosen(client, made, made_of="on", save_as="Our sheet"))
    running.run(NOON)
    client.post(reverse("imports:loading", args=[made.pk]))
    running.run(NOON)
    both = [("Acme", "Acme", "Iron"), ("Kelp", "Kelp", "Food")]
    assert [*Account.objects.order_by("name").values_list("external_id", "name", "industry")] == both

    bring(client, "Customer,Sector\nKelp,Fishing\n")
    again = Import.objects.latest("pk")
    remembered = f"{reverse('imports:mapping', args=[again.pk])}?mapping={ImportMapping.objects.get().pk}"
    assert client.get(remembered).context["form"].plan.made_of
    client.post(reverse("imports:mapping", args=[again.pk]), chosen(client, again, made_of="on"))
    running.run(NOON)
    client.post(reverse("imports:loading", args=[again.pk]))
    running.run(NOON)
    assert [*Account.objects.order_by("name").values_list("industry", flat=True)] == ["Iron", "Fishing"]


@pytest.mark.parametrize("titles", ["Id,Name,BillingCountry", "Record ID,Company name,Company Domain Name"])
def test_the_type_of_other_systems_is_not_ours(client: Any, mira: Any, titles: str) -> None:
    client.force_login(mira)
    bring(client, f"{titles},Type\n1,Acme,,Prospect\n")
    assert chosen(client, Import.objects.get())["column-3"] == ""
