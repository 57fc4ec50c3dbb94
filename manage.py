#!/usr/bin/env python
"""Holdfast's command line. Starts embedded servers when the environment names none."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import environ
from django.core.management import execute_from_command_line

from crm.config import embedded
from retention.demo import doorway

#: Commands that need no server.
OFFLINE = {"help", "version", "--help", "-h", "--version", "collectstatic", "makemessages"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.config.settings")
    environ.Env.read_env(Path(__file__).resolve().parent / ".env")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    offline = command in OFFLINE or "--help" in sys.argv
    if offline:
        os.environ.setdefault("SECRET_KEY", "only for commands that serve nobody")
    if command == "demo" and not offline:
        _check_demo()
    with embedded.servers() if embedded.needed() and not offline else contextlib.nullcontext():
        execute_from_command_line(sys.argv)


def _check_demo() -> None:
    """A port that is taken ends the demo before its servers are started; so that they are stopped again whatever asks
    for the end, being terminated is the same as Ctrl-C."""
    port = doorway.chosen_port(sys.argv[2:])
    if port and (reason := doorway.taken(port)):
        sys.stderr.write(f"CommandError: {reason}\n")
        sys.exit(2)
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, signal.default_int_handler)


if __name__ == "__main__":
    main()
