"""Who may do what about the desk's levels, categories, rotas, insight and ratings. A part of the table."""

from __future__ import annotations

from typing import Any

from crm.tickets.models import ServiceLevel, TicketCategory, TicketRating
from tests.architecture.access_kinds import ADMINS, Row, about, for_admins, public
from tests.conftest import NOON


def measure(world: Any, secret: str) -> None:
    """A level, a category, and what Mira's customer answered about `world.ticket`."""
    world.level = ServiceLevel.objects.create(name="Standard", targets={"normal": {"answer": 60}})
    world.category = TicketCategory.objects.create(name="Export")
    spell = world.ticket.spells.get()
    world.rating = TicketRating.objects.create(
        ticket=world.ticket, spell=spell, account=world.account, contact=world.contact, token=TOKEN, score=1,
        comment=secret, answered_at=NOON,
    )  # fmt: skip


#: Of the question that Mira's customer was asked.
TOKEN = "the token of a rating"


def _one(what: str, methods: str = "POST") -> Row:
    return for_admins(methods, pk=lambda world: getattr(world, what).pk)


ROWS: dict[str, Row] = {
    "tickets:insight": Row(),
    "tickets:ratings": Row(),
    "tickets:clock": about("ticket"),
    "tickets:mood": about("said", "GET POST"),
    "desk:levels": for_admins("GET POST"),
    "desk:new_level": for_admins("GET POST"),
    "desk:level": _one("level", "GET POST"),
    "desk:switch_level": _one("level"),
    "desk:raise_level": _one("level"),
    "desk:categories": for_admins("GET POST"),
    "desk:category": _one("category"),
    "desk:switch_category": _one("category"),
    "desk:rota": for_admins("POST", team_pk=lambda world: world.team.pk),
    "api-rating-list": Row(),
    "api-rating-detail": about("rating"),
    "api-service-level-list": Row("GET POST", writers=ADMINS),
    "api-service-level-detail": Row("GET PUT PATCH", writers=ADMINS, at=lambda world: {"pk": world.level.pk}),
    # the token names one question, and shows the subject of one's own ticket; a wrong one is like none
    "rating:page": public("GET POST", at=lambda world: {"token": "nonsense"}),
}
