"""Chats among the messages that leave: built while mail goes on."""

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('crm', '0047_contact_handles'),
    ]

    operations = [
        AddIndexBeside(
            model_name='outboundmessage',
            index=models.Index(condition=models.Q(('state', 'due'), models.Q(('channel', 'email'), _negated=True)), fields=['channel', 'urgency', 'due_at', 'id'], name='message_chat_due'),
        ),
        AddIndexBeside(
            model_name='outboundmessage',
            index=models.Index(condition=models.Q(('channel', 'email'), _negated=True), fields=['channel', '-id'], name='message_chat_latest'),
        ),
        AddIndexBeside(
            model_name='outboundmessage',
            index=models.Index(condition=models.Q(('channel', 'email'), _negated=True), fields=['channel', 'provider_id'], name='message_chat_taken'),
        ),
    ]
