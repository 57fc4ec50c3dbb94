"""manage.py reset_second_factor EMAIL"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.team import second_factor
from crm.team.models import User


class Command(BaseCommand):
    help = (
        "Take away the second factor of somebody who lost their phone, and sign them out everywhere: for an admin whom "
        "no other can help. Exit codes: 0 done, 2 refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        user = User.objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"There is no user {email}. Nothing was changed.", returncode=2)
        if not second_factor.reset(user):
            raise CommandError(f"{email} has no second factor. Nothing was changed.", returncode=2)
        self.stderr.write(f"The second factor of {email} is gone. They sign in with their password alone.")
