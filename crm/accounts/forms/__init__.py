"""What people fill in about customers, their people and their papers."""

from crm.accounts.forms.accounts import AccountForm
from crm.accounts.forms.contacts import ContactForm, taken
from crm.accounts.forms.papers import FileForm, GoalForm, HandOffForm
from crm.accounts.forms.versioned import Difference, VersionedForm

__all__ = [
    "AccountForm", "ContactForm", "Difference", "FileForm", "GoalForm", "HandOffForm", "VersionedForm", "taken",
]  # fmt: skip
