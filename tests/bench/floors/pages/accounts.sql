-- panel: name
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
ORDER BY lower(a.name), a.id LIMIT 51
-- panel: name after
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE (lower(a.name), a.id) > (%(value)s, %(id)s::bigint)
ORDER BY lower(a.name), a.id LIMIT 51
-- panel: owner
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE a.owner_id = (SELECT id FROM crm_user ORDER BY lower(name), id LIMIT 1)
ORDER BY a.id LIMIT 51
-- panel: owner after
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE a.owner_id = %(value)s::bigint AND a.id > %(id)s::bigint
ORDER BY a.id LIMIT 51
-- panel: renewal
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
ORDER BY a.renews_on, a.id LIMIT 51
-- panel: renewal after
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE (a.renews_on, a.id) > (%(value)s::date, %(id)s::bigint)
ORDER BY a.renews_on, a.id LIMIT 51
-- panel: renewal beyond
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE a.renews_on IS NULL AND a.id > %(id)s::bigint
ORDER BY a.renews_on, a.id LIMIT 51
-- panel: -mrr
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
ORDER BY a.mrr DESC, a.id DESC LIMIT 51
-- panel: -mrr after
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id LEFT JOIN crm_accountseen s ON s.account_id = a.id
WHERE (a.mrr, a.id) < (%(value)s::numeric, %(id)s::bigint)
ORDER BY a.mrr DESC, a.id DESC LIMIT 51
-- panel: silence
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id JOIN crm_accountseen s ON s.account_id = a.id
ORDER BY s.silent_since, s.account_id LIMIT 51
-- panel: silence after
SELECT a.id, a.name, a.kind, a.domain, a.industry, a.lifecycle, a.mrr, a.renews_on, s.at AS last_seen_at, u.name AS owner
FROM crm_account a LEFT JOIN crm_user u ON u.id = a.owner_id JOIN crm_accountseen s ON s.account_id = a.id
WHERE (s.silent_since, s.account_id) > (%(value)s::timestamptz, %(id)s::bigint)
ORDER BY s.silent_since, s.account_id LIMIT 51
-- panel: total
SELECT count(*) FROM (SELECT 1 FROM crm_account LIMIT 1001) counted
-- panel: about
SELECT greatest(reltuples, 0)::bigint AS about FROM pg_class WHERE oid = 'crm_account'::regclass
-- panel: people
SELECT id, name, email FROM crm_user WHERE is_active AND id <> %(viewer)s ORDER BY name, id
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
