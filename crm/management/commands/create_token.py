"""manage.py create_token EMAIL --scope SCOPE"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.team.models import ApiToken, User


class Command(BaseCommand):
    help = "Create a key to the API with the rights of a user. Prints it once. Exit codes: 0 done, 2 refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="of the user whose rights it has")
        parser.add_argument("--scope", required=True, choices=ApiToken.Scope.values)
        parser.add_argument("--name", default="", help="what it is for")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = options["email"].strip().lower(), options["name"].strip()
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"There is no user {email}. Create one with create_user.", returncode=2)
        if not user.is_active:
            raise CommandError(f"The account of {email} is closed; a token of theirs would open nothing.", returncode=2)
        if len(name) > 80:
            raise CommandError("The name has more than 80 characters. Nothing was changed.", returncode=2)
        _, secret = ApiToken.issue(user, options["scope"], name)
        self.stderr.write(f"A {options['scope']} token of {email}, shown this once:")
        self.stdout.write(secret)
