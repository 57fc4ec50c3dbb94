"""Who used a feature lately: what triggers on use ask for by feature and day."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('retention', '0015_holdout'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='usageday',
            index=models.Index(fields=['feature', 'day'], name='usage_of_feature'),
        ),
    ]
