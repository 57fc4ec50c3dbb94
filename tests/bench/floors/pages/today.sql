-- panel: figures
SELECT count(*), count(*) FILTER (WHERE lifecycle = 'customer') AS customers,
    sum(mrr) FILTER (WHERE lifecycle = 'customer') AS mrr,
    count(*) FILTER (WHERE lifecycle = 'customer' AND renews_on BETWEEN %(now)s::date AND %(now)s::date + 90) AS renewing,
    sum(mrr) FILTER (WHERE lifecycle = 'customer' AND renews_on BETWEEN %(now)s::date AND %(now)s::date + 90) AS renewing_mrr,
    count(*) FILTER (WHERE lifecycle = 'customer' AND silent_since <= %(now)s - interval '14 days') AS silent
FROM crm_account LEFT JOIN crm_accountseen ON account_id = id
-- panel: touches
SELECT count(*) FILTER (WHERE source = 'person') AS people, count(*) FILTER (WHERE source = 'automatic') AS automatic
FROM (SELECT source FROM crm_timelineentry WHERE recorded_at >= %(monday)s AND occurred_at >= %(monday)s
    AND source IN ('person', 'automatic') AND channel <> '' LIMIT 10000) week
-- panel: renewals
SELECT id, renews_on - %(now)s::date AS days FROM crm_account
WHERE lifecycle IN ('customer', 'trial', 'paused') AND renews_on BETWEEN %(now)s::date AND %(now)s::date + 90
ORDER BY mrr * ((90 - (renews_on - %(now)s::date)) / 90.0) ^ 2 DESC, id LIMIT 200
-- panel: silences
SELECT id, extract(epoch FROM %(now)s - silent_since) / 86400 AS days FROM crm_account JOIN crm_accountseen ON account_id = id
WHERE lifecycle IN ('customer', 'trial', 'paused') AND silent_since <= %(now)s - interval '14 days'
ORDER BY mrr * least(extract(epoch FROM %(now)s - silent_since) / 86400, 90) DESC, id LIMIT 200
-- panel: rows
SELECT a.*, s.silent_since, u.name AS owner FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id
JOIN crm_accountseen s ON s.account_id = a.id WHERE a.id IN (SELECT id FROM crm_account ORDER BY mrr DESC, id DESC LIMIT 8)
-- panel: feed
SELECT e.id, e.source, e.text, e.occurred_at, a.id AS account_id, a.name AS account, u.name AS actor
FROM crm_timelineentry e JOIN crm_account a ON a.id = e.account_id LEFT JOIN crm_user u ON u.id = e.actor_id
WHERE e.id > (SELECT max(id) FROM crm_timelineentry) - 5000 AND e.source <> 'import' ORDER BY e.id DESC LIMIT 12
-- panel: tasks
SELECT t.*, a.name AS account FROM crm_task t LEFT JOIN crm_account a ON a.id = t.account_id
WHERE t.done_at IS NULL AND (t.owner_id = %(viewer)s OR t.owner_id IS NULL)
AND (t.snoozed_until IS NULL OR t.snoozed_until <= %(now)s) AND t.due_at < %(tomorrow)s ORDER BY t.due_at, t.id LIMIT 6
-- panel: newest
SELECT max(id) FROM crm_timelineentry
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
