"""What crm/imports keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Import',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('kind', models.CharField(max_length=20)),
            ('file_name', models.CharField(max_length=200)),
            ('size', models.PositiveBigIntegerField(default=0)),
            ('lines', models.PositiveIntegerField(default=0)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('settings', models.JSONField(default=dict)),
            ('state', models.CharField(choices=[('draft', 'Not imported yet'), ('done', 'Imported'), ('failed', 'Failed'), ('undone', 'Undone')], default='draft', max_length=10)),
            ('finished_at', models.DateTimeField(null=True)),
            ('undone_at', models.DateTimeField(null=True)),
            ('act_id', models.BigIntegerField(null=True, unique=True)),
            ('error', models.TextField(blank=True)),
            ('job', models.CharField(blank=True, choices=[('', 'Nothing'), ('preview', 'Preview'), ('load', 'Import'), ('undo', 'Undo')], default='', max_length=10)),
            ('queued_at', models.DateTimeField(null=True)),
            ('started_at', models.DateTimeField(null=True)),
            ('attempts', models.PositiveSmallIntegerField(default=0)),
            ('phase', models.CharField(blank=True, max_length=60)),
            ('rows_read', models.PositiveIntegerField(default=0)),
            ('created', models.PositiveIntegerField(null=True)),
            ('updated', models.PositiveIntegerField(null=True)),
            ('skipped', models.PositiveIntegerField(null=True)),
            ('rejected', models.PositiveIntegerField(null=True)),
            ('report', models.JSONField(default=dict)),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('job_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('job_door', models.CharField(blank=True, db_default='', max_length=10)),
        ],
        options={
            'indexes': [
                models.Index(fields=['-created_at', '-id'], name='import_newest'),
                models.Index(condition=models.Q(('job', ''), _negated=True), fields=['queued_at', 'id'], name='import_waiting'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ImportPart',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('number', models.PositiveIntegerField()),
            ('data', models.BinaryField()),
            ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='crm.import')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('of'), models.F('number'), name='import_part_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ImportedRange',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('table', models.CharField(max_length=60)),
            ('role', models.CharField(choices=[('created', 'Created'), ('updated', 'Updated'), ('touched', 'Concerned')], max_length=10)),
            ('first', models.BigIntegerField()),
            ('last', models.BigIntegerField()),
            ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ranges', to='crm.import')),
        ],
        options={
            'indexes': [
                models.Index(fields=['of', 'table', 'role', 'first'], name='import_range'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ImportReject',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('line', models.BigIntegerField()),
            ('column', models.TextField(blank=True)),
            ('value', models.TextField(blank=True)),
            ('reason', models.TextField()),
            ('remedy', models.TextField(blank=True)),
            ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rejects', to='crm.import')),
        ],
        options={
            'indexes': [
                models.Index(fields=['of', 'line', 'id'], name='import_reject'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ImportKept',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('table', models.CharField(max_length=60)),
            ('row_id', models.BigIntegerField()),
            ('name', models.CharField(max_length=300)),
            ('field', models.CharField(blank=True, max_length=80)),
            ('reason', models.TextField()),
            ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='kept', to='crm.import')),
        ],
        options={
            'indexes': [
                models.Index(fields=['of', 'id'], name='import_kept'),
            ],
        },
    ),
    migrations.CreateModel(
        name='ImportMapping',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('kind', models.CharField(max_length=20)),
            ('name', models.CharField(max_length=80)),
            ('settings', models.JSONField()),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'ordering': [
                'name',
            ],
            'constraints': [
                models.UniqueConstraint(models.F('kind'), models.F('name'), name='import_mapping_once'),
            ],
        },
    ),
]
