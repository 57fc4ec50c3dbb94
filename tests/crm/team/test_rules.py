"""The matrix of roles, and who owes a second factor."""

from __future__ import annotations

import pytest

from crm.team import rules
from tests.architecture import source


def test_admins_have_everything_and_nothing_can_be_taken_from_them() -> None:
    none = dict.fromkeys(rules.MATRIX, False)
    assert [name for name in rules.MATRIX if not rules.allowed("admin", name, none)] == []
    assert [name for name in rules.MATRIX if rules.may_change("admin", name)] == []


def test_what_is_for_admins_alone_cannot_be_given_away() -> None:
    every = dict.fromkeys(rules.MATRIX, True)
    given = {name for name in rules.MATRIX if rules.allowed("agent", name, every)}
    fixed = {name for name, right in rules.MATRIX.items() if not right.changeable}
    assert fixed - given == {"manage_mail", "manage_workflows", "audit", "manage_team", "manage_settings"}
    assert {name for name in rules.MATRIX if rules.may_change("agent", name)} == rules.MATRIX.keys() - fixed


@pytest.mark.parametrize(
    ("role", "permission", "changed", "allowed"),
    [
        ("agent", "edit", {}, True),
        ("agent", "edit", {"edit": False}, False),
        ("agent", "export", {}, False),
        ("agent", "export", {"export": True}, True),
        ("manager", "export", {}, True),
        ("manager", "export", {"import": False}, True),
        ("nobody", "view", {}, False),
        ("", "edit", {}, False),
    ],
)
def test_a_change_counts_before_the_matrix(role: str, permission: str, changed: dict[str, bool], allowed: bool) -> None:
    assert rules.allowed(role, permission, changed) is allowed


def test_an_unknown_permission_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        rules.allowed("admin", "fly", {})


@pytest.mark.parametrize(
    ("role", "required_for", "has_one", "owes"),
    [
        ("admin", "optional", False, False),
        ("admin", "admins", False, True),
        ("admin", "admins", True, False),
        ("manager", "admins", False, False),
        ("manager", "everybody", False, True),
        ("agent", "everybody", True, False),
    ],
)
def test_who_owes_a_second_factor(role: str, required_for: str, has_one: bool, owes: bool) -> None:
    assert rules.owes_second_factor(role, required_for, has_one) is owes


def test_every_permission_is_asked_somewhere() -> None:
    """A cell that nobody asks would be a promise that nobody keeps."""
    asking = [path.read_text() for path in source.python() if source.name(path) != "crm/team/rules.py"]
    asking = [text for text in asking if "crm.team.permissions" in text or "class Missing" in text]
    assert [name for name in rules.MATRIX if not any(f'"{name}"' in text for text in asking)] == []
