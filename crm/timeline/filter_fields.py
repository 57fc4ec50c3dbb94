"""What filters can ask of a fact: its words, who did it, and the details that came with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, DecimalField, F, Func, TextField
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from crm.slots import FilterField, FilterSubject, filter_subjects
from crm.timeline.models import TimelineEntry

SUBJECT = "entry"


class _Number(Func):
    """A detail that is a number, or reads as one; NULL for any other."""

    template = r"substring(%(expressions)s from '^\s*([-+]?[0-9]{1,15}([.][0-9]{1,8})?)\s*$')::numeric"
    output_field = DecimalField()


def _detail(argument: str | None, now: datetime) -> Any:
    return KeyTextTransform(argument or "", "payload", output_field=TextField())


def _number(argument: str | None, now: datetime) -> Any:
    return _Number(_detail(argument, now))


class _Texts(Func):
    """A detail that is a list, as an array of texts; a single value is a list of one."""

    template = "ARRAY(SELECT jsonb_path_query(%(expressions)s, '$[*]') #>> '{}')::varchar[]"
    output_field = ArrayField(CharField())


def _list(argument: str | None, now: datetime) -> Any:
    return _Texts(KeyTransform(argument or "", "payload"))


def register_filters() -> None:
    fields = filter_subjects.register(
        SUBJECT, FilterSubject("Facts", TimelineEntry, TimelineEntry.objects.all, "accounts:list")
    ).fields
    fields.register("text", FilterField("What it says", "text", lambda argument, now: F("text")))
    fields.register("detail", FilterField("Detail “{}”", "text", _detail, takes_argument=True, order=1))
    fields.register("number", FilterField("Number “{}”", "number", _number, takes_argument=True, order=2))
    fields.register("list", FilterField("List “{}”", "tags", _list, takes_argument=True, order=3))
    fields.register(
        "products", FilterField("Products bought", "tags", lambda argument, now: _list("products", now), order=4)
    )
    fields.register("channel", FilterField("Channel", "text", lambda argument, now: F("channel"), order=5))
    sources = tuple(TimelineEntry.Source.choices)
    fields.register("source", FilterField("Who did it", "choice", lambda argument, now: F("source"), sources, order=6))
