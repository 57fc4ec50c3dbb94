"""Who may do what as the matrix stands: asked anew with every request, and refused in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.team import actions
from crm.team.models import ApiToken, RoleRight, User
from crm.team.permissions import Missing, allows, colleagues_who_may, demand


def test_nobody_and_the_closed_may_nothing(mira: User) -> None:
    assert allows(mira, "edit")
    assert not allows(None, "edit")
    mira.is_active = False
    assert not allows(mira, "edit")


def test_demand_says_what_is_missing(sam: User, mira: User) -> None:
    demand(mira, "merge")
    with pytest.raises(Missing, match="merge duplicates"):
        demand(sam, "merge")


def test_a_change_holds_from_the_next_request_on_in_every_process(ada: User, sam: User, client: Client) -> None:
    """Rights come with the user's row, so another process that changed them is seen at once."""
    client.force_login(sam)
    assert client.get("/settings/roles/").wsgi_request.user.changed_rights == {}

    RoleRight.objects.create(role="agent", permission="export", allowed=True)  # as another process would

    user = client.get("/settings/roles/").wsgi_request.user
    assert user.changed_rights == {"export": True}
    assert allows(user, "export")


def test_rights_cost_pages_no_query(sam: User, client: Client, django_assert_num_queries: Any) -> None:
    client.force_login(sam)
    user = client.get("/settings/roles/").wsgi_request.user
    with django_assert_num_queries(0):
        assert not allows(user, "export")


def test_rights_come_with_a_token_too(sam: User, django_assert_num_queries: Any, noon: Any) -> None:
    RoleRight.objects.create(role="agent", permission="export", allowed=True)
    RoleRight.objects.create(role="manager", permission="merge", allowed=False)
    _, secret = ApiToken.issue(sam, "read")
    found = ApiToken.find(secret, noon)
    assert found is not None
    with django_assert_num_queries(0):
        assert allows(found.user, "export")
    assert found.user.changed_rights == {"export": True}


def test_changing_a_cell_and_back_leaves_no_row(ada: User) -> None:
    actions.set_right("agent", "export", True, ada)
    actions.set_right("agent", "export", True, ada)
    assert RoleRight.objects.values_list("role", "permission", "allowed").get() == ("agent", "export", True)
    actions.set_right("agent", "export", False, ada)
    assert not RoleRight.objects.exists()


@pytest.mark.parametrize(
    ("role", "permission"), [("admin", "export"), ("agent", "manage_team"), ("agent", "fly"), ("queen", "export")]
)
def test_fixed_cells_stay(ada: User, role: str, permission: str) -> None:
    with pytest.raises(actions.TeamError):
        actions.set_right(role, permission, False, ada)
    assert not RoleRight.objects.exists()


def test_who_is_no_admin_changes_no_cell(mira: User, ada: User, client: Client) -> None:
    with pytest.raises(actions.TeamError):
        actions.set_right("agent", "export", True, mira)
    client.force_login(mira)
    assert client.post("/settings/roles/agent/export/", {"allowed": "1"}).status_code == 403
    assert not RoleRight.objects.exists()


def test_the_refusal_says_what_is_missing_and_who_can(ada: User, mira: User, client: Client) -> None:
    User.objects.create_user("gone@example.com", name="Gone", role="admin", is_active=False)
    client.force_login(mira)
    answer = client.get("/settings/team/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Manage the team" in page
    assert "mailto:ada@example.com" in page
    assert "gone@example.com" not in page


def test_colleagues_who_may_follow_the_matrix(ada: User, mira: User, sam: User) -> None:
    assert colleagues_who_may("merge") == [ada, mira]
    RoleRight.objects.create(role="agent", permission="merge", allowed=True)
    RoleRight.objects.create(role="manager", permission="merge", allowed=False)
    assert colleagues_who_may("merge") == [ada, sam]


def test_the_matrix_shows_switches_to_admins_alone(ada: User, sam: User, client: Client) -> None:
    client.force_login(sam)
    assert 'role="switch"' not in client.get("/settings/roles/").content.decode()
    client.force_login(ada)
    page = client.get("/settings/roles/").content.decode()
    assert 'aria-label="Support agent: Export"' in page
    assert 'aria-label="Admin: Export"' not in page
    client.post("/settings/roles/agent/export/", {"allowed": "1"})
    assert RoleRight.objects.get().allowed is True
