"""Ways out: what EMAIL_URL names, the mail as bytes, and the answers of providers."""

from __future__ import annotations

import email
import email.policy
import ssl
from email.message import EmailMessage
from pathlib import Path
from socket import gaierror
from typing import Any

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)

from crm.outbox import mime
from crm.outbox.channels import Accepted, Refused, Unknown
from crm.outbox.channels.email import BadEmailURL, Folder, open_channel
from crm.outbox.channels.provider import Provider
from crm.outbox.channels.smtp import Security, Smtp
from tests.conftest import NOON


def letter(**fields: Any) -> mime.Envelope:
    values: dict[str, Any] = {
        "key": "test:1", "message_id": "<abc@us.example>", "from_header": "Us <hello@us.example>",
        "to_name": "Anna Berg",
        "to_address": "anna@kelp.example", "subject": "Hello", "text": "Good day.\n", "date": NOON, "headers": {},
    }  # fmt: skip
    return mime.envelope(**values | fields)


def parsed(envelope: mime.Envelope) -> EmailMessage:
    return email.message_from_bytes(mime.build(envelope), policy=email.policy.default)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("url", "port", "user", "password", "security"),
    [
        ("smtp://host", 25, "", "", Security.NONE),
        ("smtp://u%40x:p%2Fw@host:2525", 2525, "u@x", "p/w", Security.NONE),
        ("smtp+tls://u:p@host", 587, "u", "p", Security.STARTTLS),
        ("smtps://u:p@host", 465, "u", "p", Security.TLS),
    ],
)
def test_an_smtp_address(url: str, port: int, user: str, password: str, security: Security) -> None:
    channel = open_channel(url)
    assert isinstance(channel, Smtp)
    assert (channel.host, channel.port, channel.user, channel.password, channel.security) == (
        "host", port, user, password, security,
    )  # fmt: skip


@pytest.mark.parametrize("url", ["http://host", "smtp://", "nonsense"])
def test_what_names_no_way_out_is_refused(url: str) -> None:
    with pytest.raises(BadEmailURL, match="EMAIL_URL"):
        open_channel(url)


@pytest.mark.parametrize("url", ["anymail+nonsense://?api_key=1", "anymail+postmark://"])
def test_a_provider_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="EMAIL_URL: the provider"):
        open_channel(url)


def test_the_folder_keeps_one_file_a_message(tmp_path: Path) -> None:
    channel = open_channel(f"folder://{tmp_path}/a%20b")
    assert isinstance(channel, Folder)
    assert channel.send(letter()) == channel.send(letter()) == Accepted("abc@us.example.eml")

    (file,) = (tmp_path / "a b").iterdir()
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert mail["To"] == "Anna Berg <anna@kelp.example>"


BREAK = "x\r\nBcc: victim@example.com\0\n.evil"


@pytest.mark.parametrize("field", ["message_id", "from_header", "to_name", "subject", "headers"])
def test_no_header_can_be_smuggled_in(field: str) -> None:
    value: Any = {"List-Unsubscribe": BREAK, f"X-{BREAK}": "1"} if field == "headers" else BREAK
    if field == "headers":
        value = {"List-Unsubscribe": BREAK}

    raw = mime.build(letter(**{field: value}))

    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["Bcc"] is None
    assert not any(line.lower().startswith(b"bcc") for line in raw.splitlines())
    assert b"\0" not in raw


def test_an_address_that_is_none_is_refused_before_it_leaves() -> None:
    with pytest.raises(ValueError, match=r".+"):
        letter(to_address="anna@kelp.example\r\nBcc: victim@example.com")


def test_text_and_html_say_the_same_and_html_is_escaped() -> None:
    mail = parsed(letter(text="Grüße, <b>Anna</b>\n\nhttps://us.example/a?b=1&c=2\n"))

    plain = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert plain.replace("\r\n", "\n") == "Grüße, <b>Anna</b>\n\nhttps://us.example/a?b=1&c=2\n"
    assert "&lt;b&gt;Anna&lt;/b&gt;" in html
    assert 'href="https://us.example/a?b=1&amp;c=2"' in html
    assert "src=" not in html
    assert mime.build(letter(text="Grüße")).isascii()


def test_a_long_link_in_a_header_stays_readable() -> None:
    link = f"<https://us.example/u/{'a' * 300}/>"
    raw = mime.build(letter(headers={"List-Unsubscribe": link}))
    assert f"List-Unsubscribe: {link}\r\n".encode() in raw


def test_a_name_of_another_script_is_encoded() -> None:
    raw = mime.build(letter(to_name="Åsa, Ö."))
    assert raw.isascii()
    assert email.message_from_bytes(raw, policy=email.policy.default)["To"].addresses[0].display_name == "Åsa, Ö."


ESP = HTTPConnection("esp.example")


def raised(kind: type[Exception], cause: Exception) -> Exception:
    """What requests makes of urllib3's errors."""
    return kind(MaxRetryError(None, "/email", cause))  # type: ignore[arg-type]


class Esp:
    """Stands for the provider's HTTP interface."""

    def __init__(self, answer: int | Exception) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def __call__(self, session: requests.Session, method: str, url: str, **params: Any) -> requests.Response:
        self.asked.append(params | {"url": url})
        if isinstance(self.answer, Exception):
            raise self.answer
        response = requests.Response()
        response.status_code = self.answer
        body = '{"To": "anna@kelp.example", "MessageID": "esp-1", "ErrorCode": 0, "Message": "OK"}'
        response._content = body.encode()
        return response


@pytest.mark.parametrize(
    ("answer", "outcome", "temporary"),
    [
        (200, Accepted, None), (401, Refused, False), (429, Refused, True), (503, Refused, True),
        (500, Unknown, None), (requests.ConnectTimeout("slow"), Refused, True),
        (raised(requests.ConnectionError, NewConnectionError(ESP, "refused")), Refused, True),
        (raised(requests.ConnectionError, NameResolutionError("esp", ESP, gaierror("unknown"))), Refused, True),
        (raised(requests.exceptions.SSLError, SSLError(ssl.SSLCertVerificationError("expired"))), Refused, True),
        (raised(requests.exceptions.SSLError, SSLError(ssl.SSLEOFError("EOF in the midst"))), Unknown, None),
        (raised(requests.exceptions.ProxyError, ProxyError("broken", OSError("reset"))), Unknown, None),
        (requests.ConnectionError("reset by peer"), Unknown, None), (requests.ReadTimeout("silent"), Unknown, None),
        (requests.ConnectionError(ProtocolError("Connection aborted.", OSError("reset"))), Unknown, None),
    ],
)  # fmt: skip
def test_what_a_provider_answers(
    monkeypatch: pytest.MonkeyPatch, answer: int | Exception, outcome: type, temporary: bool | None
) -> None:
    esp = Esp(answer)
    monkeypatch.setattr(requests.Session, "request", lambda self, method, url, **p: esp(self, method, url, **p))
    with open_channel("anymail+postmark://?server_token=t0ken") as channel:
        assert isinstance(channel, Provider)
        got = channel.send(letter(headers={"List-Unsubscribe": "<https://us.example/u/1/>"}))

    assert isinstance(got, outcome)
    assert getattr(got, "temporary", None) == temporary
    assert len(esp.asked) == 1
    assert esp.asked[0]["timeout"] == 20
    assert "t0ken" not in getattr(got, "reason", "")
    if isinstance(got, Accepted):
        assert got.provider_id == "esp-1"
        assert "List-Unsubscribe" in str(esp.asked[0]["data"])
