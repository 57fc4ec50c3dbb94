"""How facts become deliveries: in the statement that records them, by a join with the few endpoints there are."""

#: Where there is no endpoint, the join ends before it begins. Whose facts an endpoint asks for is judged by the worker.
FOLLOW = """
    INSERT INTO crm_webhookdelivery (endpoint_id, entry_id, kind, due_at, created_at)
    SELECT e.id, news.id, news.kind, %(now)s::timestamptz, %(now)s::timestamptz
    FROM crm_webhookendpoint e JOIN news ON e.everything OR news.kind = ANY (e.kinds)
    WHERE e.removed_at IS NULL
    ORDER BY news.id
    ON CONFLICT DO NOTHING
"""
