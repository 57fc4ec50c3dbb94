"""The matrix of roles and rights, and the few cells of it that admins can change."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from crm.history.actions import act
from crm.settings.actions import noting
from crm.team import actions, rules
from crm.team.actions import TeamError
from crm.team.models import RoleRight, User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """Everybody may read it: what one may do is no secret. Admins change it."""
    changed: dict[str, dict[str, bool]] = {role: {} for role in rules.ROLES}
    for cell in RoleRight.objects.all():
        changed.setdefault(cell.role, {})[cell.permission] = cell.allowed
    rows = [
        {"name": name, "right": right, "cells": [_cell(role, name, changed[role]) for role in rules.ROLES]}
        for name, right in rules.MATRIX.items()
    ]
    context: dict[str, Any] = {
        "roles": [User.Role(role).label for role in rules.ROLES],
        "groups": [(group, list(of)) for group, of in groupby(rows, key=lambda row: row["right"].group)],  # type: ignore[attr-defined]
        "may_change": viewer_of(request).is_admin,
    }
    return render(request, "crm/settings/roles.html", context)


def _cell(role: str, permission: str, changed: dict[str, bool]) -> dict[str, Any]:
    may = rules.allowed(role, permission, changed)
    return {
        "role": role, "label": User.Role(role).label, "allowed": may, "changeable": rules.may_change(role, permission),
        "changed": rules.may_change(role, permission) and may != (role in rules.MATRIX[permission].roles),
    }  # fmt: skip


@require_POST
@requires("manage_team")
def right(request: HttpRequest, role: str, permission: str) -> HttpResponse:
    """Give a right to a role, or take it. It holds from everybody's next request on."""
    allowed = request.POST.get("allowed") == "1"
    by = viewer_of(request)
    try:
        with act(noting.RIGHT, "", by, clock.now()) as noted:
            actions.set_right(role, permission, allowed, by)
            noted.label = noting.right_said(role, permission, allowed)
    except TeamError as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        word = "may" if allowed else "may not"
        toast(request, f"{User.Role(role).label}s {word} {rules.MATRIX[permission].does}, from now on.")
    return redirect("settings:roles")
