-- panel: stages
SELECT id, name, colour, outcome, probability FROM crm_stage WHERE pipeline_id = %(pipeline)s AND archived_at IS NULL ORDER BY "order", id
-- panel: pipelines
SELECT id, name FROM crm_pipeline WHERE archived_at IS NULL ORDER BY "order", name, id
-- panel: views
SELECT id, name, parameters FROM crm_savedview WHERE subject = 'deal' AND deleted_at IS NULL AND (owner_id = %(viewer)s OR shared)
-- panel: months
SELECT date_trunc('month', d.expected_on) AS month, d.stage_id, count(*) AS many, sum(d.value) AS worth
FROM crm_deal d WHERE d.pipeline_id = %(pipeline)s AND d.outcome = 'open' GROUP BY 1, 2 ORDER BY 1, 2
-- panel: waiting
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open') AND NOT is_spam AND merged_into_id IS NULL
    AND (assignee_id = %(viewer)s OR (assignee_id IS NULL AND due_by < %(now)s + interval '4 hours')) LIMIT 99) counted
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
