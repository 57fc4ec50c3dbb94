"""The index by which customers are found whom somebody may see who does not see everybody's."""

import django.db.models.functions.comparison
from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('crm', '0050_arrivals'),
    ]

    operations = [
        AddIndexBeside(
            model_name='account',
            index=models.Index(
                django.db.models.functions.comparison.Coalesce(models.F('owner'), models.Value(0), output_field=models.BigIntegerField()),
                models.F('id'), include=['owner'], name='account_by_sight',
            ),
        ),
        # How often each value stands there is known of an index only after this.
        migrations.RunSQL("ANALYZE crm_account", migrations.RunSQL.noop),
    ]
