"""The pages on which people say yes or no to mail before it leaves; the verbs are crm.outbox.approving."""
