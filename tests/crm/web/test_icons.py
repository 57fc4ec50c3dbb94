"""Icons: those of the library, whose file is read once and not for each."""

from __future__ import annotations

import lucide
import pytest

from crm.templatetags import ui


@pytest.mark.parametrize("name", ["check", "circle-alert", "users", "chart-column", "settings", "square-pen"])
def test_they_are_drawn_as_the_library_draws_them(name: str) -> None:
    for size in (12, 16):
        drawn = lucide._render_icon(name, size, **{"aria-hidden": "true", "focusable": "false"})
        assert ui.icon.__wrapped__(name, size) == drawn
        assert 'aria-hidden="true"' in drawn


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(lucide.IconDoesNotExist, match="no-such-thing"):
        ui.icon("no-such-thing")


def test_the_file_is_read_once() -> None:
    ui.icon.__wrapped__("users")
    before = ui._icons.cache_info().misses
    ui.icon.__wrapped__("user")
    assert ui._icons.cache_info().misses == before
