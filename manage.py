#!/usr/bin/env python
"""Holdfast's command line. Starts embedded servers when the environment names none."""

import contextlib
import os
import sys
from pathlib import Path

import environ
from django.core.management import execute_from_command_line

from crm.config import embedded

#: Commands that need no server.
OFFLINE = {"help", "version", "--help", "-h", "--version", "collectstatic", "check", "makemessages"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.config.settings")
    environ.Env.read_env(Path(__file__).resolve().parent / ".env")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    offline = command in OFFLINE or "--help" in sys.argv
    if offline:
        os.environ.setdefault("SECRET_KEY", "only for commands that serve nobody")
    with embedded.servers() if embedded.needed() and not offline else contextlib.nullcontext():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
