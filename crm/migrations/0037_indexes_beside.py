"""Indexes on tables that are large: built while others go on reading and writing them."""

import django.db.models.functions.text
from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('crm', '0036_undo_waiting'),
    ]

    operations = [
        AddIndexBeside(
            model_name='account',
            index=models.Index(django.db.models.functions.text.Reverse('match_name'), 'id', condition=models.Q(('match_name', ''), _negated=True), name='account_by_name_backwards'),
        ),
        AddIndexBeside(
            model_name='outboundmessage',
            index=models.Index(condition=models.Q(('message_id', ''), _negated=True), fields=['message_id'], name='message_by_message_id'),
        ),
        AddIndexBeside(
            model_name='pending',
            index=models.Index(condition=models.Q(('attempts__gt', 0), ('parked_at', None)), fields=['attempts', 'id'], name='pending_suspect'),
        ),
    ]
