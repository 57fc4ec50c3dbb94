"""A person as a vCard: what stands in it, how it is written, and who gets it."""

from __future__ import annotations

from datetime import date

from crm.accounts.cards import escaped, folded
from tests import factories
from tests.conftest import NOON


def test_a_card(client, mira, settings):
    account = factories.account("Kelp, Sons & Co; Ltd")
    person = factories.contact(
        account, first_name="Änne", last_name="O'Neil\\x", email="anne@kelp.example", phone="+49 30 1234", title="CTO",
        birthday=date(1980, 2, 29), language="de", timezone="Europe/Berlin", updated_at=NOON,
    )  # fmt: skip
    client.force_login(mira)
    answer = client.get(f"/contacts/{person.pk}/vcard/")
    assert answer["Content-Type"] == "text/vcard; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="anne-oneilx.vcf"'
    page = f"{settings.BASE_URL}/contacts/{person.pk}/"
    lines = answer.content.decode().replace("\r\n ", "").split("\r\n")
    assert [line for line in lines if not line.startswith(("URL", "UID"))] == [
        "BEGIN:VCARD", "VERSION:4.0", "FN:Änne O'Neil\\\\x", "N:O'Neil\\\\x;Änne;;;", "ORG:Kelp\\, Sons & Co\\; Ltd",
        "TITLE:CTO", "EMAIL;TYPE=work:anne@kelp.example", "TEL;TYPE=work:+49 30 1234", "BDAY:19800229", "LANG:de",
        "TZ:Europe/Berlin", "REV:20260601T120000Z", "END:VCARD", "",
    ]  # fmt: skip
    assert [line.partition(":")[2] for line in lines if line.startswith(("URL", "UID"))] == [page, page]


def test_what_is_blank_is_left_out(client, mira):
    person = factories.contact(email=None, first_name="", last_name="", phone="")
    client.force_login(mira)
    text = client.get(f"/contacts/{person.pk}/vcard/").content.decode()
    assert not any(f"\r\n{key}" in text for key in ("N:", "EMAIL", "TEL", "BDAY", "TITLE", "LANG", "TZ"))


def test_nobody_gets_the_card_of_whom_they_may_not_see(client, mira, olaf):
    person = factories.contact(factories.account(owner=mira))
    client.force_login(olaf)
    assert client.get(f"/contacts/{person.pk}/vcard/").status_code == 404


def test_marks_that_would_end_a_value_are_escaped():
    assert escaped("a,b;c\\d\r\ne\nf\0") == "a\\,b\\;c\\\\d\\ne\\nf"


def test_lines_are_folded_between_characters():
    line = "FN:" + "ä" * 80
    parts = folded(line).split("\r\n")
    assert [len(part.encode()) for part in parts] == [75, 75, 15]
    assert parts[0] + "".join(part[1:] for part in parts[1:]) == line
    assert folded("x" * 75) == "x" * 75
