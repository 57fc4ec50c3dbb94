"""Every room is known to Django, and whoever looks for its templates or tests finds them under its name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model

from tests.architecture import source

#: Names that say nothing about what is inside.
VAGUE = {"services", "utils", "helpers", "common", "managers", "misc"}


def test_every_room_that_brings_something_is_in_the_settings():
    """Its tables, slots and jobs are looked for there alone."""
    rooms = {f"{room.parent.name}.{room.name}" for room in source.rooms()}
    bringing = {
        f"{room.parent.name}.{room.name}"
        for room in source.rooms()
        for name in ("models", "slots", "jobs", "views")
        if (room / f"{name}.py").exists() or (room / name).is_dir()
    }
    assert bringing - set(settings.ROOMS) == set()
    assert set(settings.ROOMS) - rooms == set()


def _models_of(room: Path) -> list[str]:
    """Where a room's tables are: in itself, and in the packages that it is made of."""
    there = [room, *(part for part in room.iterdir() if part.is_dir())]
    found = [part for part in there if (part / "models.py").exists() or (part / "models").is_dir()]
    return [".".join((*part.relative_to(room.parent.parent).parts, "models")) for part in found]


@pytest.mark.parametrize("app", source.APPS)
def test_every_table_of_a_room_is_on_the_apps_list(app):
    """Django looks at `models.py` of the app only: a room that is missing there would be dropped by a migration."""
    in_rooms: set[type[Model]] = set()
    for room in source.rooms():
        for name in _models_of(room) if room.parent.name == app else ():
            in_rooms |= {
                model
                for model in vars(import_module(name)).values()
                if isinstance(model, type) and issubclass(model, Model) and not model._meta.abstract
                and model.__module__.startswith(name)
            }  # fmt: skip
    listed = import_module(f"{app}.models")
    assert in_rooms == set(apps.get_app_config(app).get_models())
    assert {model.__name__ for model in in_rooms} == set(listed.__all__)


def test_the_noun_is_mirrored():
    """A room with pages has its folder of templates and its folder of tests."""
    missing = []
    for room in source.rooms():
        here = f"{room.parent.name}/{room.name}"
        if (room / "views.py").exists() or (room / "views").is_dir():
            missing += [path for path in (f"templates/{here}", f"tests/{here}") if not (source.BASE / path).is_dir()]
    # The kit's pages are the probes and the theme; the sign-in pages stand where allauth looks for them.
    assert set(missing) - {"templates/crm/web", "templates/crm/team"} == set()


def test_no_module_is_called_anything_and_everything():
    assert [source.name(path) for path in source.python() if path.stem in VAGUE or path.parent.name in VAGUE] == []


def test_nobody_imports_from_the_lists_of_tables():
    """`crm.models` imports every room: whoever imports it imports everything."""
    guilty = [
        source.name(path)
        for path in source.python()
        for line in path.read_text().splitlines()
        if line.strip().startswith(("from crm.models import", "from retention.models import", "import crm.models"))
    ]
    assert guilty == []
