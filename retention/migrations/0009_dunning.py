"""Cases of failed payments, and how they are followed up."""

import crm.web.clock
import crm.web.migrating
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import retention.dunning.models
import uuid
from django.conf import settings
from django.db import migrations, models

from crm.web.migrating import AtOnce


class Migration(AtOnce):

    dependencies = [
        ('crm', '0065_failed_payments'),
        ('retention', '0001_squashed_0008_usage_index'),
    ]

    operations = [
        crm.web.migrating.CreateTables(
            tables=[migrations.CreateModel(
                name='DunningSettingsChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('on_since', models.DateTimeField(blank=True, null=True)),
                    ('tries', models.PositiveSmallIntegerField(default=4)),
                    ('longest', models.PositiveSmallIntegerField(default=21)),
                    ('apart', models.PositiveSmallIntegerField(default=2)),
                    ('from_hour', models.PositiveSmallIntegerField(default=8)),
                    ('until_hour', models.PositiveSmallIntegerField(default=12)),
                    ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=retention.dunning.models.working_week)),
                    ('paydays', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, default=retention.dunning.models.all_paydays)),
                    ('hard_codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=retention.dunning.models.hard_codes)),
                    ('leave_to_provider', models.BooleanField(default=True)),
                    ('grace_days', models.PositiveSmallIntegerField(default=7)),
                    ('near_days', models.PositiveSmallIntegerField(default=2)),
                    ('mend_url', models.CharField(blank=True, max_length=500)),
                    ('looked_at', models.DateTimeField(null=True)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='retention.dunningsettings')),
                ],
                options={
                    'abstract': False,
                    'indexes': [models.Index(fields=['pgh_obj', 'pgh_id'], name='dunningsettingschange_of_row'), models.Index(fields=['act', 'pgh_obj'], name='dunningsettingschange_of_act')],
                    'constraints': [],
                },
            ), migrations.CreateModel(
                name='StatusToken',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('uid', models.UUIDField(default=uuid.uuid4)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('revoked_at', models.DateTimeField(null=True)),
                    ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
                    ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'indexes': [],
                    'constraints': [models.UniqueConstraint(models.F('uid'), name='statustoken_uid_once')],
                },
            ), migrations.CreateModel(
                name='DunningCase',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('episode', models.PositiveSmallIntegerField(default=1)),
                    ('state', models.CharField(choices=[('open', 'Open'), ('recovered', 'Recovered'), ('lost', 'Lost'), ('forgiven', 'Forgiven')], default='open', max_length=10)),
                    ('why', models.CharField(blank=True, choices=[('retry', 'by a try of ours'), ('message', 'after a message'), ('person', 'by a colleague'), ('themselves', 'by themselves'), ('time', 'time is over'), ('void', 'the payment was voided'), ('contract', 'the contract was cancelled'), ('decided', 'a colleague decided so')], max_length=12)),
                    ('failed_at', models.DateTimeField()),
                    ('last_failed_at', models.DateTimeField()),
                    ('reason', models.CharField(blank=True, max_length=200)),
                    ('wants_card', models.BooleanField(default=False)),
                    ('provider_at', models.DateTimeField(null=True)),
                    ('grace_ends_at', models.DateTimeField()),
                    ('grace_told_at', models.DateTimeField(null=True)),
                    ('ends_at', models.DateTimeField()),
                    ('tries', models.PositiveSmallIntegerField(default=0)),
                    ('last_at', models.DateTimeField()),
                    ('next_at', models.DateTimeField(null=True)),
                    ('next_why', models.CharField(blank=True, max_length=120)),
                    ('zone', models.CharField(blank=True, max_length=64)),
                    ('asked_at', models.DateTimeField(null=True)),
                    ('stopped_at', models.DateTimeField(null=True)),
                    ('note', models.CharField(blank=True, max_length=400)),
                    ('opened_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(null=True)),
                    ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
                    ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('payment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.payment')),
                ],
                options={
                    'indexes': [models.Index(fields=['account', '-id'], name='dunningcase_of_account'), models.Index(condition=models.Q(('state', 'open')), fields=['grace_ends_at', 'id'], name='dunningcase_open'), models.Index(condition=models.Q(('state', 'open')), fields=['next_at'], name='dunningcase_next'), models.Index(fields=['-failed_at', '-id'], name='dunningcase_by_failure'), models.Index(fields=['state', '-failed_at', '-id'], name='dunningcase_by_state')],
                    'constraints': [models.UniqueConstraint(models.F('payment'), condition=models.Q(('state', 'open')), name='dunningcase_open_once'), models.UniqueConstraint(models.F('payment'), models.F('episode'), name='dunningcase_episode_once'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('state', 'open'), ('why', '')), models.Q(models.Q(('state', 'open'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='dunningcase_closed_at_some_time')],
                },
            ), migrations.CreateModel(
                name='DunningCaseChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('account', models.BigIntegerField(db_column='account_id', null=True)),
                    ('payment', models.BigIntegerField(db_column='payment_id', null=True)),
                    ('asked_by', models.BigIntegerField(db_column='asked_by_id', null=True)),
                    ('closed_by', models.BigIntegerField(db_column='closed_by_id', null=True)),
                    ('episode', models.PositiveSmallIntegerField(default=1)),
                    ('state', models.CharField(choices=[('open', 'Open'), ('recovered', 'Recovered'), ('lost', 'Lost'), ('forgiven', 'Forgiven')], default='open', max_length=10)),
                    ('why', models.CharField(blank=True, choices=[('retry', 'by a try of ours'), ('message', 'after a message'), ('person', 'by a colleague'), ('themselves', 'by themselves'), ('time', 'time is over'), ('void', 'the payment was voided'), ('contract', 'the contract was cancelled'), ('decided', 'a colleague decided so')], max_length=12)),
                    ('failed_at', models.DateTimeField()),
                    ('last_failed_at', models.DateTimeField()),
                    ('reason', models.CharField(blank=True, max_length=200)),
                    ('wants_card', models.BooleanField(default=False)),
                    ('provider_at', models.DateTimeField(null=True)),
                    ('grace_ends_at', models.DateTimeField()),
                    ('grace_told_at', models.DateTimeField(null=True)),
                    ('ends_at', models.DateTimeField()),
                    ('tries', models.PositiveSmallIntegerField(default=0)),
                    ('last_at', models.DateTimeField()),
                    ('next_at', models.DateTimeField(null=True)),
                    ('next_why', models.CharField(blank=True, max_length=120)),
                    ('zone', models.CharField(blank=True, max_length=64)),
                    ('asked_at', models.DateTimeField(null=True)),
                    ('stopped_at', models.DateTimeField(null=True)),
                    ('note', models.CharField(blank=True, max_length=400)),
                    ('opened_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(null=True)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='retention.dunningcase')),
                ],
                options={
                    'abstract': False,
                    'indexes': [models.Index(fields=['pgh_obj', 'pgh_id'], name='dunningcasechange_of_row'), models.Index(fields=['act', 'pgh_obj'], name='dunningcasechange_of_act')],
                    'constraints': [],
                },
            ), migrations.CreateModel(
                name='DunningEvent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('kind', models.CharField(choices=[('opened', 'Failed'), ('failed', 'Failed again'), ('planned', 'Planned'), ('asked', 'Tried'), ('unasked', 'Not tried'), ('card', 'Another card is wanted'), ('grace', 'Grace over'), ('closed', 'Closed'), ('stopped', 'Stopped'), ('noted', 'Noted'), ('back', 'Taken back')], max_length=10)),
                    ('at', models.DateTimeField()),
                    ('words', models.CharField(max_length=500)),
                    ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('case', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='retention.dunningcase')),
                ],
                options={
                    'indexes': [models.Index(fields=['case', 'id'], name='dunningevent_of_case')],
                    'constraints': [],
                },
            ), migrations.CreateModel(
                name='DunningSettings',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('on_since', models.DateTimeField(blank=True, null=True)),
                    ('tries', models.PositiveSmallIntegerField(default=4)),
                    ('longest', models.PositiveSmallIntegerField(default=21)),
                    ('apart', models.PositiveSmallIntegerField(default=2)),
                    ('from_hour', models.PositiveSmallIntegerField(default=8)),
                    ('until_hour', models.PositiveSmallIntegerField(default=12)),
                    ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), default=retention.dunning.models.working_week)),
                    ('paydays', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, default=retention.dunning.models.all_paydays)),
                    ('hard_codes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=retention.dunning.models.hard_codes)),
                    ('leave_to_provider', models.BooleanField(default=True)),
                    ('grace_days', models.PositiveSmallIntegerField(default=7)),
                    ('near_days', models.PositiveSmallIntegerField(default=2)),
                    ('mend_url', models.CharField(blank=True, max_length=500)),
                    ('looked_at', models.DateTimeField(null=True)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='dunningsettings_one_row')],
                    'indexes': [],
                },
            )],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningsettings',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."apart" IS DISTINCT FROM (NEW."apart") OR OLD."from_hour" IS DISTINCT FROM (NEW."from_hour") OR OLD."grace_days" IS DISTINCT FROM (NEW."grace_days") OR OLD."hard_codes" IS DISTINCT FROM (NEW."hard_codes") OR OLD."leave_to_provider" IS DISTINCT FROM (NEW."leave_to_provider") OR OLD."longest" IS DISTINCT FROM (NEW."longest") OR OLD."mend_url" IS DISTINCT FROM (NEW."mend_url") OR OLD."near_days" IS DISTINCT FROM (NEW."near_days") OR OLD."on_since" IS DISTINCT FROM (NEW."on_since") OR OLD."paydays" IS DISTINCT FROM (NEW."paydays") OR OLD."tries" IS DISTINCT FROM (NEW."tries") OR OLD."until_hour" IS DISTINCT FROM (NEW."until_hour") OR OLD."weekdays" IS DISTINCT FROM (NEW."weekdays"))', func='INSERT INTO "retention_dunningsettingschange" ("apart", "from_hour", "grace_days", "hard_codes", "leave_to_provider", "longest", "looked_at", "mend_url", "near_days", "on_since", "paydays", "pgh_created_at", "pgh_label", "pgh_obj_id", "tries", "until_hour", "weekdays") VALUES (OLD."apart", OLD."from_hour", OLD."grace_days", OLD."hard_codes", OLD."leave_to_provider", OLD."longest", OLD."looked_at", OLD."mend_url", OLD."near_days", OLD."on_since", OLD."paydays", NOW(), \'update\', OLD."id", OLD."tries", OLD."until_hour", OLD."weekdays"); RETURN NULL;', hash='f09b8ec01a51a0d0dcfa27e40631889fd5047ef1', operation='UPDATE OF "on_since", "tries", "longest", "apart", "from_hour", "until_hour", "weekdays", "paydays", "hard_codes", "leave_to_provider", "grace_days", "near_days", "mend_url"', pgid='pgtrigger_remember_change_07be9', table='retention_dunningsettings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningsettings',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "retention_dunningsettingschange" ("apart", "from_hour", "grace_days", "hard_codes", "leave_to_provider", "longest", "looked_at", "mend_url", "near_days", "on_since", "paydays", "pgh_created_at", "pgh_label", "pgh_obj_id", "tries", "until_hour", "weekdays") VALUES (OLD."apart", OLD."from_hour", OLD."grace_days", OLD."hard_codes", OLD."leave_to_provider", OLD."longest", OLD."looked_at", OLD."mend_url", OLD."near_days", OLD."on_since", OLD."paydays", NOW(), \'delete\', OLD."id", OLD."tries", OLD."until_hour", OLD."weekdays"); RETURN NULL;', hash='b5e77819a86abf041f6ad2e66af146ebbe0147f6', operation='DELETE', pgid='pgtrigger_remember_deletion_cf6e1', table='retention_dunningsettings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningcase',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."closed_at" IS DISTINCT FROM (NEW."closed_at") OR OLD."closed_by_id" IS DISTINCT FROM (NEW."closed_by_id") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."stopped_at" IS DISTINCT FROM (NEW."stopped_at") OR OLD."why" IS DISTINCT FROM (NEW."why"))', func='INSERT INTO "retention_dunningcasechange" ("account_id", "asked_at", "asked_by_id", "closed_at", "closed_by_id", "ends_at", "episode", "failed_at", "grace_ends_at", "grace_told_at", "last_at", "last_failed_at", "next_at", "next_why", "note", "opened_at", "payment_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "provider_at", "reason", "state", "stopped_at", "tries", "wants_card", "why", "zone") VALUES (OLD."account_id", OLD."asked_at", OLD."asked_by_id", OLD."closed_at", OLD."closed_by_id", OLD."ends_at", OLD."episode", OLD."failed_at", OLD."grace_ends_at", OLD."grace_told_at", OLD."last_at", OLD."last_failed_at", OLD."next_at", OLD."next_why", OLD."note", OLD."opened_at", OLD."payment_id", NOW(), \'update\', OLD."id", OLD."provider_at", OLD."reason", OLD."state", OLD."stopped_at", OLD."tries", OLD."wants_card", OLD."why", OLD."zone"); RETURN NULL;', hash='212ebaf1f428749015bb76618f0f621863632dd7', operation='UPDATE OF "state", "why", "closed_at", "closed_by_id", "stopped_at", "note"', pgid='pgtrigger_remember_change_e6d42', table='retention_dunningcase', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dunningcase',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "retention_dunningcasechange" ("account_id", "asked_at", "asked_by_id", "closed_at", "closed_by_id", "ends_at", "episode", "failed_at", "grace_ends_at", "grace_told_at", "last_at", "last_failed_at", "next_at", "next_why", "note", "opened_at", "payment_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "provider_at", "reason", "state", "stopped_at", "tries", "wants_card", "why", "zone") VALUES (OLD."account_id", OLD."asked_at", OLD."asked_by_id", OLD."closed_at", OLD."closed_by_id", OLD."ends_at", OLD."episode", OLD."failed_at", OLD."grace_ends_at", OLD."grace_told_at", OLD."last_at", OLD."last_failed_at", OLD."next_at", OLD."next_why", OLD."note", OLD."opened_at", OLD."payment_id", NOW(), \'delete\', OLD."id", OLD."provider_at", OLD."reason", OLD."state", OLD."stopped_at", OLD."tries", OLD."wants_card", OLD."why", OLD."zone"); RETURN NULL;', hash='179bcb3e75e34d89a1dcf4f5c40ba14ec82ecdc4', operation='DELETE', pgid='pgtrigger_remember_deletion_f5e0c', table='retention_dunningcase', when='AFTER')),
        ),
    ]
