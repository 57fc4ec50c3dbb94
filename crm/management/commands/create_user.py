"""manage.py create_user EMAIL --role ROLE"""

from __future__ import annotations

import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from crm.team.models import User
from crm.web import clock

#: Letters that nobody mistakes for others when reading a password to somebody.
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Command(BaseCommand):
    help = "Create somebody of ours. Prints a password once, unless one is given. Exit codes: 0 done, 2 refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--role", required=True, choices=User.Role.values)
        parser.add_argument("--name", default="", help="as others see it; blank: the address")
        parser.add_argument("--time-zone", default="", help="such as Europe/Berlin; blank: the installation's")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from the first line of stdin"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email, zone = options["email"].strip().lower(), options["time_zone"]
        user = User(email=email, name=options["name"].strip(), role=options["role"], time_zone=zone)
        try:
            validate_email(email)
        except ValidationError as error:
            raise refused(f"{email!r} is not an e-mail address.") from error
        if zone and zone not in clock.ZONE_NAMES:
            raise refused(f"{zone!r} is not a time zone. Write a name such as Europe/Berlin.")
        if len(user.name) > 120:
            raise refused("The name has more than 120 characters.")
        password = self._given(user) if options["password_stdin"] else generated()
        user.set_password(password)
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError as error:
            raise refused(f"There is a user {email} already.") from error
        self.stderr.write(f"Created {email}, {user.get_role_display().lower()}")
        if not options["password_stdin"]:
            self.stderr.write("The password is shown this once:")
            self.stdout.write(password)

    def _given(self, user: User) -> str:
        password = sys.stdin.readline().rstrip("\r\n")
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise refused(" ".join(error.messages)) from error
        return password


def generated() -> str:
    """More than 110 random bits, in groups that can be read out."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


def refused(reason: str) -> CommandError:
    return CommandError(f"{reason} Nothing was changed.", returncode=2)
