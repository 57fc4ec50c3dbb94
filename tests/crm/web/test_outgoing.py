"""Nobody can make us call what only we can reach."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from crm.web import outgoing
from crm.web.outgoing import Forbidden, NoAnswer, NotSent, call
from tests.crm.outbox.provider import SILENCE, provider

#: Addresses, in all the ways in which they can be written, that no URL of somebody's may lead to.
HOSTS = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1",
    "017700000001", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "10.0.0.1", "10.255.255.255", "10.1",
    "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "2852039166", "0xa9fea9fe",
    "169.254.0.1", "100.64.0.1", "100.127.255.254", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[::1]", "[::]",
    "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
    "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[2001:db8::1]", "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[100::1]", "[fec0::1]",
]  # fmt: skip
URLS = [
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/", "http://", "http:///x",
    "http://user:password@example.com/", "http://example.com:99999/", "http://exa mple.com/", "http://a\r\nb/",
    "http://example.com\\@127.0.0.1/", "javascript:alert(1)", "http://[::1", "https://" + "a" * 300 + ".example/",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_no_way_of_writing_it_leads_inside(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any) -> None:
        raise AssertionError("it was called")

    monkeypatch.setattr(socket.socket, "connect", never)
    with pytest.raises(NotSent):
        call("GET", f"http://{host}/latest/meta-data/")


@pytest.mark.parametrize("url", URLS)
def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        call("POST", url)


def _means(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names mean these addresses, one answer after the other; returns what was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", resolve)
    return asked


def test_a_name_of_which_nobody_says_what_it_means_keeps_us_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    silent = threading.Event()
    monkeypatch.setattr(outgoing, "RESOLVED_IN", 0.05)
    monkeypatch.setattr(outgoing.socket, "getaddrinfo", lambda *_, **__: silent.wait(20))
    began = time.monotonic()
    with pytest.raises(NotSent, match=r"slow\.example cannot be resolved: nobody said in 0\.05 s what it means"):
        call("GET", "http://slow.example/")
    silent.set()
    assert time.monotonic() - began < 5


def test_a_name_that_changes_its_mind_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _means(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    went: list[Any] = []

    def connect(self: socket.socket, place: Any) -> None:
        went.append(place)
        raise OSError("nobody there")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(NotSent):
        call("GET", "http://rebinding.example/")
    assert (asked, went) == (["rebinding.example"], [("93.184.215.14", 80)])


def test_one_address_inside_is_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    _means(monkeypatch, ["93.184.215.14", "10.0.0.5"])
    with pytest.raises(Forbidden, match="OUTGOING_ALLOW"):
        call("GET", "https://both.example/")


def test_what_is_allowed_is_called_and_redirects_are_answers(settings: Any) -> None:
    with provider() as stands:
        with pytest.raises(Forbidden):
            call("POST", stands.url)
        for allowed in ("127.0.0.1", "127.0.0.0/8"):
            settings.OUTGOING_ALLOW = ["10.0.0.0/8", allowed]
            answer = call("POST", f"{stands.url}/a%20b?c=d", b'{"x": 1}', {"X-Two": "2"})
            assert (answer.status, answer.ok) == (200, True)
        assert (stands.got[0].path, stands.got[0].json, stands.got[0].headers["x-two"]) == ("/a%20b?c=d", {"x": 1}, "2")
        stands.answers = [(302, {"location": "http://169.254.169.254/"}), (SILENCE, {})]
        assert call("GET", stands.url).status == 302
        with pytest.raises(NoAnswer):
            call("GET", stands.url)
        with pytest.raises(NoAnswer, match="Invalid header"):
            call("GET", stands.url, headers={"X": "a\r\nHost: evil"})


def test_an_answer_without_end_is_cut_off(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    monkeypatch.setattr(outgoing, "TIMEOUT", 1.0)
    monkeypatch.setattr(outgoing, "LARGEST", 5)
    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        for _ in range(2):
            line, _ = server.accept()
            with line:
                line.recv(1000)
                try:
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
                    line.close()
                    break
                except OSError:
                    return

    threading.Thread(target=drip, daemon=True).start()
    assert call("GET", f"http://127.0.0.1:{server.getsockname()[1]}/").body == b"01234"

    def slowly() -> None:
        line, _ = server.accept()
        with line:
            line.recv(1000)
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            try:
                for _ in range(100):
                    line.sendall(b"X")
                    threading.Event().wait(0.1)
            except OSError:
                return

    threading.Thread(target=slowly, daemon=True).start()
    with pytest.raises(NoAnswer):
        call("GET", f"http://127.0.0.1:{server.getsockname()[1]}/")
    server.close()
