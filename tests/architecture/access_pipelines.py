"""Who may do what with deals: everybody reads them, managers work on them. A part of the table."""

from __future__ import annotations

from typing import Any

from crm.pipelines.models import Deal, LossReason, Pipeline, Stage
from tests.architecture.access_kinds import ADMINS, MANAGERS, Row, about
from tests.conftest import NOON


def sell(world: Any, secret: str) -> None:
    """A pipeline, and in it a deal of Mira's customer."""
    world.pipeline = Pipeline.objects.create(name="Sales")
    ends = {"won": 100, "lost": 0}
    world.stage, *_ = Stage.objects.bulk_create([
        Stage(pipeline=world.pipeline, name="Talk"),
        *(Stage(pipeline=world.pipeline, name=name, outcome=name, probability=chance) for name, chance in ends.items()),
    ])  # fmt: skip
    LossReason.objects.create(name="Too expensive")
    world.deal = Deal.objects.create(
        pipeline=world.pipeline, stage=world.stage, rank=0, account=world.account, owner=world.mira, title=secret,
        amount=1200, currency="EUR", next_step=secret, source=secret,
    )  # fmt: skip
    world.deal.spells.create(stage=world.stage, began_at=NOON)
    world.deal.people.create(contact=world.contact)
    world.deal.tickets.create(ticket=world.ticket)


def _work(methods: str = "GET POST", **more: Any) -> Row:
    return about("deal", methods, readers=MANAGERS, writers=MANAGERS, **more)


def _of_pipeline(**more: Any) -> Row:
    return Row(at=lambda world: {"pk": world.pipeline.pk} | {name: of(world) for name, of in more.items()})


def _shape(what: str, methods: str) -> Row:
    return Row(methods, writers=ADMINS, at=lambda world: {"pk": getattr(world, what).pk})


ROWS: dict[str, Row] = {
    "pipelines:first": Row(),
    "pipelines:board": _of_pipeline(),
    "pipelines:further": _of_pipeline(stage_pk=lambda world: world.stage.pk),
    "pipelines:news": _of_pipeline(),
    "pipelines:of_pipeline": _of_pipeline(),
    "pipelines:forecast": _of_pipeline(),
    "pipelines:list": Row(),
    "pipelines:new": Row("GET POST", readers=MANAGERS, writers=MANAGERS),
    "pipelines:customers": Row(readers=MANAGERS),
    "pipelines:beside": Row(foreign=True, at=lambda world: {"subject": "account", "pk": world.account.pk}),
    "pipelines:deal": about("deal"),
    **{f"pipelines:{verb}": _work() for verb in ("place", "winning", "loss", "people", "tickets")},
    "pipelines:check": _work("POST"),
    "api-deal-list": Row("GET POST", writers=MANAGERS),
    "api-deal-detail": about("deal", "GET PUT PATCH", writers=MANAGERS),
    **{f"api-deal-{verb}": about("deal", "POST", writers=MANAGERS) for verb in ("place", "winning", "loss")},
    "api-pipeline-list": Row("GET POST", writers=ADMINS),
    "api-pipeline-detail": _shape("pipeline", "GET PUT PATCH"),
    "api-pipeline-archive": _shape("pipeline", "POST"),
    "api-stage-list": Row("GET POST", writers=ADMINS),
    "api-stage-detail": _shape("stage", "GET PUT PATCH"),
    "api-stage-archive": _shape("stage", "POST"),
    "pipelines:fact": Row(
        "GET POST", readers=MANAGERS, writers=MANAGERS, foreign=True,
        at=lambda world: {"pk": world.deal.pk, "name": "amount"},
    ),
}  # fmt: skip
