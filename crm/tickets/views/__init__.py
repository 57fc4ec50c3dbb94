"""The pages of this room."""

from crm.tickets.views.queue import dues, queue
from crm.tickets.views.queue_beside import beside
from crm.tickets.views.queue_new import callers, new_ticket
from crm.tickets.views.ticket import ticket
from crm.tickets.views.ticket_facts import fact, following_it, status, taking
from crm.tickets.views.ticket_files import fetching, file, message, message_html
from crm.tickets.views.ticket_live import presence
from crm.tickets.views.ticket_onward import onward
from crm.tickets.views.ticket_parting import merging_it, spam, split, unmerging
from crm.tickets.views.ticket_people import new_requester, requester
from crm.tickets.views.ticket_writing import calling_off, canned, canned_one, draft, ways, write

__all__ = [
    "beside", "callers", "calling_off", "canned", "canned_one", "draft", "dues", "fact", "fetching", "file",
    "following_it", "merging_it", "message", "message_html", "new_requester", "new_ticket", "onward", "presence",
    "queue", "requester", "spam", "split", "status", "taking", "ticket", "unmerging", "ways", "write",
]  # fmt: skip
