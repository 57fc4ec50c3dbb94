-- panel: opened
SELECT u.name, count(*) FROM crm_ticket t LEFT JOIN crm_user u ON u.id = t.assignee_id
WHERE t.created_at >= %(since)s AND NOT t.is_spam AND t.merged_into_id IS NULL GROUP BY GROUPING SETS ((u.name), ())
-- panel: answered
SELECT u.name, count(*), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM t.answered_at - t.created_at)) AS wall,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY t.answer_minutes) AS clock, count(*) FILTER (WHERE NOT t.overran) AS kept
FROM crm_ticket t LEFT JOIN crm_user u ON u.id = t.assignee_id
WHERE t.answered_at >= %(since)s AND NOT t.is_spam AND t.merged_into_id IS NULL GROUP BY GROUPING SETS ((u.name), ())
-- panel: solved
SELECT u.name, count(*), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM t.solved_at - t.created_at)) AS wall,
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY t.solve_minutes) AS clock, count(*) FILTER (WHERE NOT t.overran) AS kept
FROM crm_ticket t LEFT JOIN crm_user u ON u.id = t.assignee_id
WHERE t.solved_at >= %(since)s AND NOT t.is_spam AND t.merged_into_id IS NULL GROUP BY GROUPING SETS ((u.name), ())
-- panel: rated
SELECT u.name, count(*), count(*) FILTER (WHERE r.score >= 4) AS good FROM crm_ticketrating r LEFT JOIN crm_user u ON u.id = r.agent_id
WHERE r.score IS NOT NULL AND r.answered_at >= %(since)s GROUP BY GROUPING SETS ((u.name), ())
-- panel: moved
SELECT s.began_at::date AS day, s.status, count(*) FROM crm_ticketspell s JOIN crm_ticket t ON t.id = s.ticket_id
WHERE s.began_at >= %(since)s AND NOT t.is_spam AND t.merged_into_id IS NULL GROUP BY 1, 2 ORDER BY 1, 2
-- panel: backlog
SELECT count(*) FROM crm_ticket
WHERE status IN ('new', 'open', 'pending', 'on_hold') AND NOT is_spam AND merged_into_id IS NULL
-- panel: waiting
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open') AND NOT is_spam AND merged_into_id IS NULL
    AND (assignee_id = %(viewer)s OR (assignee_id IS NULL AND due_by < %(now)s + interval '4 hours')) LIMIT 99) counted
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
