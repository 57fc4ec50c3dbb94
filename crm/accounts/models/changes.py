"""Customers and people as they were before each change: what the history shows and an undo goes back to."""

from crm.accounts.models.accounts import Account
from crm.accounts.models.contacts import Contact
from crm.history.tracking import changes_of


class AccountChange(
    changes_of(  # type: ignore[misc]
        Account,
        {
            "name": "name", "kind": "kind", "domain": "domain", "industry": "industry", "country": "country",
            "timezone": "time zone", "language": "language", "parent": "parent", "owner": "owner", "tags": "tags",
            "external_id": "external id", "signed_up_on": "sign-up day", "primary_use_case": "primary use case",
            "do_not_contact": "do not contact", "expected_benefit": "expected benefit", "suitability": "fit",
            "goal": "goal", "goal_due_on": "day of the goal", "goal_state": "state of the goal",
            "goal_checked_on": "day the goal was asked about", "custom": "fields of your own",
        },
    )
):  # fmt: skip
    """A customer as it was. Not remembered: what health, loyalty, the ledger and usage write."""


class ContactChange(
    changes_of(  # type: ignore[misc]
        Contact,
        {
            "account": "customer", "first_name": "first name", "last_name": "last name", "email": "e-mail",
            "phone": "phone", "title": "title", "timezone": "time zone", "language": "language",
            "birthday": "birthday", "email_consent": "consent to mail", "is_primary": "primary contact",
            "roles": "roles", "do_not_contact": "do not contact", "external_id": "external id",
            "refused_topics": "refused topics", "mail_pace": "how often mail may come",
            "mail_paused_until": "pause from mail", "custom": "fields of your own",
            "match_phone": "",  # is worked out from the phone, and goes back with it
        },
    )
):  # fmt: skip
    """A person as they were. Not remembered: when they were last seen, and pauses, which expire by themselves."""
