"""What crm/settings keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='HandOver',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('to_words', models.CharField(max_length=200)),
            ('moved', models.JSONField(default=dict)),
            ('at', models.DateTimeField()),
            ('until', models.DateTimeField(null=True)),
            ('returned_at', models.DateTimeField(null=True)),
            ('returned', models.JSONField(default=dict)),
            ('act', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act')),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('giver', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('returned_at', None), ('until__isnull', False)), fields=['until', 'id'], name='handover_due'),
                models.Index(fields=['giver', '-at'], name='handover_of_giver'),
                models.Index(fields=['at'], name='handover_by_time'),
            ],
        },
    ),
    migrations.CreateModel(
        name='HandedRow',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('holding', models.CharField(max_length=40)),
            ('row_id', models.BigIntegerField()),
            ('hand_over', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='crm.handover')),
            ('receiver', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('hand_over'), models.F('holding'), models.F('row_id'), name='handedrow_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Emptying',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('asked_at', models.DateTimeField()),
            ('stage', models.CharField(choices=[('backup', 'Making a backup'), ('rows', 'Removing customers and all that hangs on them'), ('files', 'Removing files'), ('done', 'Done')], max_length=10)),
            ('backup', models.CharField(blank=True, max_length=300)),
            ('counts', models.JSONField(default=dict)),
            ('error', models.CharField(blank=True, max_length=300)),
            ('due_at', models.DateTimeField()),
            ('finished_at', models.DateTimeField(null=True)),
            ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.CheckConstraint(condition=models.Q(('pk', 1)), name='emptying_one_row'),
            ],
        },
    ),
    migrations.CreateModel(
        name='DomainLook',
        fields=[
            ('domain', models.CharField(max_length=253, primary_key=True, serialize=False)),
            ('looked_at', models.DateTimeField()),
            ('spf', models.CharField(blank=True, max_length=300)),
            ('dkim', models.CharField(blank=True, max_length=300)),
            ('dmarc', models.CharField(blank=True, max_length=300)),
            ('problems', models.JSONField(default=dict)),
        ],
    ),
]
