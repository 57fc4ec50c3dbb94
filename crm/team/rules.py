"""What each role may do, in one place. Without Django: `permissions` asks it with what admins have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ADMIN, MANAGER, AGENT = "admin", "manager", "agent"
ROLES = (ADMIN, MANAGER, AGENT)

_ALL = frozenset(ROLES)
_MANAGERS = frozenset({ADMIN, MANAGER})
_ADMINS = frozenset({ADMIN})


@dataclass(frozen=True)
class Permission:
    """One thing that a role may do, in words for the matrix and for whoever is refused."""

    label: str  # “Merge duplicates”
    does: str  # inside a sentence: “merge duplicates”
    hint: str
    group: str
    roles: frozenset[str]  # by default
    changeable: bool = True  # by admins, for the other roles

    @property
    def locked(self) -> str:
        """Why nobody can give it to others; blank if admins can."""
        return "" if self.changeable else "For admins alone: whoever has it could give themselves everything else."


#: Name → what it lets people do. Whoever asks for a name that is not here has made a mistake, and gets a KeyError.
MATRIX: Mapping[str, Permission] = {
    "view": Permission(
        "See customers", "see customers", "As far as “sees” on their own line lets them.", "Customers", _ALL,
        changeable=False,
    ),
    "edit": Permission("Edit customers", "edit customers", "Customers, people, notes and files.", "Customers", _ALL),
    "tickets": Permission(
        "Work on tickets", "work on tickets", "Answer, note, hand on, solve, merge and split.", "Customers", _ALL,
    ),
    "deals": Permission(
        "Work on deals", "work on deals", "Open, move, win and lose them; whoever may not still reads them.",
        "Customers", _MANAGERS,
    ),
    "edit_contracts": Permission(
        "Edit contracts", "edit contracts", "Terms and amounts, from which all revenue is counted.", "Customers",
        _MANAGERS,
    ),
    "dunning": Permission(
        "Follow up payments", "follow up failed payments", "Try again, stop and forgive payments that failed.",
        "Customers", _MANAGERS,
    ),
    "steer_people": Permission(
        "Steer people in workflows", "steer people in workflows",
        "Pause one customer in it, leave out a step, take them out; with a reason.", "Customers", _MANAGERS,
    ),
    "delete": Permission(
        "Delete", "delete records", "Records that others work with.", "Customers", _MANAGERS,
    ),
    "merge": Permission(
        "Merge duplicates", "merge duplicates", "Two customers or people into one; undone within 30 days.",
        "Customers", _MANAGERS,
    ),
    "shape": Permission(
        "Shape pipelines", "shape pipelines", "Stages, what they ask, reasons for losing; where deals go then.",
        "Data", _ADMINS,
    ),
    "bulk": Permission(
        "Change many at once", "change many records at once", "Owner, tags, fields, workflows of a whole list.",
        "Data", _MANAGERS,
    ),
    "share_views": Permission(
        "Share views", "share saved views", "Saved lists that everybody finds beside their own.", "Data", _ALL,
    ),
    "export": Permission("Export", "export", "Lists as files, which leave the house.", "Data", _MANAGERS),
    "import": Permission(
        "Import", "import files", "Files with customers, people, contracts and usage.", "Data", _MANAGERS,
    ),
    "erase": Permission(
        "Erase a person", "erase a person", "For good, when somebody asks for it. Figures stay.", "Data", _ADMINS,
    ),
    "settle_mail": Permission(
        "Decide on mail", "decide on mail", "Call off, try again, or settle what is uncertain.", "Mail", _MANAGERS,
    ),
    "manage_mail": Permission(
        "Switch mail", "switch mail", "Hold, redirect, stop and go live; senders.", "Mail", _ADMINS, changeable=False,
    ),
    "manage_workflows": Permission(
        "Switch workflows", "switch workflows", "On, off, pause, and their settings.", "Installation", _ADMINS,
        changeable=False,
    ),
    "audit": Permission(
        "Read the audit log", "read the audit log", "Who changed what, everywhere.", "Installation", _ADMINS,
        changeable=False,
    ),
    "manage_team": Permission(
        "Manage the team", "manage the team", "Invite, roles, rights, hand over, sign out.", "Installation", _ADMINS,
        changeable=False,
    ),
    "manage_settings": Permission(
        "Change settings", "change settings", "Everything else under Settings.", "Installation", _ADMINS,
        changeable=False,
    ),
}  # fmt: skip


def allowed(role: str, permission: str, changed: Mapping[str, bool]) -> bool:
    """Whether the role has it, given what admins changed for this role. Raises KeyError for an unknown permission."""
    right = MATRIX[permission]
    if role == ADMIN or not right.changeable:
        return role in right.roles
    return changed.get(permission, role in right.roles)


def may_change(role: str, permission: str) -> bool:
    """Whether the cell of the matrix is one that admins can change: nothing can be taken from themselves."""
    return role in ROLES and role != ADMIN and permission in MATRIX and MATRIX[permission].changeable


def owes_second_factor(role: str, required_for: str, has_one: bool) -> bool:
    """Whether somebody must set one up before anything else. `required_for`: optional, admins, everybody."""
    return not has_one and (required_for == "everybody" or (required_for == "admins" and role == ADMIN))
