"""Its table may be large: the index is built while others go on telling and reading."""

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('crm', '0039_notification_act'),
    ]

    operations = [
        AddIndexBeside(
            model_name='notification',
            index=models.Index(condition=models.Q(('told_in__isnull', False)), fields=['told_in'], name='notification_of_act'),
        ),
    ]
