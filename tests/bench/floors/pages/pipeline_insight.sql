-- panel: entered
SELECT s.name, count(DISTINCT p.deal_id) FROM crm_dealspell p JOIN crm_stage s ON s.id = p.stage_id
WHERE s.pipeline_id = %(pipeline)s AND p.began_at >= %(since)s GROUP BY 1
-- panel: left
SELECT s.name, percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM p.ended_at - p.began_at)) AS stayed
FROM crm_dealspell p JOIN crm_stage s ON s.id = p.stage_id
WHERE s.pipeline_id = %(pipeline)s AND s.outcome = 'open' AND p.ended_at >= %(since)s GROUP BY 1
-- panel: decided
SELECT u.name, d.outcome, count(*) AS count, sum(d.value) AS worth FROM crm_deal d LEFT JOIN crm_user u ON u.id = d.owner_id
WHERE d.pipeline_id = %(pipeline)s AND d.closed_at >= %(since)s GROUP BY GROUPING SETS ((u.name, d.outcome), (d.outcome))
-- panel: opened
SELECT count(*) FROM crm_deal WHERE pipeline_id = %(pipeline)s AND created_at >= %(since)s
-- panel: waiting
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open') AND NOT is_spam AND merged_into_id IS NULL
    AND (assignee_id = %(viewer)s OR (assignee_id IS NULL AND due_by < %(now)s + interval '4 hours')) LIMIT 99) counted
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
