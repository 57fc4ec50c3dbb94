"""What crm/timeline keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='TimelineEntry',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('kind', models.CharField(max_length=60)),
            ('occurred_at', models.DateTimeField()),
            ('recorded_at', models.DateTimeField(default=crm.web.clock.now)),
            ('source', models.CharField(choices=[('person', 'Somebody of ours'), ('customer', 'The customer'), ('automatic', 'Holdfast'), ('import', 'Imported')], max_length=10)),
            ('channel', models.CharField(blank=True, max_length=20)),
            ('text', models.TextField(blank=True)),
            ('payload', models.JSONField(default=dict)),
            ('key', models.CharField(max_length=200, null=True)),
            ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='crm.account')),
            ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='entries', to='crm.contact')),
        ],
        options={
            'indexes': [
                models.Index(fields=['account', '-occurred_at', '-id'], name='entry_of_account'),
                models.Index(fields=['kind', '-occurred_at', '-id'], name='entry_of_kind'),
                models.Index(condition=models.Q(('contact__isnull', False)), fields=['contact', '-occurred_at', '-id'], name='entry_of_contact'),
                django.contrib.postgres.indexes.BrinIndex(fields=['recorded_at'], name='entry_recorded'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('key'), name='entry_key_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Pending',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('attempts', models.PositiveSmallIntegerField(default=0)),
            ('parked_at', models.DateTimeField(null=True)),
            ('error', models.TextField(blank=True)),
            ('entry', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='pending', to='crm.timelineentry')),
            ('retry_at', models.DateTimeField(null=True)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('parked_at', None)), fields=['id'], name='pending_open'),
                models.Index(condition=models.Q(('parked_at__isnull', False)), fields=['-id'], name='pending_parked'),
                models.Index(condition=models.Q(('attempts__gt', 0), ('parked_at', None)), fields=['attempts', 'id'], name='pending_suspect'),
            ],
        },
    ),
]
