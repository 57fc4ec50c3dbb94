-- panel: ticket
SELECT t.*, a.name AS account, a.mrr, a.lifecycle, c.first_name, c.last_name, c.title, c.email, c.timezone, u.name AS assignee,
    o.name AS owner, g.name AS category, d.name AS team, l.name AS level,
    ARRAY(SELECT w.name FROM crm_ticketfollower f JOIN crm_user w ON w.id = f.user_id WHERE f.ticket_id = t.id) AS followers,
    ARRAY(SELECT f.text FROM crm_ticketdraft f WHERE f.ticket_id = t.id AND f.user_id = %(viewer)s) AS drafts
FROM crm_ticket t LEFT JOIN crm_account a ON a.id = t.account_id LEFT JOIN crm_contact c ON c.id = t.contact_id
LEFT JOIN crm_user u ON u.id = t.assignee_id LEFT JOIN crm_user o ON o.id = a.owner_id
LEFT JOIN crm_ticketcategory g ON g.id = t.category_id LEFT JOIN crm_team d ON d.id = t.team_id
LEFT JOIN crm_servicelevel l ON l.id = t.level_id WHERE t.id = %(ticket)s
-- panel: messages
SELECT m.id, m.kind, m.channel, m.text, m.html <> '' AS formatted, m.folded_at, m.occurred_at, m.sender_name, m.sender_handle,
    m.recipients, m.mood, m.mood_words, u.name AS writer, c.first_name, c.last_name, o.state, o.reason,
    ARRAY(SELECT f.name FROM crm_ticketfile f WHERE f.message_id = m.id ORDER BY f.id) AS files
FROM crm_ticketmessage m LEFT JOIN crm_user u ON u.id = m.user_id LEFT JOIN crm_contact c ON c.id = m.contact_id
LEFT JOIN crm_outboundmessage o ON o.id = m.outbound_id
WHERE m.ticket_id = %(ticket)s ORDER BY m.occurred_at DESC, m.id DESC LIMIT 51
-- panel: events
SELECT s.status, s.began_at, s.because, u.name AS by FROM crm_ticketspell s LEFT JOIN crm_user u ON u.id = s.by_id
WHERE s.ticket_id = %(ticket)s ORDER BY s.began_at LIMIT 200
-- panel: others
SELECT id, subject, status, created_at FROM crm_ticket WHERE account_id = (SELECT account_id FROM crm_ticket WHERE id = %(ticket)s) AND id <> %(ticket)s
AND NOT is_spam AND merged_into_id IS NULL ORDER BY created_at DESC, id DESC LIMIT 5
-- panel: entries
SELECT e.id, e.kind, e.source, e.text, e.occurred_at, e.payload, u.name AS actor FROM crm_timelineentry e
LEFT JOIN crm_user u ON u.id = e.actor_id WHERE e.account_id = (SELECT account_id FROM crm_ticket WHERE id = %(ticket)s) AND e.kind NOT LIKE 'ticket.%%'
ORDER BY e.occurred_at DESC, e.id DESC LIMIT 5
-- panel: contracts
SELECT c.id, c.plan, c.status, c.auto_renew, c.currency, t.starts_on, t.ends_on, t.mrr
FROM crm_contract c LEFT JOIN crm_contractterm t ON t.contract_id = c.id
WHERE c.account_id = (SELECT account_id FROM crm_ticket WHERE id = %(ticket)s) ORDER BY c.id DESC, t.starts_on LIMIT 200
-- panel: waiting
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open') AND NOT is_spam AND merged_into_id IS NULL
    AND (assignee_id = %(viewer)s OR (assignee_id IS NULL AND due_by < %(now)s + interval '4 hours')) LIMIT 99) counted
-- panel: due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
