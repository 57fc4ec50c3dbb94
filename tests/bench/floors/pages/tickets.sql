-- panel: due
SELECT t.id, t.subject, t.status, t.priority, t.reply_channel, t.due_by, t.updated_at, t.requester_name,
    t.requester_handle, a.name AS account, c.first_name, c.last_name, u.name AS assignee, g.name AS category, (
        SELECT m.kind FROM crm_ticketmessage m WHERE m.ticket_id = t.id AND m.kind IN ('in', 'out')
        AND m.called_off_at IS NULL ORDER BY m.occurred_at DESC, m.id DESC LIMIT 1) AS last_said
FROM crm_ticket t LEFT JOIN crm_account a ON a.id = t.account_id LEFT JOIN crm_contact c ON c.id = t.contact_id
LEFT JOIN crm_user u ON u.id = t.assignee_id LEFT JOIN crm_ticketcategory g ON g.id = t.category_id
WHERE NOT t.is_spam AND t.merged_into_id IS NULL AND t.status IN ('new', 'open', 'pending', 'on_hold')
ORDER BY t.due_by, t.id LIMIT 51
-- panel: mine
SELECT t.id, t.subject, t.status, t.priority, t.reply_channel, t.due_by, t.updated_at, t.requester_name,
    t.requester_handle, a.name AS account, c.first_name, c.last_name, u.name AS assignee, g.name AS category, (
        SELECT m.kind FROM crm_ticketmessage m WHERE m.ticket_id = t.id AND m.kind IN ('in', 'out')
        AND m.called_off_at IS NULL ORDER BY m.occurred_at DESC, m.id DESC LIMIT 1) AS last_said
FROM crm_ticket t LEFT JOIN crm_account a ON a.id = t.account_id LEFT JOIN crm_contact c ON c.id = t.contact_id
LEFT JOIN crm_user u ON u.id = t.assignee_id LEFT JOIN crm_ticketcategory g ON g.id = t.category_id
WHERE NOT t.is_spam AND t.merged_into_id IS NULL AND t.status IN ('new', 'open', 'pending', 'on_hold') AND t.assignee_id = %(viewer)s
ORDER BY t.due_by, t.id LIMIT 51
-- panel: latest
SELECT t.id, t.subject, t.status, t.priority, t.reply_channel, t.due_by, t.updated_at, t.requester_name,
    t.requester_handle, a.name AS account, c.first_name, c.last_name, u.name AS assignee, g.name AS category, (
        SELECT m.kind FROM crm_ticketmessage m WHERE m.ticket_id = t.id AND m.kind IN ('in', 'out')
        AND m.called_off_at IS NULL ORDER BY m.occurred_at DESC, m.id DESC LIMIT 1) AS last_said
FROM crm_ticket t LEFT JOIN crm_account a ON a.id = t.account_id LEFT JOIN crm_contact c ON c.id = t.contact_id
LEFT JOIN crm_user u ON u.id = t.assignee_id LEFT JOIN crm_ticketcategory g ON g.id = t.category_id
WHERE NOT t.is_spam AND t.merged_into_id IS NULL
ORDER BY t.updated_at DESC, t.id DESC LIMIT 51
-- panel: latest after
SELECT t.id, t.subject, t.status, t.priority, t.reply_channel, t.due_by, t.updated_at, t.requester_name,
    t.requester_handle, a.name AS account, c.first_name, c.last_name, u.name AS assignee, g.name AS category, (
        SELECT m.kind FROM crm_ticketmessage m WHERE m.ticket_id = t.id AND m.kind IN ('in', 'out')
        AND m.called_off_at IS NULL ORDER BY m.occurred_at DESC, m.id DESC LIMIT 1) AS last_said
FROM crm_ticket t LEFT JOIN crm_account a ON a.id = t.account_id LEFT JOIN crm_contact c ON c.id = t.contact_id
LEFT JOIN crm_user u ON u.id = t.assignee_id LEFT JOIN crm_ticketcategory g ON g.id = t.category_id
WHERE NOT t.is_spam AND t.merged_into_id IS NULL AND (t.updated_at, t.id) < (%(value)s::timestamptz, %(id)s::bigint)
ORDER BY t.updated_at DESC, t.id DESC LIMIT 51
-- panel: category
SELECT t.id, t.subject, t.status, t.priority, t.reply_channel, t.due_by, t.updated_at, t.requester_name,
    t.requester_handle, a.name AS account, c.first_name, c.last_name, u.name AS assignee, g.name AS category, (
        SELECT m.kind FROM crm_ticketmessage m WHERE m.ticket_id = t.id AND m.kind IN ('in', 'out')
        AND m.called_off_at IS NULL ORDER BY m.occurred_at DESC, m.id DESC LIMIT 1) AS last_said
FROM crm_ticket t LEFT JOIN crm_account a ON a.id = t.account_id LEFT JOIN crm_contact c ON c.id = t.contact_id
LEFT JOIN crm_user u ON u.id = t.assignee_id LEFT JOIN crm_ticketcategory g ON g.id = t.category_id
WHERE NOT t.is_spam AND t.merged_into_id IS NULL AND t.category_id = %(category)s::bigint
ORDER BY t.created_at DESC, t.id DESC LIMIT 51
-- panel: due total
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open', 'pending', 'on_hold') AND NOT is_spam AND merged_into_id IS NULL LIMIT 1001) counted
-- panel: mine total
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open', 'pending', 'on_hold') AND NOT is_spam AND merged_into_id IS NULL AND assignee_id = %(viewer)s LIMIT 1001) counted
-- panel: latest total
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE NOT is_spam AND merged_into_id IS NULL LIMIT 1001) counted
-- panel: category total
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE NOT is_spam AND merged_into_id IS NULL AND category_id = %(category)s::bigint LIMIT 1001) counted
-- panel: people
SELECT id, name FROM crm_user WHERE is_active ORDER BY name, id
-- panel: teams
SELECT id, name FROM crm_team ORDER BY name
-- panel: waiting
SELECT count(*) FROM (SELECT 1 FROM crm_ticket WHERE status IN ('new', 'open') AND NOT is_spam AND merged_into_id IS NULL
    AND (assignee_id = %(viewer)s OR (assignee_id IS NULL AND due_by < %(now)s + interval '4 hours')) LIMIT 99) counted
-- panel: tasks due
SELECT count(*) FROM (SELECT 1 FROM crm_task WHERE done_at IS NULL AND (owner_id = %(viewer)s OR owner_id IS NULL)
    AND (snoozed_until IS NULL OR snoozed_until <= %(now)s) AND due_at < %(tomorrow)s LIMIT 99) counted
-- panel: eyes
SELECT count(*) FROM (SELECT 1 FROM crm_outboundmessage WHERE state IN ('uncertain', 'failed') LIMIT 99) counted
