"""What retention/workflows keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Workflow',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('slug', models.SlugField(max_length=60, unique=True)),
            ('name', models.CharField(max_length=120)),
            ('state', models.CharField(choices=[('off', 'Off'), ('on', 'On'), ('paused', 'Paused')], default='off', max_length=10)),
            ('settings', models.JSONField(default=dict)),
            ('enabled_at', models.DateTimeField(null=True)),
            ('swept_until', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='retention.workflowversion')),
            ('opened_at', models.DateTimeField(null=True)),
            ('rests_until', models.DateTimeField(null=True)),
            ('stumbled_over', models.CharField(blank=True, db_default='', default='', max_length=300)),
            ('stumbles', models.PositiveSmallIntegerField(db_default=0, default=0)),
        ],
    ),
    migrations.CreateModel(
        name='WorkflowVersion',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('number', models.PositiveIntegerField()),
            ('definition', models.JSONField()),
            ('published_at', models.DateTimeField(default=crm.web.clock.now)),
            ('workflow', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='retention.workflow')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('workflow'), models.F('number'), name='version_number_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Enrollment',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('trigger_key', models.CharField(max_length=160)),
            ('anchor', models.DateField(null=True)),
            ('facts', models.JSONField(default=dict)),
            ('state', models.CharField(choices=[('active', 'Under way'), ('done', 'Finished'), ('reached', 'Reached the goal'), ('exited', 'Left early'), ('parked', 'Needs a look')], default='active', max_length=10)),
            ('step_id', models.CharField(max_length=60)),
            ('visit', models.PositiveIntegerField(default=1)),
            ('due_at', models.DateTimeField()),
            ('attempts', models.PositiveSmallIntegerField(default=0)),
            ('entered_at', models.DateTimeField(default=crm.web.clock.now)),
            ('ended_at', models.DateTimeField(null=True)),
            ('ended_because', models.CharField(blank=True, max_length=300)),
            ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
            ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.contact')),
            ('workflow', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='enrollments', to='retention.workflow')),
            ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='retention.workflowversion')),
            ('awaits_until', models.DateTimeField(null=True)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('state', 'active')), fields=['workflow', 'due_at', 'id'], name='enrollment_due'),
                models.Index(fields=['account', '-id'], name='enrollment_of_account'),
                models.Index(fields=['workflow', 'state', '-id'], name='enrollment_of_workflow'),
                models.Index(condition=models.Q(('attempts__gt', 0), ('state', 'active')), fields=['workflow', 'attempts', 'due_at'], name='enrollment_suspect'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('workflow'), models.F('account'), models.F('trigger_key'), name='enrollment_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='StepRun',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('step_id', models.CharField(max_length=60)),
            ('visit', models.PositiveIntegerField(default=1)),
            ('kind', models.CharField(max_length=20)),
            ('ran_at', models.DateTimeField()),
            ('outcome', models.CharField(max_length=300)),
            ('detail', models.JSONField(default=dict)),
            ('enrollment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='retention.enrollment')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('enrollment'), models.F('step_id'), models.F('visit'), name='steprun_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Trial',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('enrollment_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
            ('backend_pid', models.IntegerField()),
            ('backend_start', models.DateTimeField()),
            ('started_at', models.DateTimeField()),
            ('pending_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
        ],
    ),
]
