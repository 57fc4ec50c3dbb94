"""The one way out for HTTP. A name is resolved once, each address it has must be of the public internet, and the
connection goes to the address that was looked at: nobody can make us call what only we can reach, not even by a name
that means something else a moment later. No redirects, no proxy, no more than a megabyte of answer.

OUTGOING_ALLOW names what may be called all the same: hosts, addresses, networks.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings

#: Seconds for the name, and for all the rest; bytes of an answer, of which the rest is left.
RESOLVED_IN, TIMEOUT, LARGEST = 5.0, 10.0, 1024 * 1024

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Translates to IPv4 behind the next router (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class NotSent(Exception):
    """Nothing left: nobody was there, or the name means nothing. It may be tried again."""


class Forbidden(NotSent):
    """The URL is none that may be called; trying again changes nothing. The message says why, for people."""


class NoAnswer(Exception):
    """The request was written, at least its beginning, and no answer came: perhaps it was taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by name in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def said(self) -> dict[str, Any]:
        """The JSON object that was answered; empty for anything else."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def call(
    method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, largest: int = 0
) -> Answer:
    """One request, one answer, whatever its status, and so many bytes of it; 0: LARGEST. Raises Forbidden, NotSent or
    NoAnswer."""
    parts = _parts(url)
    connection, deadline = _connected(parts, addresses(parts.hostname or "", _port(parts)))
    try:
        answer = _exchange(connection, method, _target(parts), body, headers or {}, largest or LARGEST)
        if deadline.passed:  # what was cut off reads like an end
            raise NoAnswer("No whole answer came in time.")
        return answer
    finally:
        deadline.cancel()
        connection.close()


# Where it goes --------------------------------------------------------------------------------------------------------


def check(url: str) -> None:
    """Raises Forbidden for a URL that can never be called, without asking for its name."""
    _parts(url)


def _parts(url: str) -> SplitResult:
    if any(ord(char) <= 32 or char in '\\"<>\x7f' for char in url):
        raise Forbidden("The address holds blanks or characters that no address may have.")
    try:
        parts = urlsplit(url)
        _port(parts)
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError as error:  # UnicodeError is one
        raise Forbidden(f"The address cannot be read: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise Forbidden("Only http:// and https:// are called.")
    if not host or "@" in parts.netloc:
        raise Forbidden("The address names no host, or a password before it.")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return f"{path}?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else path


def addresses(host: str, port: int) -> list[Any]:
    """What a name means, as sockets take it: all of it may be called. Raises Forbidden or NotSent."""
    found = _resolved(host, port)
    for *_, place in found:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not is_public(address) and not _is_allowed(host, address):
            raise Forbidden(
                f"{host} is {address}, which is not of the public internet. If it may be called, name it in"
                " OUTGOING_ALLOW."
            )
    return [(family, place) for family, _, _, _, place in found]


def _resolved(host: str, port: int) -> list[Any]:
    """As getaddrinfo, which takes no time limit: a server that is silent would keep us for as long as it likes. So it
    is asked beside, and left alone when time is up. Raises NotSent."""
    answers: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name=f"resolve {host[:40]}").start()
    try:
        found = answers.get(timeout=RESOLVED_IN)
    except queue.Empty:
        raise NotSent(f"The name {host} cannot be resolved: nobody said in {RESOLVED_IN:g} s what it means.") from None
    if isinstance(found, Exception):
        raise NotSent(f"The name {host} cannot be resolved: {found}") from found
    return found


def is_public(address: Address) -> bool:
    """Whether everybody means the same by it, also by what it stands for behind a translation."""
    return all(one.is_global and not one.is_multicast and not _is_set_aside(one) for one in _meant(address))


def _is_set_aside(address: Address) -> bool:
    return address.is_reserved or (address.version == 6 and address.is_site_local)


def _meant(address: Address) -> list[Address]:
    """What a packet to it reaches: itself, or whoever it stands for."""
    if not isinstance(address, ipaddress.IPv6Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address, *(one for one in (address.sixtofour, *(address.teredo or ())) if one)]


def _is_allowed(host: str, address: Address) -> bool:
    hosts, networks = _allowed(tuple(settings.OUTGOING_ALLOW))
    return host.lower() in hosts or any(address in network for network in networks)


@lru_cache(maxsize=8)
def _allowed(named: tuple[str, ...]) -> tuple[frozenset[str], Sequence[Any]]:
    hosts, networks = set(), []
    for one in named:
        try:
            networks.append(ipaddress.ip_network(one.strip(), strict=False))
        except ValueError:
            hosts.add(one.strip().lower())
    return frozenset(hosts), networks


# The exchange ---------------------------------------------------------------------------------------------------------


def _connected(parts: SplitResult, places: Sequence[Any]) -> tuple[http.client.HTTPConnection, _Deadline]:
    """A connection that is open, to the first address that answers, and what ends it when time is up."""
    trouble: Exception = NotSent(f"{parts.hostname} has no address.")
    until = time.monotonic() + TIMEOUT
    for number, (family, place) in enumerate(places):
        left = max(until - time.monotonic(), 0.01)
        plain = socket.socket(family, socket.SOCK_STREAM)
        plain.settimeout(left / (len(places) - number))  # none that is silent takes the time of the others
        deadline = _Deadline(plain, left)
        deadline.start()
        try:
            plain.connect(place)
            plain.settimeout(TIMEOUT)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = http.client.HTTPConnection(parts.hostname or "", _port(parts), timeout=TIMEOUT)
            if parts.scheme == "https":
                connection = http.client.HTTPSConnection(parts.hostname or "", _port(parts), timeout=TIMEOUT)
                plain = ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
            connection.sock, connection.response_class = plain, _Response
        except (OSError, ValueError) as error:  # a TLS error is an OSError
            trouble = error
            deadline.cancel()
            plain.close()
            continue
        return connection, deadline
    raise NotSent(f"{parts.hostname} cannot be reached: {trouble or type(trouble).__name__}") from trouble


class _Response(http.client.HTTPResponse):
    """An answer in pieces, none of which is less than nothing: the original would read all that ever comes."""

    def _get_chunk_left(self) -> int | None:
        left: int | None = super()._get_chunk_left()  # type: ignore[misc]
        if left is not None and left < 0:
            raise http.client.IncompleteRead(b"")
        return left


class _Deadline(threading.Timer):
    """Cuts a connection off when time is up: an answer that drips would otherwise keep us for ever."""

    def __init__(self, plain: socket.socket, seconds: float) -> None:
        self._line, self.passed = plain.dup(), False
        super().__init__(seconds, self._cut)
        self.daemon = True

    def _cut(self) -> None:
        self.passed = True
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        super().cancel()
        self._line.close()


def _exchange(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes, headers: Mapping[str, str],
    largest: int,
) -> Answer:  # fmt: skip
    try:
        sent = {"User-Agent": "Holdfast", "Accept": "application/json", "Connection": "close", **headers}
        connection.request(method, target, body or None, sent)
        response = connection.getresponse()
        said = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, said, response.read(largest))
    except (OSError, ValueError, http.client.HTTPException) as error:
        words = "".join(filter(str.isprintable, str(error)))  # the other side's words may be in it
        raise NoAnswer(f"No answer came: {words or type(error).__name__}") from error
