"""manage.py recipes: list the ready-made workflows, switch them on and off, change their settings."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.web import clock
from retention.workflows import actions, recipes
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError


class Command(BaseCommand):
    help = "Show the ready-made workflows, or switch them on and off and change their settings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--enable", nargs="+", default=[], metavar="NAME", help="facts from now on count")
        parser.add_argument("--disable", nargs="+", default=[], metavar="NAME", help="stops at once, mail included")
        parser.add_argument("--set", nargs="+", default=[], metavar="NAME.KEY=VALUE", dest="assignments")
        parser.add_argument(
            "--include-current", action="store_true",
            help="with --enable: also customers already silent, or inside the window before a date",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print JSON alone")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            with transaction.atomic():  # all of it or nothing
                for slug, chosen in _by_recipe(options["assignments"]).items():
                    actions.configure(slug, chosen, now)
                for slug in options["disable"]:
                    actions.disable(slug, now)
                for slug in options["enable"]:
                    actions.enable(slug, now, include_current=options["include_current"])
        except RecipeError as error:
            raise CommandError(str(error), returncode=2) from error
        rows = [_row(slug) for slug in recipes.names()]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
        else:
            for row in rows:
                settings = ", ".join(f"{name}={value}" for name, value in row["settings"].items())
                self.stdout.write(f"{row['name']:<20} {row['state']:<8} {settings}")


def _by_recipe(assignments: list[str]) -> dict[str, dict[str, str]]:
    chosen: dict[str, dict[str, str]] = {}
    for assignment in assignments:
        target, equals, value = assignment.partition("=")
        slug, dot, key = target.partition(".")
        if not (equals and dot and key):
            raise RecipeError(f"{assignment!r} is not of the form NAME.KEY=VALUE, such as inactivity.days=10")
        chosen.setdefault(slug, {})[key] = value
    return chosen


def _row(slug: str) -> dict[str, Any]:
    recipe = recipes.load(slug)
    workflow = Workflow.objects.filter(slug=slug).first()
    return {
        "name": slug,
        "state": workflow.state if workflow else "off",
        "settings": recipe.defaults | (workflow.settings if workflow else {}),
    }
