"""What each customer is worth: what they paid beside what it costs to serve them, who is ready for more, what else
they would buy, and what they themselves got out of a month.

    facts of all rooms ─► one narrow row for each customer (walking, every night) ─► verdicts (rules) ─► filters, pages
    purchases ─► pairs of products that go together (pairs) ─► what to recommend to whom
    usage, tickets, goals of a month ─► the customer's own report (monthly), sent by the recipe `monthly-value`
"""
