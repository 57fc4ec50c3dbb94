-- panel: stages
SELECT id, name, colour, outcome, probability FROM crm_stage WHERE pipeline_id = %(pipeline)s AND archived_at IS NULL ORDER BY "order", id
-- panel: pipelines
SELECT id, name FROM crm_pipeline WHERE archived_at IS NULL ORDER BY "order", name, id
-- panel: views
SELECT id, name, parameters FROM crm_savedview WHERE subject = 'deal' AND deleted_at IS NULL AND (owner_id = %(viewer)s OR shared)
-- panel: totals
SELECT d.stage_id, count(*) AS many, sum(d.value) AS worth, count(*) FILTER (WHERE d.stuck_at <= %(now)s) AS stuck
FROM crm_deal d JOIN crm_stage s ON s.id = d.stage_id
WHERE s.pipeline_id = %(pipeline)s AND (d.outcome = 'open' OR d.closed_at >= %(now)s - interval '30 days') GROUP BY 1
-- panel: totals mine
SELECT d.stage_id, count(*) AS many, sum(d.value) AS worth, count(*) FILTER (WHERE d.stuck_at <= %(now)s) AS stuck
FROM crm_deal d JOIN crm_stage s ON s.id = d.stage_id
WHERE s.pipeline_id = %(pipeline)s AND d.owner_id = %(viewer)s
    AND (d.outcome = 'open' OR d.closed_at >= %(now)s - interval '30 days') GROUP BY 1
-- panel: cards
SELECT d.id, d.stage_id, d.rank, d.outcome, d.title, d.amount, d.currency, d.next_step, d.next_on, d.entered_at, d.stuck_at,
    d.closed_at, d.updated_at, a.name AS customer, u.name AS owner, r.name AS reason
FROM crm_stage s, LATERAL (SELECT * FROM crm_deal d WHERE d.stage_id = s.id ORDER BY d.rank LIMIT 20) d
JOIN crm_account a ON a.id = d.account_id LEFT JOIN crm_user u ON u.id = d.owner_id LEFT JOIN crm_lossreason r ON r.id = d.lost_because_id
WHERE s.pipeline_id = %(pipeline)s AND s.archived_at IS NULL AND s.outcome = 'open'
UNION ALL
SELECT d.id, d.stage_id, d.rank, d.outcome, d.title, d.amount, d.currency, d.next_step, d.next_on, d.entered_at, d.stuck_at,
    d.closed_at, d.updated_at, a.name AS customer, u.name AS owner, r.name AS reason
FROM crm_stage s, LATERAL (SELECT * FROM crm_deal d WHERE d.stage_id = s.id AND d.outcome <> 'open' AND d.closed_at >= %(now)s - interval '30 days'
    ORDER BY d.closed_at DESC, d.id DESC LIMIT 20) d
JOIN crm_account a ON a.id = d.account_id LEFT JOIN crm_user u ON u.id = d.owner_id LEFT JOIN crm_lossreason r ON r.id = d.lost_because_id
WHERE s.pipeline_id = %(pipeline)s AND s.archived_at IS NULL AND s.outcome <> 'open'
-- panel: cards mine
SELECT d.id, d.stage_id, d.rank, d.outcome, d.title, d.amount, d.currency, d.next_step, d.next_on, d.entered_at, d.stuck_at,
    d.closed_at, d.updated_at, a.name AS customer, u.name AS owner, r.name AS reason
FROM crm_stage s, LATERAL (SELECT * FROM crm_deal d WHERE d.stage_id = s.id AND d.owner_id = %(viewer)s ORDER BY d.rank LIMIT 20) d
JOIN crm_account a ON a.id = d.account_id LEFT JOIN crm_user u ON u.id = d.owner_id LEFT JOIN crm_lossreason r ON r.id = d.lost_because_id
WHERE s.pipeline_id = %(pipeline)s AND s.archived_at IS NULL AND s.outcome = 'open'
UNION ALL
SELECT d.id, d.stage_id, d.rank, d.outcome, d.title, d.amount, d.currency, d.next_step, d.next_on, d.entered_at, d.stuck_at,
    d.closed_at, d.updated_at, a.name AS customer, u.name AS owner, r.name AS reason
FROM crm_stage s, LATERAL (SELECT * FROM crm_deal d WHERE d.stage_id = s.id AND d.outcome <> 'open' AND d.owner_id = %(viewer)s AND d.closed_at >= %(now)s - interval '30 days'
    ORDER BY d.closed_at DESC, d.id DESC LIMIT 20) d
JOIN crm_account a ON a.id = d.account_id LEFT JOIN crm_user u ON u.id = d.owner_id LEFT JOIN crm_lossreason r ON r.id = d.lost_because_id
WHERE s.pipeline_id = %(pipeline)s AND s.archived_at IS NULL AND s.outcome <> 'open'
-- panel: waiting
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open') AND NOT is_spam AND merged_into_id IS NULL
    AND (assignee_id = %(viewer)s OR (assignee_id IS NULL AND due_by < %(now)s + interval '4 hours')) LIMIT 99) counted
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
