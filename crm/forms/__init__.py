"""Public forms: pages on which anybody can write to us, hosted here and in frames of other people's pages.

An admin arranges a form (`models.PublicForm`): fields, each of which leads to a registered target, what becomes of an
entry (an outcome, such as a lead or a ticket), whose it is, and which pages may show it.

    visitor ──► public_views ──► inbox ──► actions.working ──► slots.form_outcomes[…].make ──► timeline, ticket, deal
                 │  checks        raw        once for each        in the same transaction
                 └► FormEntry     payload    one-time token

What is posted is stored raw with a `FormEntry` in one transaction, by the number in the page's signed token: sent
twice, it is there once. The worker makes something of it. What looks like an advertisement waits for a person instead.
An entry names nobody but by keys: what somebody wrote stands in the payload, which goes as the inbox's settings say,
and on the customer's timeline.

E-mail says who somebody is, but a form proves no address: a known person's blanks are filled, what differs is noted.
Fixed words of the public pages are English, as this installation has no translations; an admin writes the others.
"""
