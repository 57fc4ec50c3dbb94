"""The access matrix of the team and the settings."""

from __future__ import annotations

from typing import Any

from tests.architecture.access_kinds import ADMINS, Row, for_admins, public


def _mira(world: Any) -> int:
    return int(world.mira.pk)


ROWS: dict[str, Row] = {
    # One's own, whoever one is. The library's pages answer OPTIONS and PUT too.
    "team:me": Row("GET POST"),
    "team:password": Row("POST"),
    "team:devices": Row(),
    "team:end_device": Row("POST", at=lambda world: {"pk": world.device.pk}),  # another's is none of one's own
    "team:end_other_devices": Row("POST"),
    "team:tokens": Row("GET POST"),
    "team:revoke_token": Row("", at=lambda world: {"pk": world.token.pk}),  # another's is not there
    "account_reauthenticate": Row("GET POST PUT OPTIONS"),
    "mfa_reauthenticate": Row("GET POST PUT OPTIONS PATCH DELETE"),  # leads on, whoever has no second factor
    "mfa_authenticate": public("GET POST"),
    "mfa_index": Row("GET OPTIONS"),
    "mfa_login_webauthn": public("GET POST PUT OPTIONS"),
    "mfa_reauthenticate_webauthn": Row("GET POST PUT OPTIONS PATCH DELETE"),  # leads on, whoever has no passkey
    "mfa_list_webauthn": Row("GET POST PUT OPTIONS PATCH DELETE"),  # leads to mfa_index
    "mfa_add_webauthn": Row("GET POST PUT OPTIONS PATCH DELETE"),  # asks for the password first, whatever is asked
    "rename_passkey": Row("", at=lambda world: {"pk": 1}),  # another's is not there
    "remove_passkey": Row("", at=lambda world: {"pk": 1}),
    "mfa_activate_totp": Row("GET POST PUT OPTIONS PATCH DELETE"),  # asks for the password first, whatever is asked
    "mfa_deactivate_totp": Row(""),  # nobody here has one
    "mfa_view_recovery_codes": Row("OPTIONS"),
    "mfa_generate_recovery_codes": Row("GET POST PUT OPTIONS PATCH DELETE"),
    "mfa_download_recovery_codes": Row(""),
    # the secret names one invitation, of whoever holds it
    "team:invitation": public("GET POST", at=lambda world: {"secret": world.invited}),
    "settings:index": Row(),
    "settings:start": for_admins(),
    "settings:start_card": for_admins(),
    "settings:put_away": for_admins("POST"),
    "settings:look_up": for_admins("POST"),
    "settings:test_mail": for_admins("POST"),
    "settings:organisation": for_admins("GET POST"),
    "settings:second_factor": for_admins("GET POST"),
    "settings:roles": Row(),
    "settings:right": Row(
        "POST", writers=ADMINS, at=lambda world: {"role": "agent", "permission": "export"}
    ),
    "settings:tokens": for_admins(),
    "settings:revocation": for_admins("POST", pk=lambda world: world.token.pk),
    "settings:emptying": for_admins("GET POST"),
    "settings:call_off_emptying": for_admins("POST"),
    "settings:hours": for_admins("GET POST"),
    "settings:add_holiday": for_admins("POST"),
    "settings:add_holiday_file": for_admins("POST"),
    "settings:remove_holiday": for_admins("POST", pk=lambda world: world.holiday.pk),
    "settings:give_own_hours": for_admins("", at=None) if False else for_admins("POST"),
    "settings:team_hours": for_admins("GET POST", team_pk=lambda world: world.team.pk),
    "settings:add_team_holiday": for_admins("POST", team_pk=lambda world: world.team.pk),
    "settings:add_team_holiday_file": for_admins("POST", team_pk=lambda world: world.team.pk),
    "settings:drop_own_hours": for_admins("POST", team_pk=lambda world: world.team.pk),
    "settings:currencies": for_admins("GET POST"),
    "settings:paste_rates": for_admins("POST"),
    "settings:remove_rate": for_admins("POST", pk=lambda world: world.rate.pk),
    "settings:write_keys": for_admins("GET POST"),
    "settings:rotate_write_key": for_admins("POST", pk=lambda world: world.write_key.pk),
    "settings:revoke_write_key": for_admins("POST", pk=lambda world: world.write_key.pk),
    "settings:team": for_admins(),
    "settings:invite": for_admins("GET POST"),
    "settings:groups": for_admins("GET POST"),
    "settings:group": for_admins("POST", pk=lambda world: world.team.pk),
    "settings:remove_group": for_admins("POST", pk=lambda world: world.team.pk),
    "settings:person": for_admins("GET POST", pk=_mira),
    "settings:resend": for_admins("POST", pk=_mira),
    "settings:withdraw": for_admins("POST", pk=_mira),
    "settings:hand_over": for_admins("POST", pk=_mira),
    "settings:give_back": for_admins("POST", pk=_mira, hand_over_pk=lambda world: world.hand_over.pk),
    "settings:deactivation": for_admins("POST", pk=_mira),
    "settings:reactivation": for_admins("POST", pk=_mira),
    "settings:reset_second_factor": for_admins("POST", pk=_mira),
    "settings:sign_out": for_admins("POST", pk=_mira),
}  # fmt: skip
