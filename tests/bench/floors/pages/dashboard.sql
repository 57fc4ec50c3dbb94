-- panel: figures
SELECT row, made_at, mark FROM retention_snapshot WHERE start = (date_trunc('quarter', %(now)s)::date - 1) AND row IS NOT NULL LIMIT 1
-- panel: segments
SELECT id, name FROM crm_segment WHERE subject = 'account' AND archived_at IS NULL AND (owner_id = %(viewer)s OR shared)
-- panel: views
SELECT id, name FROM crm_savedview WHERE subject = 'account' AND deleted_at IS NULL AND (owner_id = %(viewer)s OR shared)
-- panel: renewals
SELECT id, name, renews_on, mrr FROM crm_account
WHERE lifecycle = 'customer' AND renews_on BETWEEN %(now)s::date AND %(now)s::date + 90 ORDER BY renews_on, id LIMIT 5
-- panel: waiting
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open') AND NOT is_spam AND merged_into_id IS NULL
    AND (assignee_id = %(viewer)s OR (assignee_id IS NULL AND due_by < %(now)s + interval '4 hours')) LIMIT 99) counted
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
