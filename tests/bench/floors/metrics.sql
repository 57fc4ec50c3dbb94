-- panel: figures
SELECT count(was.account_id), count(now.account_id), count(*) FILTER (WHERE was.account_id IS NULL),
    count(*) FILTER (WHERE now.account_id IS NULL), sum(was.mrr), sum(now.mrr),
    sum(now.mrr) FILTER (WHERE was.mrr > 0), sum(least(was.mrr, now.mrr)) FILTER (WHERE was.mrr > 0)
FROM (SELECT account_id, mrr FROM crm_customerspan
        WHERE starts_on <= %(start)s AND (ends_on IS NULL OR ends_on > %(start)s)) AS was
    FULL JOIN (SELECT account_id, mrr FROM crm_customerspan
        WHERE starts_on <= %(end)s AND (ends_on IS NULL OR ends_on > %(end)s)) AS now USING (account_id)
-- panel: known
SELECT count(was.account_id), count(now.account_id), count(*) FILTER (WHERE was.account_id IS NULL),
    count(*) FILTER (WHERE now.account_id IS NULL), sum(was.mrr), sum(now.mrr)
FROM (SELECT account_id, sum(amount) AS mrr FROM crm_mrrmovement WHERE day <= %(start)s GROUP BY 1
        HAVING sum(customers) > 0) AS was
    FULL JOIN (SELECT account_id, sum(amount) AS mrr FROM crm_mrrmovement WHERE day <= %(end)s GROUP BY 1
        HAVING sum(customers) > 0) AS now USING (account_id)
-- panel: cohorts
WITH span AS (
    SELECT account_id, mrr, date_trunc('month', starts_on) AS began,
        date_trunc('month', coalesce(ends_on, %(end)s + 32)) - interval '1 month' AS ended
    FROM crm_customerspan WHERE starts_on <= %(end)s
), joined AS (
    SELECT account_id, date_trunc('month', min(starts_on)) AS month FROM crm_customerspan GROUP BY account_id
)
SELECT joined.month, began, ended, count(*), sum(mrr) FROM span JOIN joined USING (account_id)
WHERE began <= ended AND joined.month >= %(start)s GROUP BY 1, 2, 3
