"""A mail server that takes everything, as quickly as Python can: it must not be what a bench of the sender measures.

Run as a process: prints its port, and the number of mails it took when its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys


class Sink(asyncio.Protocol):
    taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer, self.in_text = transport, b"", False
        self._say(b"220 sink")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self._text() if self.in_text else self._command():
            pass

    def _text(self) -> bool:
        _, end, rest = self.buffer.partition(b"\r\n.\r\n")
        if end:
            Sink.taken += 1
            self.buffer, self.in_text = rest, False
            self._say(b"250 taken")
        return bool(end)

    def _command(self) -> bool:
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        verb = line[:4].upper()
        self.in_text = verb == b"DATA"
        self._say({b"DATA": b"354 go on", b"QUIT": b"221 bye"}.get(verb, b"250 OK"))
        if verb == b"QUIT":
            self.transport.close()
        return True

    def _say(self, words: bytes) -> None:
        self.transport.write(words + b"\r\n")


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    sys.stdout.write(f"{Sink.taken}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve())
