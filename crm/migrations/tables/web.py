"""What crm/web keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.db.models.deletion
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Pulse',
        fields=[
            ('name', models.CharField(max_length=60, primary_key=True, serialize=False)),
            ('ran_at', models.DateTimeField()),
        ],
    ),
    migrations.CreateModel(
        name='IdempotentAnswer',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('key', models.CharField(max_length=200)),
            ('request_digest', models.CharField(max_length=64)),
            ('status', models.PositiveSmallIntegerField(default=0)),
            ('headers', models.JSONField(default=dict)),
            ('body', models.TextField(blank=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('token', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.apitoken')),
        ],
        options={
            'indexes': [
                models.Index(fields=['created_at'], name='idempotent_by_age'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('token'), models.F('key'), name='idempotent_key_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Walk',
        fields=[
            ('name', models.CharField(max_length=60, primary_key=True, serialize=False)),
            ('day', models.DateField(null=True)),
            ('stage', models.PositiveSmallIntegerField(default=0)),
            ('position', models.BigIntegerField(default=0)),
            ('found', models.JSONField(default=dict)),
        ],
    ),
]
