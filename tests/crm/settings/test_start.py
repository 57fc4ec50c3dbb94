"""The first run: each step looks at rows, the DNS is asked within bounds, and what nobody knows is said as that."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.settings import rules, start
from crm.settings.actions import dns
from crm.settings.models import DomainLook
from crm.team.models import Organisation, User
from tests import factories
from tests.conftest import NOON

SPF = "v=spf1 include:_spf.example.net -all"
DMARC = "v=DMARC1; p=quarantine; rua=mailto:d@kelp.example"
DKIM = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3"


def steps(viewer: User) -> dict[str, bool]:
    fresh = User.objects.get(pk=viewer.pk)  # what was asked for a page is kept with its viewer
    return {name: state.done for name, _, state in start.look(fresh, NOON).steps}


@pytest.fixture
def sender(db: None) -> None:
    Sender.objects.create(name=Sender.DEFAULT, from_email="Kelp <hello@kelp.example>")


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Kelp <hello@Kelp.example>", "kelp.example"), ("a@mail.kelp.example.", "mail.kelp.example"),
        ("Holdfast <hello@localhost>", ""), ("nobody", ""), ("a@-kelp.example", ""), ("a@kelp..example", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_domain_of_an_address(text: str, domain: str) -> None:
    assert rules.domain_of(text) == domain


def test_what_counts_as_a_record() -> None:
    assert rules.spf_in(["hello", SPF]) == SPF
    assert rules.spf_in([SPF, "v=spf1 -all"]) == ""  # two are as good as none
    assert rules.spf_in(["v=spf10 -all"]) == ""
    assert rules.dmarc_in([DMARC]) == DMARC
    assert rules.dmarc_in(["v=DMARC1; rua=mailto:x@y.example"]) == ""  # no policy
    assert rules.dkim_in(["other", DKIM]) == DKIM
    assert rules.dkim_in(["v=DKIM1; p="]) == ""  # revoked


def test_steps_are_done_by_rows(ada: User, sender: None, settings: Any) -> None:
    assert [name for name, done in steps(ada).items() if done] == []
    Authenticator.objects.create(user=ada, type="totp", data={})
    Organisation.objects.create(pk=1, name="Kelp")
    DomainLook.objects.create(domain="kelp.example", looked_at=NOON, spf=SPF, dkim=DKIM, dmarc=DMARC)
    factories.contact()
    MailPolicy.objects.create(pk=1, mode="live", went_live_at=NOON)
    done = {name for name, done in steps(ada).items() if done}
    assert {"admin", "organisation", "domain", "import", "live"} <= done
    assert "test-mail" not in done


def test_one_admin_without_a_second_factor_is_enough_to_warn(ada: User) -> None:
    Authenticator.objects.create(user=ada, type="totp", data={})
    assert steps(ada)["admin"]
    User.objects.create_user("second@example.com", name="Second", role="admin")
    assert not steps(ada)["admin"]


def test_the_dns_is_asked_on_demand_and_remembered(
    ada: User, sender: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = {"kelp.example": [SPF, "x"], "_dmarc.kelp.example": [DMARC], "k1._domainkey.kelp.example": [DKIM]}
    monkeypatch.setattr(dns, "texts_of", lambda name: records.get(name, []))
    client.force_login(ada)
    assert "not found" not in client.get("/settings/start/").content.decode()
    client.post("/settings/start/dns/")
    look = DomainLook.objects.get()
    assert (look.spf, look.dkim, look.dmarc, look.problems) == (SPF, DKIM, DMARC, {})
    assert steps(ada)["domain"]
    client.post("/settings/start/dns/", {"selector": "mine"})
    assert DomainLook.objects.get().dkim == ""
    assert not steps(ada)["domain"]


def test_what_could_not_be_asked_is_not_called_missing(
    ada: User, sender: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(name: str) -> list[str]:
        raise dns.NoAnswer("no answer within 3 seconds")

    monkeypatch.setattr(dns, "texts_of", silent)
    client.force_login(ada)
    client.post("/settings/start/dns/")
    page = client.get("/settings/start/").content.decode()
    assert page.count("could not look") >= 3
    assert "not found" not in page
    assert not steps(ada)["domain"]


def test_a_name_server_that_is_silent_is_waited_for_no_longer_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def resolve(name: str, kind: str, lifetime: float) -> None:
        asked.update(name=name, kind=kind, lifetime=lifetime)
        raise dns.dns.exception.Timeout

    monkeypatch.setattr(dns.dns.resolver, "resolve", resolve)
    with pytest.raises(dns.NoAnswer, match="within 3 seconds"):
        dns.texts_of("kelp.example")
    assert asked == {"name": "kelp.example", "kind": "TXT", "lifetime": 3.0}


@pytest.mark.parametrize("selector", ["a b", "x;y", "../..", "a._domainkey.evil.example/"])
def test_a_selector_that_is_none_is_not_asked(
    ada: User, sender: None, client: Client, monkeypatch: pytest.MonkeyPatch, selector: str
) -> None:
    monkeypatch.setattr(dns, "look_up", lambda *_: pytest.fail("asked"))
    client.force_login(ada)
    assert client.post("/settings/start/dns/", {"selector": selector}).status_code == 302


def test_a_letter_to_oneself_is_planned_once_a_minute(ada: User, client: Client) -> None:
    client.force_login(ada)
    client.post("/settings/start/test-mail/")
    client.post("/settings/start/test-mail/")
    letter = OutboundMessage.objects.get()
    assert (letter.user, letter.category, letter.state) == (ada, "transactional", "due")
    assert not steps(ada)["test-mail"]
    OutboundMessage.objects.update(state="sent")
    assert steps(ada)["test-mail"]


def test_the_default_sender_is_named_before_its_first_mail(ada: User, client: Client) -> None:
    client.force_login(ada)
    naming = "/settings/senders/new/?default=1&amp;next=/settings/start/"
    assert naming in client.get("/settings/start/").content.decode()
    data = {"name": "other", "from_email": "Kelp <hello@kelp.example>", "per_minute": "600"}
    for _ in range(2):  # the second time it is there
        answer = client.post(naming.replace("&amp;", "&"), data)
        assert answer["Location"] == "/settings/start/"
    sender = Sender.objects.get()
    assert (sender.name, sender.from_email) == (Sender.DEFAULT, "Kelp <hello@kelp.example>")
    assert naming not in client.get("/settings/start/").content.decode()


def test_who_brings_nobody_by_file_goes_live_too(ada: User, client: Client, settings: Any) -> None:
    client.force_login(ada)
    assert "Nobody has gone live yet" not in client.get("/mail/").content.decode()  # there is no way out
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    assert "Nobody has gone live yet" in client.get("/mail/").content.decode()
    client.post("/mail/mode/", {"mode": "live"})
    assert "Nobody has gone live yet" not in client.get("/mail/").content.decode()
    assert steps(ada)["live"]


def test_put_away_it_stays_in_the_settings_alone(ada: User, client: Client) -> None:
    client.force_login(ada)
    assert "/settings/start/card/" in client.get("/settings/").content.decode()
    assert "Protect the admins" in client.get("/settings/start/card/").content.decode()
    client.post("/settings/start/away/")
    assert "/settings/start/card/" not in client.get("/settings/").content.decode()
    assert client.get("/settings/start/card/").content == b""
    assert "First steps" in client.get("/settings/start/").content.decode()
    client.post("/settings/start/away/", {"again": "1"})
    assert "/settings/start/card/" in client.get("/settings/").content.decode()
