"""Who leads: to whom of ours goes what a manager should know of a team's work.

A team is led by its members who are account managers or admins. One that has neither, and whoever is in no team, the
house leads: its admins. So a word about a frustrated customer or too many tickets always reaches somebody, and never
somebody who has nothing to do with that team.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from crm.team.models import Membership, User
from crm.team.rules import ADMIN, MANAGER


def leads(teams: Iterable[int | None]) -> dict[int | None, set[int]]:
    """Active users by each of these teams, None being none, in two queries at most."""
    asked, found = set(teams), defaultdict[int | None, set[int]](set)
    leading = Membership.objects.filter(team__in=asked - {None}, user__is_active=True, user__role__in=(ADMIN, MANAGER))
    for team, user in leading.values_list("team", "user") if asked - {None} else ():
        found[team].add(user)
    if asked - found.keys():
        house = set(User.objects.filter(role=ADMIN, is_active=True).values_list("pk", flat=True))
        found |= dict.fromkeys(asked - found.keys(), house)
    return found
