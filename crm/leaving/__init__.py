"""Customers who want to leave do it themselves: a calm page behind a signed link, with an offer that fits the reason.

    link (tokens) ─► page (public_views) ─► answer (actions) ─► the ledger's verbs: pause, discount, end
                                                         └────► a task for the owner: talk, a smaller plan

Opening the page changes nothing. What it offers follows from the reason by what admins have set; the way out stands
beside every offer.
"""
