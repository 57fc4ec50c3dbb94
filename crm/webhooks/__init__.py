"""What happens here is told to other systems: signed webhooks (Standard Webhooks) to addresses that admins name.

    record(fact) ── one statement ──► the entry, and a delivery for each endpoint that asks for its kind (following)
    enqueue(endpoint, key, kind, data, now) ──► a delivery that brings its own words (enqueueing)
        │
    work(now): claim a few of each endpoint, commit ─► write bodies, once ─► POST from threads, nothing held ─► note
        │
    2xx: done · 410: the endpoint is switched off · else again after longer and longer rests, for three days: failed

A delivery is claimed by setting it to `sending` until a moment; whoever dies leaves it to whoever comes after that
moment, and only the claim that is the latest may note what became of it. So each arrives at least once, and always
under the same webhook-id. An endpoint that does not answer gets one request at a time, and breaks between them, so that
it holds up nobody else. Deliveries are written also while an endpoint is off: whoever switches it on says whether they
are sent. In which order things arrive nobody promises: they leave about as they were recorded, each with its moment.
"""
