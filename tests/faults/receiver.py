"""Receivers of mail that remember: an SMTP server and an ESP with idempotency keys, in a process of their own.

Each mail taken is one line of JSON in a log, written before the answer is given, so that it stands there whatever
becomes of anybody. An address says how it wants to be treated: `drop.anna@…` takes the mail and breaks off without an
answer. Run as `python -m tests.faults.receiver FOLDER`; the ports it found stand in FOLDER/ports as JSON, and
FOLDER/delay may hold how many seconds each answer takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(<[^>]+>)")
_SUBJECT = re.compile(rb"(?im)^subject:[ \t]*(.*?)\r$")

#: What an address may ask for, by the word before its first dot. All but the last two happen once.
MOODS = ("later", "break", "fail", "drop", "never", "hang")
HANGING = 3600


class Memory:
    """The log, and what has to be known about the past to answer: keys taken, and whose mood has passed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = open(folder / "taken.jsonl", "a", buffering=1)  # noqa: SIM115
        self.keys: set[str] = set()
        self.passed: set[str] = set()
        with open(folder / "taken.jsonl") as past:
            self.keys = {line["key"] for line in map(json.loads, past) if line["key"]}

    def take(self, via: str, **mail: str) -> bool:
        """Write it down; False: this key has been taken before, and nothing is sent again."""
        key = mail.get("key", "")
        again = key in self.keys
        self.log.write(json.dumps({"via": via, "key": key, "again": again, "at": time.time()} | mail) + "\n")
        if key:
            self.keys.add(key)
        return not again

    def mood(self, address: str) -> str:
        """How this address is to be treated now."""
        mood = address.partition("@")[0].partition(".")[0]
        if mood not in MOODS or address in self.passed:
            return ""
        if mood not in MOODS[-2:]:
            self.passed.add(address)
        return mood

    async def pause(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            await asyncio.sleep(float((self.folder / "delay").read_text()))


class Hangup(Exception):
    """The connection ends here, without a word."""


class Smtp:
    """One conversation. It knows as much of RFC 5321 as smtplib asks for."""

    def __init__(self, memory: Memory, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.memory, self.reader, self.writer = memory, reader, writer
        self.to, self.mood = "", ""

    def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def converse(self) -> None:
        self.say("220 receiver")
        while line := await self.reader.readline():
            verb, _, rest = line.decode(errors="replace").strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    self.say("250 8BITMIME")
                case "RCPT":
                    self.say(self.recipient(rest.partition("<")[2].partition(">")[0]))
                case "DATA":
                    await self.data()
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 ok")

    def recipient(self, address: str) -> str:
        self.to, self.mood = address, self.memory.mood(address)
        return {"later": "451 come again", "never": "550 nobody here"}.get(self.mood, "250 ok")

    async def data(self) -> None:
        if self.mood == "break":
            raise Hangup
        self.say("354 go on")
        content = await self.reader.readuntil(b"\r\n.\r\n")
        if self.mood == "hang":
            await asyncio.sleep(HANGING)
        await self.memory.pause()
        if self.mood == "fail":
            self.say("452 no room")
            return
        found, subject = _MESSAGE_ID.search(content), _SUBJECT.search(content)
        self.memory.take(
            "smtp", to=self.to, message_id=found.group(1).decode() if found else "",
            subject=subject.group(1).decode() if subject else "",
        )  # fmt: skip
        if self.mood == "drop":
            raise Hangup
        self.say("250 taken")


class Esp:
    """One connection of HTTP: POST JSON with an Idempotency-Key, as the test channel does."""

    def __init__(self, memory: Memory, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.memory, self.reader, self.writer = memory, reader, writer

    async def converse(self) -> None:
        while head := await self._head():
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head.decode().split("\r\n")[1:])
            }
            mail = json.loads(await self.reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
            status, answer = await self.answer(mail, headers.get("idempotency-key", ""))
            body = json.dumps(answer).encode()
            self.writer.write(
                b"HTTP/1.1 %d x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(body), body)
            )
            await self.writer.drain()

    async def _head(self) -> bytes:
        try:
            return (await self.reader.readuntil(b"\r\n\r\n")).strip()
        except asyncio.IncompleteReadError:
            return b""

    async def answer(self, mail: dict[str, Any], key: str) -> tuple[int, dict[str, str]]:
        to = str(mail.get("to", ""))
        mood = self.memory.mood(to)
        if mood == "hang":
            await asyncio.sleep(HANGING)
        if mood == "break":
            raise Hangup
        await self.memory.pause()
        if mood in ("later", "never", "fail"):
            return {"later": 429, "never": 400, "fail": 500}[mood], {"error": mood}
        names = ("message_id", "subject")
        self.memory.take("http", to=to, key=key, **{name: str(mail.get(name, "")) for name in names})
        if mood == "drop":
            raise Hangup
        return 200, {"id": f"esp-{key}"}


async def _serve(kind: type[Smtp] | type[Esp], memory: Memory) -> asyncio.Server:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(Hangup, OSError, asyncio.IncompleteReadError):
            await kind(memory, reader, writer).converse()
        writer.close()

    return await asyncio.start_server(meet, "127.0.0.1", 0, limit=4 << 20, backlog=512)


async def main(folder: Path) -> None:
    memory = Memory(folder)
    servers = {"smtp": await _serve(Smtp, memory), "http": await _serve(Esp, memory)}
    ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}
    draft = folder / "ports.new"
    draft.write_text(json.dumps(ports))
    os.replace(draft, folder / "ports")
    await asyncio.gather(*(server.serve_forever() for server in servers.values()))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
