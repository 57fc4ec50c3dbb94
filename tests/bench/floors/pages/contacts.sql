-- panel: name
SELECT c.id, c.first_name, c.last_name, c.email, c.phone, c.title, c.is_primary, c.email_consent, s.at AS last_seen_at, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id JOIN crm_contactseen s ON s.contact_id = c.id
ORDER BY lower(c.first_name || ' ' || c.last_name), c.id LIMIT 51
-- panel: name after
SELECT c.id, c.first_name, c.last_name, c.email, c.phone, c.title, c.is_primary, c.email_consent, s.at AS last_seen_at, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id JOIN crm_contactseen s ON s.contact_id = c.id
WHERE (lower(c.first_name || ' ' || c.last_name), c.id) > (%(value)s, %(id)s::bigint)
ORDER BY lower(c.first_name || ' ' || c.last_name), c.id LIMIT 51
-- panel: -seen
(SELECT c.id, c.first_name, c.last_name, c.email, c.phone, c.title, c.is_primary, c.email_consent, s.at AS last_seen_at, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id JOIN crm_contactseen s ON s.contact_id = c.id
WHERE s.at IS NOT NULL ORDER BY s.at DESC, s.contact_id DESC LIMIT 51)
UNION ALL
(SELECT c.id, c.first_name, c.last_name, c.email, c.phone, c.title, c.is_primary, c.email_consent, s.at AS last_seen_at, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id JOIN crm_contactseen s ON s.contact_id = c.id
WHERE s.at IS NULL ORDER BY s.at DESC, s.contact_id DESC LIMIT 51)
LIMIT 51
-- panel: -seen after
SELECT c.id, c.first_name, c.last_name, c.email, c.phone, c.title, c.is_primary, c.email_consent, s.at AS last_seen_at, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id JOIN crm_contactseen s ON s.contact_id = c.id
WHERE (s.at, s.contact_id) < (%(value)s::timestamptz, %(id)s::bigint)
ORDER BY s.at DESC, s.contact_id DESC LIMIT 51
-- panel: -seen beyond
SELECT c.id, c.first_name, c.last_name, c.email, c.phone, c.title, c.is_primary, c.email_consent, s.at AS last_seen_at, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id JOIN crm_contactseen s ON s.contact_id = c.id
WHERE s.at IS NULL AND s.contact_id < %(id)s::bigint
ORDER BY s.at DESC, s.contact_id DESC LIMIT 51
-- panel: total
SELECT count(*) FROM (SELECT 1 FROM crm_contact LIMIT 1001) counted
-- panel: about
SELECT greatest(reltuples, 0)::bigint AS about FROM pg_class WHERE oid = 'crm_contact'::regclass
-- panel: people
SELECT id, name, email FROM crm_user WHERE is_active AND id <> %(viewer)s ORDER BY name, id
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
