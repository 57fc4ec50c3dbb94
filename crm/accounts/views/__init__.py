"""The pages of customers: the list, the page of one, and the forms about them and their people."""

from crm.accounts.views.editing import add_contact, create, edit, edit_contact
from crm.accounts.views.listing import account_list
from crm.accounts.views.profile import detail, log

__all__ = ["account_list", "add_contact", "create", "detail", "edit", "edit_contact", "log"]
