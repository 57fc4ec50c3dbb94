"""Who may do what with deals: everybody reads them, managers work on them. A part of the table."""

from __future__ import annotations

from typing import Any

from crm.pipelines.models import Deal, LossReason, Pipeline, Stage
from tests.architecture.access_kinds import ADMINS, MANAGERS, Row, about, for_admins
from tests.conftest import NOON


def sell(world: Any, secret: str) -> None:
    """A pipeline, and in it a deal of Mira's customer."""
    world.pipeline = Pipeline.objects.create(name="Sales")
    ends = {"won": 100, "lost": 0}
    world.stage, *_ = Stage.objects.bulk_create([
        Stage(pipeline=world.pipeline, name="Talk"),
        *(Stage(pipeline=world.pipeline, name=name, outcome=name, probability=chance) for name, chance in ends.items()),
    ])  # fmt: skip
    world.reason = LossReason.objects.create(name="Too expensive")
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


def _shaped(methods: str, **more: Any) -> Row:
    return for_admins(methods, pk=lambda world: world.pipeline.pk, **more)


_OF_SHAPE = {
    "shape": "GET POST", "archival": "GET POST", "restoration": "POST", "new_stage": "GET POST", "order": "POST",
}  # fmt: skip
_OF_STAGE = {"stage": "GET POST", "stage_archival": "GET POST", "stage_restoration": "POST"}


def _stage(world: Any) -> int:
    return int(world.stage.pk)


def _reason(world: Any) -> int:
    return int(world.reason.pk)


ROWS: dict[str, Row] = {
    "pipelines:first": Row(),
    "pipelines:board": _of_pipeline(),
    "pipelines:further": _of_pipeline(stage_pk=lambda world: world.stage.pk),
    "pipelines:news": _of_pipeline(),
    "pipelines:of_pipeline": _of_pipeline(),
    "pipelines:forecast": _of_pipeline(),
    "pipelines:insight": _of_pipeline(),
    "pipelines:insight_deals": _of_pipeline(),
    "pipelines:key_plan": about("account"),
    "pipelines:key_plan_writing": about("account", "GET POST", readers=MANAGERS, writers=MANAGERS),
    "pipelines:key_plan_dropping": about("account", "POST", writers=MANAGERS),
    "pipelines:list": Row(),
    "pipelines:new": Row("GET POST", readers=MANAGERS, writers=MANAGERS),
    "pipelines:customers": Row(readers=MANAGERS),
    "pipelines:beside": Row(foreign=True, at=lambda world: {"subject": "account", "pk": world.account.pk}),
    "pipelines:deal": about("deal"),
    **{f"pipelines:{verb}": _work() for verb in ("place", "winning", "loss", "people", "tickets")},
    "pipelines:check": _work("POST"),
    "pipelines:choose": for_admins(),
    "pipelines:make": for_admins("GET POST", origin=lambda world: "empty"),
    "pipelines:all": for_admins("GET POST"),
    **{f"pipelines:{verb}": _shaped(methods) for verb, methods in _OF_SHAPE.items()},
    **{f"pipelines:{verb}": _shaped(methods, stage_pk=_stage) for verb, methods in _OF_STAGE.items()},
    "pipelines:reasons": for_admins("POST"),
    "pipelines:reason_order": for_admins("POST"),
    "pipelines:reason": for_admins("GET POST", pk=_reason),
    "pipelines:reason_archival": for_admins("POST", pk=_reason),
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
