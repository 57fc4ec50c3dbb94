-- panel: mates
SELECT DISTINCT m.user_id FROM crm_membership m JOIN crm_membership own ON own.team_id = m.team_id WHERE own.user_id = %(viewer)s
-- panel: accounts name
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE {seen} ORDER BY lower(a.name), a.id LIMIT 51
-- panel: accounts name after
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE {seen} AND (lower(a.name), a.id) > (%(value)s, %(id)s::bigint)
ORDER BY lower(a.name), a.id LIMIT 51
-- panel: accounts -mrr
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE {seen} ORDER BY a.mrr DESC, a.id DESC LIMIT 51
-- panel: accounts silence
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id JOIN crm_accountseen s ON s.account_id = a.id
WHERE {seen} ORDER BY s.silent_since, s.account_id LIMIT 51
-- panel: accounts total
SELECT count(*) FROM (SELECT 1 FROM crm_account a WHERE {seen} LIMIT 1001) counted
-- panel: contacts name
SELECT c.id, c.first_name, c.last_name, c.email, c.phone, c.title, c.is_primary, c.email_consent, s.at AS last_seen_at, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id JOIN crm_contactseen s ON s.contact_id = c.id
WHERE {seen} ORDER BY lower(c.first_name || ' ' || c.last_name), c.id LIMIT 51
-- panel: contacts total
SELECT count(*) FROM (SELECT 1 FROM crm_contact c JOIN crm_account a ON a.id = c.account_id WHERE {seen} LIMIT 1001) counted
-- panel: about
SELECT greatest(reltuples, 0)::bigint AS about FROM pg_class WHERE oid = 'crm_account'::regclass
-- panel: people
SELECT id, name, email FROM crm_user WHERE is_active AND id <> %(viewer)s ORDER BY name, id
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND owner_id = %(viewer)s
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
