"""What people fill in at the desk."""

from crm.tickets.forms.ticket import FactForm
from crm.tickets.forms.writing import MessageForm, NewPersonForm, SplitForm

__all__ = ["FactForm", "MessageForm", "NewPersonForm", "SplitForm"]
