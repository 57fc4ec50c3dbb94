"""What the audit log says of rights and sign-ins that admins change. Their undo is to do the opposite."""

from __future__ import annotations

from crm.team import rules
from crm.team.models import User

CHANGED, CLOSED, OPENED = "person.changed", "person.closed", "person.let_in"
FACTOR_RESET, SIGNED_OUT, RIGHT = "person.factor_reset", "person.signed_out", "role.changed"

ALL = (CHANGED, CLOSED, OPENED, FACTOR_RESET, SIGNED_OUT, RIGHT)


def as_said(user: User, role: str, sees: str) -> str:
    """“made Sam Whitlock support agent, who sees own customers”."""
    return f"made {user} {User.Role(role).label.lower()}, who sees {User.Sees(sees).label.lower()}"


def right_said(role: str, permission: str, allowed: bool) -> str:
    """“said that support agents may merge duplicates”."""
    may = "may" if allowed else "may not"
    return f"said that {User.Role(role).label.lower()}s {may} {rules.MATRIX[permission].does}"
