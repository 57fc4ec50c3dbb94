"""An endpoint may answer what it likes: its delivery rests, and nobody else's waits for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from crm.timeline.actions import Fact, record
from crm.web import outgoing
from crm.webhooks import rules, sending
from crm.webhooks.composing import payload
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests import factories
from tests.conftest import NOON

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def answering(settings: Any) -> Iterator[Callable[..., str]]:
    """A server that says these bytes, whatever it is asked, and then `more` megabytes."""
    settings.OUTGOING_ALLOW, settings.WEBHOOKS_PLAIN_HTTP = ["127.0.0.0/8"], True
    stand: list[socket.socket] = []

    def at(said: bytes, more: int = 0) -> str:
        listens = socket.create_server(("127.0.0.1", 0))
        stand.append(listens)

        def answer() -> None:
            line, _ = listens.accept()
            with line:
                line.recv(65536)
                try:
                    for one in (said, *[b"x" * 1024 * 1024] * more):
                        line.sendall(one)
                except OSError:
                    line.close()  # they have heard enough

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{listens.getsockname()[1]}/in"

    yield at
    for one in stand:
        one.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 2\0 OK\r\n\r\n",
        _CHUNKED + b"-5\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: Mon, 01 Jan 99999999999999999999 00:00:00 GMT\r\n\r\n",
        b"HTTP/1.1 503 N\0\r\nContent-Length: 3\r\n\r\n\0\xff\0",
        b"HTTP/1.1 429 \xff\r\nRetry-After: \0\r\n\r\n",
    ],
)
def test_whatever_it_answers_the_try_is_noted(
    said: bytes, answering: Callable[..., str], endpoint_at: Callable[..., WebhookEndpoint]
) -> None:
    endpoint = endpoint_at(answering(said))
    record(Fact(factories.account("Nordwind").pk, "deal.won", "Deal won", NOON), now=NOON)
    assert sending.work(NOON) == 1
    row, now = WebhookDelivery.objects.get(), WebhookEndpoint.objects.get(pk=endpoint.pk)
    assert (row.state, row.tries, len(row.log), now.failures) == ("waiting", 1, 1, 1)


def test_of_a_chunk_of_less_than_nothing_nothing_is_read(answering: Callable[..., str]) -> None:
    answers = answering(_CHUNKED + b"-1\r\n", more=64)
    with pytest.raises(outgoing.NoAnswer):
        outgoing.call("POST", answers, b"{}", {}, 4096)


@pytest.mark.parametrize(
    "said",
    ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +9999999999999999", "Mon", "\0", ""],
)
def test_a_rest_that_no_calendar_knows_is_none(said: str) -> None:
    assert rules.rest_asked(said, NOON) == timedelta(0)


def test_what_people_wrote_into_a_form_is_their_words() -> None:
    given = {"form": 3, "said": {"Your message": "Call me"}, "differs": ["Phone: they wrote …"], "note": "Call me"}
    assert payload(given, with_texts=False) == {"form": 3}
    assert payload(given, with_texts=True) == given
