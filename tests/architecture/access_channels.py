"""Who may do what with chats: the settings of channels, and what providers post. A part of the table."""

from __future__ import annotations

from tests.architecture.access_kinds import Row, for_admins, public

ROWS: dict[str, Row] = {
    "channels:list": for_admins(),
    "channels:test": for_admins("POST", channel=lambda world: "telegram"),
    "channels:pause": for_admins("POST", channel=lambda world: "telegram"),
    # Providers prove themselves by their signatures; here none is set up.
    "hooks:telegram": public(""),
    "hooks:whatsapp": public(""),
    "hooks:instagram": public(""),
    "hooks:bridge": public("", at=lambda world: {"name": "nobody"}),
}
