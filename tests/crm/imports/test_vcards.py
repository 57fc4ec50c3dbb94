"""People's cards of all three versions, by the command's door and by the wizard's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from crm.accounts.cards import card
from crm.accounts.models import Contact
from crm.accounts.rules import YEAR_UNKNOWN
from crm.imports.actions import FileRefused, running
from crm.imports.models import Import
from crm.imports.rules.vcards import TITLES, cards, cells
from tests import factories
from tests.conftest import NOON
from tests.crm.imports.test_pages import bring, chosen

pytestmark = pytest.mark.django_db

OLD = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCl=\r\nler;J=C3=B6rg;;;\r\n"
    "ORG:Kelp\\, Ltd;Sales\r\nTEL;HOME;FAX:030 1\r\nTEL;CELL:0171 2\r\nTEL;WORK:030 3\r\n"
    "EMAIL;INTERNET:private@x.example\r\nEMAIL;PREF;INTERNET:Joerg@Kelp.example\r\nBDAY:--0203\r\n"
    "PHOTO;ENCODING=BASE64:AAAA\r\n BBBB\r\nAGENT:\r\nBEGIN:VCARD\r\nFN:An Agent\r\nEND:VCARD\r\nEND:VCARD\r\n"
)
MIDDLE = (
    'begin:vcard\nversion:3.0\nitem1.EMAIL;TYPE="work,pref":anna@kelp.example\nitem1.X-ABLabel:Work\n'
    "FN:Anna M\n eyer\nN:Meyer;Anna;Maria,Luise;Dr.;\nORG:Kelp\\, Ltd\nTITLE:Head of\\nOperations\n"
    "BDAY:1984-05-12\nend:vcard\n"
)
NEW = (
    "BEGIN:VCARD\nVERSION:4.0\nUID:urn:uuid:7\nFN:Ben Bolt\nORG:Kelp\\, Ltd\nTEL;VALUE=uri;PREF=2:tel:+49-30-9\n"
    "TEL;VALUE=uri;PREF=1;TYPE=\"cell,voice\":tel:+49-171-9;ext=5\nBDAY;VALUE=text:circa 1950\nLANG;PREF=1:de\n"
    "TZ:Europe/Berlin\nEND:VCARD\n"
)  # fmt: skip


def people() -> list[tuple[Any, ...]]:
    return list(Contact.objects.order_by("id").values_list("first_name", "last_name", "email", "phone", "birthday"))


def test_cards_of_all_versions_become_people(load: Any) -> None:
    kelp = factories.account("Kelp, Ltd")
    report = load("contacts", OLD + MIDDLE + NEW)
    assert (report.created, report.rejected) == (3, 0)
    assert people() == [
        ("Jörg", "Müller", "joerg@kelp.example", "0171 2", date(YEAR_UNKNOWN, 2, 3)),
        ("Anna Maria Luise", "Meyer", "anna@kelp.example", "", date(1984, 5, 12)),
        ("Ben", "Bolt", None, "+49-171-9 ext. 5", None),
    ]
    anna, ben = Contact.objects.order_by("id")[1:]
    assert (anna.title, anna.account) == ("Head of\nOperations", kelp)
    assert (ben.external_id, ben.language, ben.timezone) == ("urn:uuid:7", "de", "Europe/Berlin")
    assert load("contacts", OLD + MIDDLE + NEW).skipped == 3, "known again by address, or by their own id"


def test_whoever_is_known_by_address_keeps_the_id_of_another_system(load: Any) -> None:
    factories.contact(factories.account("Kelp, Ltd"), email="anna@kelp.example", external_id="crm-7")
    card_with_an_id = MIDDLE.replace("FN:", "UID:phone-1\nFN:")
    assert load("contacts", card_with_an_id).updated == 1
    assert Contact.objects.get().external_id == "crm-7"


@pytest.mark.parametrize(("text", "said"), [
    (MIDDLE.replace("end:vcard\n", ""), "has no END:VCARD, so the file may have been cut off"),
    (NEW.replace("VERSION:4.0", "VERSION:4.0\nKIND:org"), "is the card of a company or a group, not of a person"),
    (MIDDLE.replace("anna@kelp.example", "anna"), "is not an e-mail address"),
])  # fmt: skip
def test_what_is_no_person_is_rejected_with_its_line(load: Any, rejects: Any, text: str, said: str) -> None:
    factories.account("Kelp, Ltd")
    assert load("contacts", OLD + text).rejected == 1
    (row,) = rejects("contacts")
    assert (row[0], row[3]) == (str(OLD.count("\n") + 1), said)
    assert len(people()) == 1


def test_cards_are_people_and_nothing_else(load: Any) -> None:
    with pytest.raises(FileRefused, match=r"holds vCards, which are people\. Import it as contacts"):
        load("accounts", NEW)


@pytest.mark.parametrize(("said", "read"), [
    ("1984-05-12", "1984-05-12"), ("19840512", "1984-05-12"), ("1984-05-12T23:10:00Z", "1984-05-12"),
    ("--0203", f"{YEAR_UNKNOWN}-02-03"), ("--02-29", f"{YEAR_UNKNOWN}-02-29"), ("---12", ""), ("1984-05", ""),
])  # fmt: skip
def test_birthdays(said: str, read: str) -> None:
    (found,) = cards([f"{line}\n" for line in ("BEGIN:VCARD", f"BDAY:{said}", "END:VCARD")], "utf-8")
    assert cells(found)[TITLES.index("Birthday")] == read


def test_a_card_of_ours_says_as_much_of_a_birthday_as_is_known() -> None:
    given: Any = dict.fromkeys(("first_name", "last_name", "name", "organisation", "title", "email", "phone"), "x")
    given |= {"language": "", "zone": "", "url": "https://x.example", "changed_at": NOON}
    assert "BDAY:--0203\r\n" in card(birthday=date(YEAR_UNKNOWN, 2, 3), **given)
    assert "BDAY:19840512\r\n" in card(birthday=date(1984, 5, 12), **given)


def test_the_wizard_recognises_their_columns_and_offers_no_other_systems(client: Any, mira: Any) -> None:
    factories.account("Kelp, Ltd", owner=mira)
    client.force_login(mira)
    bring(client, NEW, "accounts", "people.vcf")
    assert not Import.objects.exists()
    bring(client, MIDDLE + NEW, "contacts", "people.vcf")
    made = Import.objects.get()
    assert made.lines == 2
    fields = chosen(client, made)
    named = {title: fields[f"column-{at}"] for at, title in enumerate(TITLES) if fields[f"column-{at}"]}
    assert named["Organisation"] == "account_name"
    assert named["UID"] == "external_id"
    assert "Other e-mails" not in named
    assert b"Whose export it is" not in client.get(reverse("imports:mapping", args=[made.pk])).content
    client.post(reverse("imports:mapping", args=[made.pk]), fields)
    running.run(NOON)
    client.post(reverse("imports:loading", args=[made.pk]))
    running.run(NOON)
    assert [row[1] for row in people()] == ["Meyer", "Bolt"]
