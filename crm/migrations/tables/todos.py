"""What crm/todos keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.segments.filters.operators
import crm.web.clock
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Task',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('title', models.CharField(max_length=200)),
            ('body', models.TextField(blank=True)),
            ('due_at', models.DateTimeField()),
            ('snoozed_until', models.DateTimeField(null=True)),
            ('done_at', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('origin', models.CharField(blank=True, max_length=20)),
            ('origin_id', models.BigIntegerField(null=True)),
            ('key', models.CharField(max_length=120, null=True)),
            ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tasks', to='crm.account')),
            ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.contact')),
            ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('done_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tasks', to=settings.AUTH_USER_MODEL)),
            ('kind', models.CharField(blank=True, choices=[('call', 'Call'), ('meeting', 'Meeting'), ('mail', 'Write'), ('follow_up', 'Follow up'), ('', 'Something else')], db_default='', default='', max_length=12)),
            ('repeats', models.CharField(blank=True, db_default='', max_length=40)),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('done_at', None)), fields=['owner', 'due_at', 'id'], name='task_open_of_owner'),
                models.Index(condition=models.Q(('done_at', None)), fields=['due_at', 'id'], name='task_open'),
                models.Index(fields=['account', '-created_at'], name='task_of_account'),
                models.Index(condition=models.Q(('done_at', None)), fields=['snoozed_until', 'id'], name='task_snoozed'),
                models.Index(condition=models.Q(('done_at__isnull', False)), fields=['done_at', 'id'], name='task_done'),
                django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded('title'), 'gin_trgm_ops'), condition=models.Q(('done_at', None)), name='task_title_search'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('key'), name='task_key_once'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."body" IS DISTINCT FROM (NEW."body") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."repeats" IS DISTINCT FROM (NEW."repeats") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "crm_taskchange" ("account_id", "body", "contact_id", "created_at", "created_by_id", "done_at", "done_by_id", "due_at", "key", "kind", "origin", "origin_id", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "repeats", "snoozed_until", "title") VALUES (OLD."account_id", OLD."body", OLD."contact_id", OLD."created_at", OLD."created_by_id", OLD."done_at", OLD."done_by_id", OLD."due_at", OLD."key", OLD."kind", OLD."origin", OLD."origin_id", OLD."owner_id", NOW(), \'update\', OLD."id", OLD."repeats", OLD."snoozed_until", OLD."title"); RETURN NULL;', hash='b01bcaefeb337dfe19d842dd792fbcb507cab02c', operation='UPDATE OF "title", "body", "kind", "owner_id", "due_at", "repeats"', pgid='pgtrigger_remember_change_113ca', table='crm_task', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_taskchange" ("account_id", "body", "contact_id", "created_at", "created_by_id", "done_at", "done_by_id", "due_at", "key", "kind", "origin", "origin_id", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "repeats", "snoozed_until", "title") VALUES (OLD."account_id", OLD."body", OLD."contact_id", OLD."created_at", OLD."created_by_id", OLD."done_at", OLD."done_by_id", OLD."due_at", OLD."key", OLD."kind", OLD."origin", OLD."origin_id", OLD."owner_id", NOW(), \'delete\', OLD."id", OLD."repeats", OLD."snoozed_until", OLD."title"); RETURN NULL;', hash='a1fdc493704246d7bf673cfb19e6cc884166260a', operation='DELETE', pgid='pgtrigger_remember_deletion_2a1ad', table='crm_task', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='TaskChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('account', models.BigIntegerField(db_column='account_id', null=True)),
            ('contact', models.BigIntegerField(db_column='contact_id', null=True)),
            ('owner', models.BigIntegerField(db_column='owner_id', null=True)),
            ('done_by', models.BigIntegerField(db_column='done_by_id', null=True)),
            ('created_by', models.BigIntegerField(db_column='created_by_id', null=True)),
            ('kind', models.CharField(blank=True, choices=[('call', 'Call'), ('meeting', 'Meeting'), ('mail', 'Write'), ('follow_up', 'Follow up'), ('', 'Something else')], db_default='', default='', max_length=12)),
            ('title', models.CharField(max_length=200)),
            ('body', models.TextField(blank=True)),
            ('due_at', models.DateTimeField()),
            ('repeats', models.CharField(blank=True, db_default='', max_length=40)),
            ('snoozed_until', models.DateTimeField(null=True)),
            ('done_at', models.DateTimeField(null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('origin', models.CharField(blank=True, max_length=20)),
            ('origin_id', models.BigIntegerField(null=True)),
            ('key', models.CharField(max_length=120, null=True)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.task')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='taskchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='taskchange_of_act'),
            ],
        },
    ),
]
