-- panel: contacts
SELECT c.id, c.first_name, c.last_name, c.email, c.phone, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id
WHERE lower((c.first_name || ' ' || c.last_name) COLLATE "pg_c_utf8") LIKE %(like)s
    OR lower(c.email COLLATE "pg_c_utf8") LIKE %(like)s
LIMIT 40
-- panel: accounts
SELECT id, name, domain FROM crm_account
WHERE lower(name COLLATE "pg_c_utf8") LIKE %(like)s OR lower(domain COLLATE "pg_c_utf8") LIKE %(like)s
LIMIT 40
-- panel: contacts alike
SELECT c.id, c.first_name, c.last_name, c.email, a.id AS account_id, a.name AS account
FROM crm_contact c JOIN crm_account a ON a.id = c.account_id
WHERE %(text)s <%% lower((c.first_name || ' ' || c.last_name) COLLATE "pg_c_utf8")
ORDER BY word_similarity(%(text)s, lower((c.first_name || ' ' || c.last_name) COLLATE "pg_c_utf8")) DESC, c.id
LIMIT 5
-- panel: accounts alike
SELECT id, name, domain FROM crm_account
WHERE %(text)s <%% lower(name COLLATE "pg_c_utf8")
ORDER BY word_similarity(%(text)s, lower(name COLLATE "pg_c_utf8")) DESC, id
LIMIT 5
