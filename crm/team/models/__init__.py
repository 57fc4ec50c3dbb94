"""People of ours: users, teams, rights, keys, and the one gate to other people's records."""

from crm.team.models.hours import BusinessHours, Holiday, hours_of, hours_of_all, house_hours
from crm.team.models.keys import INVITED_FOR, ApiToken, Device, Invitation, WriteKey
from crm.team.models.people import (
    AnyOf,
    Membership,
    Team,
    User,
    VisibleQuerySet,
    mates_of,
    owned_by_sight_of,
    sight_key,
)
from crm.team.models.rights import Organisation, RoleRight

__all__ = [
    "INVITED_FOR", "AnyOf", "ApiToken", "BusinessHours", "Device", "Holiday", "Invitation", "Membership",
    "Organisation", "RoleRight", "Team", "User", "VisibleQuerySet", "WriteKey", "hours_of", "hours_of_all",
    "house_hours", "mates_of", "owned_by_sight_of", "sight_key",
]  # fmt: skip
