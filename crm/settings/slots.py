"""What the settings give to others: their menu entry and pages, what colleagues hold, the first run, and returns."""

from __future__ import annotations

from django.conf import settings

from crm import slots
from crm.history.undoing import irrevocable, undoers
from crm.ledger.actions import rates
from crm.settings import start
from crm.settings.actions import emptying, handover, hours, noting, write_keys
from crm.settings.connecting import register_integrations
from crm.settings.reminding import remind
from crm.slots import Holding, KeptTable, MenuEntry, Panel, SettingsPage, Work

_EVERYBODY = frozenset({"admin", "manager", "agent"})

slots.menu.register("settings", MenuEntry("Settings", "settings", "settings:index", 90))

for name, page in {
    "profile": SettingsPage(
        "Profile", "Name, time zone and password", "user-round", "team:me", "You", 10, _EVERYBODY,
    ),
    "second-factor": SettingsPage(
        "Passkeys and second factor", "More than a password", "shield-check", "mfa_index", "You", 12,
        _EVERYBODY, "mfa totp 2fa two-factor recovery codes webauthn fingerprint security key",
    ),
    "devices": SettingsPage(
        "Devices", "Where you are signed in", "monitor-smartphone", "team:devices", "You", 14, _EVERYBODY,
        "sessions sign out browser",
    ),
    "my-tokens": SettingsPage(
        "API tokens", "Keys for programs, with your rights", "key-round", "team:tokens", "You", 16, _EVERYBODY,
        "secret",
    ),
    "people": SettingsPage(
        "People", "Invite, roles, hand over, close", "users-round", "settings:team", "Team", 10,
        keywords="users colleagues invitation holiday leaver deactivate hand-over",
    ),
    "groups": SettingsPage("Teams", "Who looks after customers together", "users", "settings:groups", "Team", 20),
    "roles": SettingsPage(
        "Roles", "What each role may do", "list-checks", "settings:roles", "Team", 30, _EVERYBODY,
        "permissions rights matrix",
    ),
    "all-tokens": SettingsPage(
        "All API tokens", "Whose, used when, until when", "key-square", "settings:tokens", "Team", 40,
        keywords="secret keys",
    ),
    "write-keys": SettingsPage(
        "Write keys", "With which products report usage", "radio-tower", "settings:write_keys", "Installation", 26,
        keywords="tracking segment ingest usage events secret",
    ),
    "integrations": SettingsPage(
        "Integrations", "All that connects you, and whether it works", "cable", "settings:integrations", "Installation",
        25, keywords="connect webhook api mail telegram whatsapp calendar test status",
    ),
    "requiring": SettingsPage(
        "Second factor for others", "Who must have one", "shield", "settings:second_factor", "Team", 50,
        keywords="mfa totp 2fa two-factor require",
    ),
    "start": SettingsPage("First steps", "From empty to live", "flag", "settings:start", "Installation", 10),
    "organisation": SettingsPage(
        "Organisation", "Name, time zone, currency", "building", "settings:organisation", "Installation", 20,
    ),
    "currencies": SettingsPage(
        "Currencies", "Rates, and since when each holds", "coins", "settings:currencies", "Installation", 24,
        keywords="exchange rate money reporting usd gbp eur",
    ),
    "hours": SettingsPage(
        "Business hours", "Weekly hours, holidays, by team", "calendar-clock", "settings:hours", "Installation", 22,
        keywords="opening working days closed vacation ics",
    ),
    "engine": SettingsPage(
        "Engine room", "What waits, since when and why", "gauge", "home:engine", "Installation", 30,
        keywords="queue worker beat health",
    ),
    "mail": SettingsPage(
        "Mail switches", "Hold, redirect, stop, go live", "mail", "outbox:list", "Mail", 10,
        keywords="live hold redirect",
    ),
    "workflows": SettingsPage(
        "Workflows", "Recipes, on and off", "workflow", "workflows:list", "Mail", 20, _EVERYBODY, "recipes automation",
    ),
}.items():  # fmt: skip
    slots.settings_pages.register(name, page)

for name, holding in {
    "accounts": Holding("crm.Account", ("customer", "customers"), stamp="updated_at", order=10),
    "tasks": Holding("crm.Task", ("open task", "open tasks"), only="t.done_at IS NULL", order=20),
    "views": Holding(
        "crm.SavedView", ("shared view", "shared views"), only="t.shared AND t.deleted_at IS NULL", stamp="updated_at",
        clash="o.subject = t.subject AND lower(o.name) = lower(t.name) AND o.deleted_at IS NULL", order=30,
    ),
}.items():  # fmt: skip
    slots.holdings.register(name, holding)

register_integrations()
slots.absences.register("hand-overs", handover.away)
slots.stand_ins.register("hand-overs", handover.stood_in_for)
slots.today_cards.register("start", Panel("crm/settings/start_reminder.html", remind, 10))
for name, step in start.STEPS.items():
    slots.start_steps.register(name, step)
undoers.register(handover.KIND, handover.undo)
undoers.register(handover.RETURN, handover.undo_return)
for kind in (write_keys.MADE, write_keys.ROTATED, write_keys.REVOKED):
    irrevocable.register(kind, "A key that was shown is known. Revoke it instead, and make another.")
for kind in noting.ALL:
    irrevocable.register(kind, "Rights are given and taken on the pages of people and roles.")
irrevocable.register(emptying.KIND, "The demo has gone for good. A backup made before it can be restored.")
undoers.register(hours.KIND, hours.undo)
undoers.register(rates.ADDED, rates.undo_adding)
undoers.register(rates.REMOVED, rates.undo_removing)
slots.work.register("emptying", Work(run=emptying.work, next_due=emptying.next_due, order=95))
if settings.HOLDFAST_DEMO:
    slots.settings_pages.register(
        "own-data",
        SettingsPage(
            "Start with your own data", "The demo goes, Holdfast is empty", "eraser", "settings:emptying",
            "Installation", 12, keywords="demo empty reset clear",
        ),
    )  # fmt: skip
#: What is set stays when a demo goes; every other table is emptied.
for kept in (
    "ApiToken", "BusinessHours", "CalendarFeed", "CurrencyRate", "CustomField", "Device", "DomainLook", "Emptying",
    "Holiday", "InboxSettings", "Invitation", "MailIdentity", "MailPolicy", "MailboxPlace", "Membership",
    "NotificationPreference", "Organisation", "Pulse", "RoleRight", "Sender", "Team", "User",
    "User_groups", "User_user_permissions", "WriteKey",
):  # fmt: skip
    slots.kept_tables.register(f"crm.{kept}", KeptTable())
slots.work.register("hand-overs", Work(run=handover.work, next_due=handover.next_due, order=30))
