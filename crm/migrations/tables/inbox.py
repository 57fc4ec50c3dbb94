"""What crm/inbox keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='InboundPayload',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('source', models.CharField(max_length=40)),
            ('kind', models.CharField(max_length=40)),
            ('external_key', models.CharField(max_length=200)),
            ('headers', models.JSONField(default=dict)),
            ('body', models.BinaryField(default=b'')),
            ('size', models.BigIntegerField()),
            ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=254), db_default=[], default=list)),
            ('received_at', models.DateTimeField(default=crm.web.clock.now)),
            ('state', models.CharField(choices=[('new', 'Waiting'), ('done', 'Done'), ('failed', 'Parked'), ('ignored', 'Ignored')], default='new', max_length=10)),
            ('due_at', models.DateTimeField()),
            ('tries', models.PositiveSmallIntegerField(default=0)),
            ('error', models.TextField(blank=True)),
            ('note', models.CharField(blank=True, max_length=300)),
            ('handled_at', models.DateTimeField(null=True)),
            ('raw_kept', models.BooleanField(db_default=True, default=True)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('state', 'new')), fields=['due_at', 'id'], name='payload_due'),
                models.Index(condition=models.Q(('state', 'failed')), fields=['-id'], name='payload_parked'),
                models.Index(condition=models.Q(('handled_at__isnull', False), ('raw_kept', True)), fields=['handled_at'], name='payload_raw'),
                models.Index(condition=models.Q(('handled_at__isnull', False), ('raw_kept', False)), fields=['handled_at'], name='payload_emptied'),
                django.contrib.postgres.indexes.GinIndex(fields=['addresses'], name='payload_addresses'),
                models.Index(condition=models.Q(('state', 'ignored')), fields=['-id'], name='payload_ignored'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('source'), models.F('external_key'), name='payload_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='InboxSettings',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('address', models.EmailField(blank=True, max_length=254)),
            ('trusts_senders', models.BooleanField(default=False)),
            ('raw_days', models.PositiveSmallIntegerField(default=30)),
        ],
        options={
            'constraints': [
                models.CheckConstraint(condition=models.Q(('pk', 1)), name='inboxsettings_one_row'),
            ],
        },
    ),
    migrations.CreateModel(
        name='MailboxPlace',
        fields=[
            ('mailbox', models.CharField(max_length=255, primary_key=True, serialize=False)),
            ('validity', models.BigIntegerField()),
            ('last_uid', models.BigIntegerField()),
            ('looked_at', models.DateTimeField(null=True)),
            ('trouble', models.CharField(blank=True, max_length=300)),
        ],
    ),
]
