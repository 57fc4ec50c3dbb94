-- panel: account
SELECT a.*, s.at AS last_seen_at, u.name AS owner FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id
LEFT JOIN crm_accountseen s ON s.account_id = a.id WHERE a.id = %(account)s
-- panel: entries
SELECT e.*, u.name AS actor, c.first_name FROM crm_timelineentry e LEFT JOIN crm_user u ON u.id = e.actor_id
LEFT JOIN crm_contact c ON c.id = e.contact_id
WHERE e.account_id = %(account)s ORDER BY e.occurred_at DESC, e.id DESC LIMIT 21
-- panel: people
SELECT c.*, s.at AS last_seen_at FROM crm_contact c LEFT JOIN crm_contactseen s ON s.contact_id = c.id
WHERE account_id = %(account)s ORDER BY is_primary DESC, created_at, id LIMIT 50
-- panel: marks
SELECT s.address, s.reason FROM crm_suppression s JOIN crm_contact c ON c.email = s.address WHERE c.account_id = %(account)s
-- panel: contracts
SELECT c.id, c.plan, c.status, c.auto_renew, c.currency, t.starts_on, t.ends_on, t.mrr
FROM crm_contract c LEFT JOIN crm_contractterm t ON t.contract_id = c.id
WHERE c.account_id = %(account)s ORDER BY c.id DESC, t.starts_on LIMIT 200
-- panel: next
SELECT * FROM crm_task WHERE account_id = %(account)s AND done_at IS NULL
AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) ORDER BY due_at, id LIMIT 1
-- panel: tasks
SELECT t.*, u.name AS owner FROM crm_task t LEFT JOIN crm_user u ON u.id = t.owner_id
WHERE t.account_id = %(account)s AND t.done_at IS NULL ORDER BY t.due_at, t.id LIMIT 7
-- panel: runs
SELECT e.id, e.state, e.ended_at, e.ended_because, w.name, w.slug
FROM retention_enrollment e JOIN retention_workflow w ON w.id = e.workflow_id
WHERE e.account_id = %(account)s ORDER BY e.id DESC LIMIT 8
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
