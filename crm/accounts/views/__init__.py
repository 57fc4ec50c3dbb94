"""The pages of customers: the list, the page of one, and the forms about them and their people."""

from crm.accounts.views.editing import add_contact, create, edit, edit_contact
from crm.accounts.views.facts import fact, names
from crm.accounts.views.files import deletion, file, folder, restoration
from crm.accounts.views.listing import account_list
from crm.accounts.views.papers import goal, hand_off, hand_offs
from crm.accounts.views.profile import detail
from crm.accounts.views.timeline import narrowing

__all__ = [
    "account_list", "add_contact", "create", "deletion", "detail", "edit", "edit_contact", "fact", "file", "folder",
    "goal", "hand_off", "hand_offs", "names", "narrowing", "restoration",
]  # fmt: skip
