"""What the dashboard has counted beforehand."""

import crm.web.migrating
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0064_leaving'),
        ('retention', '0010_value'),
    ]

    operations = [
        crm.web.migrating.CreateTables(
            tables=[
                migrations.CreateModel(
                    name='Snapshot',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('start', models.DateField()),
                        ('end', models.DateField()),
                        ('before_start', models.DateField()),
                        ('before_end', models.DateField()),
                        ('row', models.JSONField(null=True)),
                        ('mark', models.CharField(blank=True, max_length=80)),
                        ('made_at', models.DateTimeField(null=True)),
                        ('took', models.FloatField(default=0)),
                        ('wanted_at', models.DateTimeField(null=True)),
                        ('corrected_at', models.DateTimeField(null=True)),
                        ('was', models.JSONField(null=True)),
                    ],
                    options={
                        'constraints': [models.UniqueConstraint(models.F('start'), models.F('end'), models.F('before_start'), models.F('before_end'), name='snapshot_of_period_once')],
                    },
                ),
            ],
        ),
    ]
