-- panel: breakdown
SELECT industry, count(was.account_id), count(now.account_id), count(*) FILTER (WHERE was.account_id IS NULL),
    count(*) FILTER (WHERE now.account_id IS NULL), sum(was.mrr), sum(now.mrr),
    sum(now.mrr) FILTER (WHERE was.mrr > 0), sum(least(was.mrr, now.mrr)) FILTER (WHERE was.mrr > 0)
FROM (SELECT account_id, mrr FROM crm_customerspan
        WHERE starts_on <= %(start)s AND (ends_on IS NULL OR ends_on > %(start)s)) AS was
    FULL JOIN (SELECT account_id, mrr FROM crm_customerspan
        WHERE starts_on <= %(end)s AND (ends_on IS NULL OR ends_on > %(end)s)) AS now USING (account_id)
    JOIN crm_account a ON a.id = account_id
GROUP BY industry
