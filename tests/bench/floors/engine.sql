-- The floor of the engine: one turn of a bare loop that claims a thousand due enrollments and writes the rows that a mail
-- step and a task step write: step runs, message, task, and the enrollment's end. Each turn is one transaction.
-- Frozen: the product never imports it, and it changes only when the rows that the engine writes change.
-- Parameters: workflow, slug, template, now.
WITH claimed AS (
    SELECT id, account_id, facts, due_at FROM retention_enrollment
    WHERE workflow_id = %(workflow)s AND state = 'active' AND due_at <= %(now)s
    ORDER BY due_at, id LIMIT 1000 FOR UPDATE SKIP LOCKED
), known AS (
    SELECT e.id, e.account_id, e.due_at, c.id AS contact_id, a.owner_id,
        left('Call ' || a.name || ', silent for two weeks', 200) AS title,
        concat_ws(' ', nullif(c.first_name, ''), nullif(c.last_name, '')) AS reader,
        coalesce(u.name, 'the admins') AS owner,
        'Ask about their goal' || CASE WHEN a.primary_use_case <> '' THEN ' (' || a.primary_use_case || ')' ELSE '' END || '.'
            AS body,
        ((%(now)s::timestamptz AT TIME ZONE coalesce(nullif(u.time_zone, ''), 'UTC'))::date + 1 + time '09:00')
            AT TIME ZONE coalesce(nullif(u.time_zone, ''), 'UTC') AS task_due,
        jsonb_build_object(
            'contact', jsonb_build_object('first_name', c.first_name, 'last_name', c.last_name,
                'name', concat_ws(' ', nullif(c.first_name, ''), nullif(c.last_name, '')), 'email', c.email),
            'account', jsonb_build_object('name', a.name, 'industry', a.industry, 'use_case', a.primary_use_case, 'custom', a.custom),
            'owner', CASE WHEN u.id IS NULL THEN '{}' ELSE jsonb_build_object('name', u.name, 'email', u.email) END,
            'contract', '{}'::jsonb,  -- no words of its mail and its task name one
            'settings', '{}'::jsonb, 'trigger', e.facts) AS facts
    FROM claimed e JOIN crm_account a ON a.id = e.account_id
    JOIN crm_contact c ON c.account_id = a.id AND c.is_primary
    LEFT JOIN crm_user u ON u.id = a.owner_id
), ran AS (
    INSERT INTO retention_steprun (enrollment_id, step_id, visit, kind, ran_at, outcome, detail)
    SELECT id, 'hello', 1, 'message', %(now)s, 'Planned a mail to ' || reader, '{"planned": true}'::jsonb FROM known
    UNION ALL
    SELECT id, 'call', 1, 'task', %(now)s, left('Task for ' || owner || ': ' || title, 300), '{}' FROM known
    RETURNING id, enrollment_id, step_id
), mailed AS (
    INSERT INTO crm_outboundmessage
        (key, category, template_id, due_at, planned_for, account_id, contact_id, facts, expires_at, origin, origin_id,
        channel, series, state, attempts, attempts_limit, created_at, to_address, reason, guard, message_id, provider_id,
        rendered_subject, rendered_body)
    SELECT 'workflow:' || k.id || ':hello:1', 'service', %(template)s, due_at, due_at, account_id, contact_id, facts,
        due_at + interval '3 days', 'workflow', r.id, 'email', %(slug)s, 'due', 0, %(limit)s, %(now)s, '', '', '', '', '', '', ''
    FROM known k JOIN ran r ON r.enrollment_id = k.id AND r.step_id = 'hello'
    ON CONFLICT (key) DO NOTHING
), tasked AS (
    INSERT INTO crm_task (title, body, account_id, contact_id, owner_id, due_at, created_at, origin, origin_id, key)
    SELECT title, body, account_id, contact_id, owner_id, task_due, %(now)s, 'workflow', r.id,
        'workflow:' || k.id || ':call:1'
    FROM known k JOIN ran r ON r.enrollment_id = k.id AND r.step_id = 'call'
    ON CONFLICT (key) DO NOTHING
)
UPDATE retention_enrollment e SET state = 'done', step_id = '', ended_at = %(now)s, ended_because = 'All steps done'
FROM claimed c WHERE e.id = c.id
