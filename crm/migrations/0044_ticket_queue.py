"""Indexes of the queue's sorts: built while others go on reading and writing tickets."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from crm.web.migrating import AddIndexBeside

_ONCE = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ticket_external_id_once ON crm_ticket (external_id)"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('crm', '0043_ticket_external_id'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(_ONCE, "DROP INDEX CONCURRENTLY IF EXISTS ticket_external_id_once"),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name='ticket',
                    constraint=models.UniqueConstraint(models.F('external_id'), name='ticket_external_id_once'),
                ),
            ],
        ),
        AddIndexBeside(
            model_name='ticket',
            index=models.Index(fields=['due_by', 'id'], name='ticket_by_due'),
        ),
        AddIndexBeside(
            model_name='ticket',
            index=models.Index(fields=['-priority', '-id'], name='ticket_most_urgent'),
        ),
        AddIndexBeside(
            model_name='ticket',
            index=models.Index(condition=models.Q(('status__in', ['new', 'open', 'pending', 'on_hold'])), fields=['-priority', '-id'], name='ticket_open_by_priority'),
        ),
        AddIndexBeside(
            model_name='ticket',
            index=models.Index(condition=models.Q(('mood__lt', 0), ('status__in', ['new', 'open', 'pending', 'on_hold'])), fields=['mood'], name='ticket_open_upset'),
        ),
        AddIndexBeside(
            model_name='ticket',
            index=models.Index(condition=models.Q(('is_spam', True)), fields=['-created_at', '-id'], name='ticket_spam'),
        ),
        RemoveIndexConcurrently(
            model_name='ticket',
            name='ticket_by_priority',
        ),
    ]
