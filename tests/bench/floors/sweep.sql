-- The floor of the inactivity sweep: one bare INSERT … SELECT … ON CONFLICT that writes the same enrollments.
-- Frozen: the product never imports it, and it changes only when the rows that the sweep writes change.
-- Parameters: workflow, version, step, facts (what the trigger says of itself), days, since, now.
INSERT INTO retention_enrollment
    (workflow_id, version_id, account_id, contact_id, trigger_key, anchor, facts, state, step_id, visit, due_at, attempts,
    entered_at, ended_because)
SELECT %(workflow)s, %(version)s, id, NULL, 'silent:' || to_char(silent_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
    NULL, %(facts)s::jsonb || jsonb_build_object('silent_since', silent_since), 'active', %(step)s, 1,
    silent_since + make_interval(days => %(days)s), 0, %(now)s, ''
FROM crm_accountseen JOIN crm_account ON crm_account.id = account_id
WHERE silent_since > %(since)s::timestamptz - make_interval(days => %(days)s)
    AND silent_since <= %(now)s::timestamptz - make_interval(days => %(days)s)
    AND lifecycle IN ('customer', 'trial')
ON CONFLICT DO NOTHING
