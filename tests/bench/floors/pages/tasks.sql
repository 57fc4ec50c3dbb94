-- panel: late
SELECT t.*, a.name AS account, u.name AS owner FROM crm_task t LEFT JOIN crm_account a ON a.id = t.account_id
LEFT JOIN crm_user u ON u.id = t.owner_id
WHERE t.owner_id = %(viewer)s AND t.done_at IS NULL AND (t.snoozed_until IS NULL OR t.snoozed_until <= %(now)s)
AND t.due_at < %(now)s ORDER BY t.due_at, t.id LIMIT 26
-- panel: today
SELECT t.*, a.name AS account, u.name AS owner FROM crm_task t LEFT JOIN crm_account a ON a.id = t.account_id
LEFT JOIN crm_user u ON u.id = t.owner_id
WHERE t.owner_id = %(viewer)s AND t.done_at IS NULL AND (t.snoozed_until IS NULL OR t.snoozed_until <= %(now)s)
AND t.due_at >= %(now)s AND t.due_at < %(tomorrow)s ORDER BY t.due_at, t.id LIMIT 26
-- panel: week
SELECT t.*, a.name AS account, u.name AS owner FROM crm_task t LEFT JOIN crm_account a ON a.id = t.account_id
LEFT JOIN crm_user u ON u.id = t.owner_id
WHERE t.owner_id = %(viewer)s AND t.done_at IS NULL AND (t.snoozed_until IS NULL OR t.snoozed_until <= %(now)s)
AND t.due_at >= %(tomorrow)s AND t.due_at < %(monday)s ORDER BY t.due_at, t.id LIMIT 26
-- panel: later
SELECT t.*, a.name AS account, u.name AS owner FROM crm_task t LEFT JOIN crm_account a ON a.id = t.account_id
LEFT JOIN crm_user u ON u.id = t.owner_id
WHERE t.owner_id = %(viewer)s AND t.done_at IS NULL AND (t.snoozed_until IS NULL OR t.snoozed_until <= %(now)s)
AND t.due_at >= %(monday)s ORDER BY t.due_at, t.id LIMIT 26
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
