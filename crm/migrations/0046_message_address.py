"""Messages by the address that they were given: found when its owner is erased."""

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('crm', '0045_ticket_forms'),
    ]

    operations = [
        AddIndexBeside(
            model_name='outboundmessage',
            index=models.Index(condition=models.Q(('addressed_to', ''), _negated=True), fields=['addressed_to'], name='message_by_address'),
        ),
    ]
