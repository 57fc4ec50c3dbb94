"""Payments that failed are found by when they did."""

from django.db import migrations, models

from crm.web.migrating import AddIndexBeside


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('crm', '0064_leaving'),
    ]

    operations = [
        AddIndexBeside(
            model_name='payment',
            index=models.Index(
                condition=models.Q(('failed_at__isnull', False)), fields=['failed_at'], name='payment_failed'
            ),
        ),
    ]
