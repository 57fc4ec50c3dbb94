"""What crm/history keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Act',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('kind', models.CharField(max_length=60)),
            ('label', models.CharField(blank=True, max_length=200)),
            ('door', models.CharField(choices=[('page', 'on a page'), ('api', 'through the API'), ('import', 'by an import'), ('workflow', 'by a workflow'), ('command', 'by a command'), ('database', 'straight in the database')], default='database', max_length=10)),
            ('at', models.DateTimeField(default=crm.web.clock.now)),
            ('detail', models.JSONField(default=dict)),
            ('undone_at', models.DateTimeField(null=True)),
            ('turns', models.PositiveSmallIntegerField(default=0)),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('root', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act')),
            ('undoes', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act')),
            ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'indexes': [
                models.Index(fields=['at', 'id'], name='act_by_time'),
                models.Index(fields=['by', 'at', 'id'], name='act_by_person'),
                models.Index(fields=['kind', 'at', 'id'], name='act_by_kind'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Waiting',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('table', models.CharField(max_length=60)),
            ('row_id', models.BigIntegerField()),
            ('act', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.act')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('act'), models.F('table'), models.F('row_id'), name='waiting_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Run',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=80)),
            ('data', models.JSONField(default=dict)),
            ('ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
            ('total', models.PositiveIntegerField(default=0)),
            ('done', models.PositiveIntegerField(default=0)),
            ('changed', models.PositiveIntegerField(default=0)),
            ('place', models.JSONField(default=dict)),
            ('state', models.CharField(choices=[('waiting', 'Waiting for a worker'), ('running', 'At work'), ('done', 'Done'), ('stopped', 'Stopped'), ('failed', 'Failed')], default='waiting', max_length=10)),
            ('stop_asked', models.BooleanField(default=False)),
            ('error', models.CharField(blank=True, max_length=300)),
            ('tries', models.PositiveSmallIntegerField(default=0)),
            ('due_at', models.DateTimeField(default=crm.web.clock.now)),
            ('finished_at', models.DateTimeField(null=True)),
            ('act', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='run', to='crm.act')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['due_at', 'id'], name='run_due'),
            ],
        },
    ),
]
