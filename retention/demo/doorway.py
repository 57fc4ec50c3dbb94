"""What must hold before anything is started, servers included. Knows neither Django nor the database."""

from __future__ import annotations

import socket
from collections.abc import Sequence

PORT = 8000


def chosen_port(arguments: Sequence[str]) -> int | None:
    """The port on the command line; None if it is none, which argparse says better."""
    text = str(PORT)
    for number, argument in enumerate(arguments):
        if argument == "--port":
            text = arguments[number + 1] if number + 1 < len(arguments) else ""
        elif argument.startswith("--port="):
            text = argument.removeprefix("--port=")
    return int(text) if text.isdecimal() and 0 < int(text) < 65536 else None


def taken(port: int) -> str:
    """Why the port cannot be used, with the remedy; blank if it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            other = port + 1 if port < 65535 else PORT
            return f"Port {port} cannot be used ({error.strerror}). Choose another: manage.py demo --port {other}"
    return ""
