"""What crm/fields keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.web.clock
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='CustomField',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('subject', models.CharField(max_length=20)),
            ('key', models.CharField(max_length=40)),
            ('name', models.CharField(max_length=80)),
            ('type', models.CharField(choices=[('text', 'Text'), ('long', 'Long text'), ('number', 'Number'), ('money', 'Amount'), ('date', 'Date'), ('yes_no', 'Yes or no'), ('choice', 'One choice'), ('choices', 'Several choices'), ('url', 'Web address'), ('email', 'E-mail address'), ('phone', 'Phone number'), ('user', 'Colleague')], max_length=10)),
            ('help', models.CharField(blank=True, max_length=200)),
            ('required', models.BooleanField(default=False)),
            ('default', models.JSONField(blank=True, null=True)),
            ('options', models.JSONField(blank=True, default=list)),
            ('decimals', models.PositiveSmallIntegerField(default=0)),
            ('group', models.CharField(blank=True, max_length=60)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('often', models.BooleanField(default=False)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('subject'), models.F('key'), name='customfield_key_once'),
                models.CheckConstraint(condition=models.Q(('key__regex', '^[a-z][a-z0-9_]*$')), name='customfield_key_is_slug'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."archived_at" IS DISTINCT FROM (NEW."archived_at") OR OLD."decimals" IS DISTINCT FROM (NEW."decimals") OR OLD."default" IS DISTINCT FROM (NEW."default") OR OLD."group" IS DISTINCT FROM (NEW."group") OR OLD."help" IS DISTINCT FROM (NEW."help") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."often" IS DISTINCT FROM (NEW."often") OR OLD."options" IS DISTINCT FROM (NEW."options") OR OLD."order" IS DISTINCT FROM (NEW."order") OR OLD."required" IS DISTINCT FROM (NEW."required"))', func='INSERT INTO "crm_customfieldchange" ("archived_at", "created_at", "decimals", "default", "group", "help", "key", "name", "often", "options", "order", "pgh_created_at", "pgh_label", "pgh_obj_id", "required", "subject", "type", "updated_at") VALUES (OLD."archived_at", OLD."created_at", OLD."decimals", OLD."default", OLD."group", OLD."help", OLD."key", OLD."name", OLD."often", OLD."options", OLD."order", NOW(), \'update\', OLD."id", OLD."required", OLD."subject", OLD."type", OLD."updated_at"); RETURN NULL;', hash='a65695b32ef91cd327a90824b5f85ed6cc2402fa', operation='UPDATE OF "name", "help", "required", "default", "options", "decimals", "group", "order", "often", "archived_at"', pgid='pgtrigger_remember_change_42fd9', table='crm_customfield', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_customfieldchange" ("archived_at", "created_at", "decimals", "default", "group", "help", "key", "name", "often", "options", "order", "pgh_created_at", "pgh_label", "pgh_obj_id", "required", "subject", "type", "updated_at") VALUES (OLD."archived_at", OLD."created_at", OLD."decimals", OLD."default", OLD."group", OLD."help", OLD."key", OLD."name", OLD."often", OLD."options", OLD."order", NOW(), \'delete\', OLD."id", OLD."required", OLD."subject", OLD."type", OLD."updated_at"); RETURN NULL;', hash='867fdca1aaff3da0cf24cb5b90ede3b2bef52ce6', operation='DELETE', pgid='pgtrigger_remember_deletion_e77e1', table='crm_customfield', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='CustomFieldChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('subject', models.CharField(max_length=20)),
            ('key', models.CharField(max_length=40)),
            ('name', models.CharField(max_length=80)),
            ('type', models.CharField(choices=[('text', 'Text'), ('long', 'Long text'), ('number', 'Number'), ('money', 'Amount'), ('date', 'Date'), ('yes_no', 'Yes or no'), ('choice', 'One choice'), ('choices', 'Several choices'), ('url', 'Web address'), ('email', 'E-mail address'), ('phone', 'Phone number'), ('user', 'Colleague')], max_length=10)),
            ('help', models.CharField(blank=True, max_length=200)),
            ('required', models.BooleanField(default=False)),
            ('default', models.JSONField(blank=True, null=True)),
            ('options', models.JSONField(blank=True, default=list)),
            ('decimals', models.PositiveSmallIntegerField(default=0)),
            ('group', models.CharField(blank=True, max_length=60)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('often', models.BooleanField(default=False)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.customfield')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='customfieldchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='customfieldchange_of_act'),
            ],
        },
    ),
]
