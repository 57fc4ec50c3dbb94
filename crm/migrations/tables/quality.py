"""What crm/quality keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='DataCount',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('day', models.DateField()),
            ('counted_at', models.DateTimeField()),
            ('figures', models.JSONField(default=dict)),
            ('expected', models.BigIntegerField(default=0)),
            ('missing', models.BigIntegerField(default=0)),
            ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(fields=('day', 'owner'), name='data_count_once', nulls_distinct=False),
            ],
        },
    ),
    migrations.CreateModel(
        name='DataSweep',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(blank=True, max_length=10)),
            ('position', models.BigIntegerField(default=0)),
            ('looked_at', models.BigIntegerField(default=0)),
            ('gathered', models.JSONField(default=dict)),
            ('began_at', models.DateTimeField(null=True)),
            ('counted_at', models.DateTimeField(null=True)),
            ('asked_at', models.DateTimeField(null=True)),
        ],
        options={
            'constraints': [
                models.CheckConstraint(condition=models.Q(('pk', 1)), name='data_sweep_one_row'),
            ],
        },
    ),
]
