"""Signed webhooks of one's own bridges, signed by the public library."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks

from crm.inbox.channels import chat
from crm.inbox.models import InboundPayload
from crm.web.bridges import WINDOW
from tests.conftest import NOON
from tests.crm.inbox.chats import OLD_SECRET, SECRET, bridged, from_bridge
from tests.crm.inbox.test_telegram import chats

pytestmark = pytest.mark.usefixtures("channels")
TICK = timedelta(seconds=1)


def test_what_it_signs_is_taken_once_with_either_secret() -> None:
    assert from_bridge(bridged("Hello")).status_code == 200
    assert from_bridge(bridged("Hello")).status_code == 200
    assert from_bridge(bridged("Later", id="urn:8"), "msg_2", secret=OLD_SECRET).status_code == 200
    assert [(one.key, one.handle, one.text, one.at) for one in chats("bridge:linkedin")] == [
        ("linkedin:urn:7", "linkedin:urn:Sofia", "Hello", NOON),
        ("linkedin:urn:8", "linkedin:urn:Sofia", "Later", NOON),
    ]  # fmt: skip


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 7, ""])
def test_a_moment_that_no_page_could_show_is_when_it_came(at: Any) -> None:
    from_bridge(bridged("Hello", at=at))
    assert chats("bridge:linkedin")[0].at == NOON


@pytest.mark.parametrize("sign", [1, -1])
def test_a_signature_is_believed_for_five_minutes(sign: int) -> None:
    assert from_bridge(bridged(), "a", NOON + sign * WINDOW).status_code == 200
    assert from_bridge(bridged(), "b", NOON + sign * (WINDOW + TICK)).status_code == 403


def test_many_things_in_one_request() -> None:
    data = [
        bridged(kind="review", id=None, url="https://reviews.example/7")["data"],
        {"nonsense": 1}, bridged("With address", **{"from": {"id": 9, "email": "Sofia@Nordwind.example"}})["data"],
    ]  # fmt: skip
    from_bridge({"type": "message.received", "data": data})
    public, addressed = chats("bridge:linkedin")
    assert (public.key, public.text, public.is_public) == (
        "linkedin:msg_1:0", "[Review] Hello\n\nhttps://reviews.example/7", True,
    )  # fmt: skip
    assert (addressed.handle, addressed.email) == ("linkedin:9", "sofia@nordwind.example")
    from_bridge({"type": "message.status", "data": {"id": "abc", "status": "failed", "reason": "gone"}}, "msg_3")
    chats("bridge:linkedin")
    said = chat.receipt(InboundPayload.objects.get(kind="chat.receipt").arrived)
    assert (said.provider_id, said.status, said.reason) == ("abc", "failed", "gone")


@pytest.mark.parametrize(
    "wrong",
    [
        "linkedin", "Linked In?secret=x", "linkedin?secret=whsec_AAAA", "linkedin?secret=whsec_%%%",
        f"linkedin?secret={SECRET}&color=red", f"linkedin?secret={SECRET}&url=ftp://x",
    ],
)  # fmt: skip
def test_a_bridge_that_cannot_work_stops_the_start(settings: Any, wrong: str) -> None:
    settings.BRIDGES = wrong
    assert [one.id for one in run_checks() if one.id == "crm.E004"] == ["crm.E004"]
