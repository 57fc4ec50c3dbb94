"""Who did what: acts, the rows as they were before each change, written by triggers, and large work in slices."""

import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

# The act that a change belongs to: the one that is set, else one that begins here, for this transaction. Who is at
# work is set by crm.history.attribution; whoever changes rows straight in the database is nobody of ours.
_ACT = """
    CREATE FUNCTION crm_history_act() RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        present bigint := nullif(current_setting('holdfast.act', true), '');
    BEGIN
        IF present IS NULL THEN
            INSERT INTO crm_act (kind, label, door, by_id, at, detail, turns) VALUES (
                'edit', '', coalesce(nullif(current_setting('holdfast.door', true), ''), 'database'),
                nullif(current_setting('holdfast.by', true), '')::bigint,
                coalesce(nullif(current_setting('holdfast.at', true), '')::timestamptz, clock_timestamp()), '{}', 0
            ) RETURNING id INTO present;
            PERFORM set_config('holdfast.act', present::text, true);
        END IF;
        RETURN present;
    END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0019_today'),
    ]

    operations = [
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
            ],
        ),
        migrations.RunSQL(_ACT, "DROP FUNCTION crm_history_act"),
        migrations.CreateModel(
            name='AccountChange',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('parent', models.BigIntegerField(db_column='parent_id', null=True)),
                ('owner', models.BigIntegerField(db_column='owner_id', null=True)),
                ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('company', 'Company'), ('person', 'Person')], default='company', max_length=10)),
                ('domain', models.CharField(blank=True, max_length=253)),
                ('industry', models.CharField(blank=True, max_length=80)),
                ('country', models.CharField(blank=True, max_length=2)),
                ('timezone', models.CharField(blank=True, max_length=64)),
                ('language', models.CharField(blank=True, db_default='', max_length=10)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
                ('tier', models.CharField(blank=True, max_length=20)),
                ('risk', models.PositiveSmallIntegerField(null=True)),
                ('do_not_contact', models.BooleanField(db_default=False, default=False)),
                ('signed_up_on', models.DateField(blank=True, null=True)),
                ('last_seen_at', models.DateTimeField(null=True)),
                ('primary_use_case', models.CharField(blank=True, max_length=200)),
                ('lifetime_spend', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ('expected_benefit', models.CharField(blank=True, db_default='', max_length=200)),
                ('suitability', models.CharField(blank=True, choices=[('good', 'Good fit'), ('fair', 'Fair fit'), ('poor', 'Poor fit'), ('', 'Not judged')], db_default='', default='', max_length=4)),
                ('goal', models.CharField(blank=True, db_default='', max_length=300)),
                ('goal_due_on', models.DateField(blank=True, null=True)),
                ('goal_state', models.CharField(blank=True, choices=[('reached', 'Reached'), ('partly', 'Partly reached'), ('missed', 'Not reached'), ('', 'Not asked yet')], db_default='', default='', max_length=7)),
                ('goal_checked_on', models.DateField(null=True)),
                ('lifecycle', models.CharField(choices=[('lead', 'Lead'), ('trial', 'Trial'), ('customer', 'Customer'), ('paused', 'Paused'), ('churned', 'Churned')], default='lead', max_length=10)),
                ('customer_since', models.DateField(null=True)),
                ('mrr', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ('renews_on', models.DateField(null=True)),
                ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ContactChange',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('account', models.BigIntegerField(db_column='account_id', null=True)),
                ('external_id', models.CharField(blank=True, max_length=120, null=True)),
                ('first_name', models.CharField(blank=True, max_length=100)),
                ('last_name', models.CharField(blank=True, max_length=100)),
                ('email', models.EmailField(blank=True, max_length=254, null=True)),
                ('phone', models.CharField(blank=True, max_length=40)),
                ('title', models.CharField(blank=True, max_length=120)),
                ('timezone', models.CharField(blank=True, max_length=64)),
                ('language', models.CharField(blank=True, max_length=10)),
                ('birthday', models.DateField(blank=True, null=True)),
                ('email_consent', models.CharField(blank=True, choices=[('yes', 'Agreed'), ('no', 'Refused'), ('', 'Not asked')], default='', max_length=3)),
                ('is_primary', models.BooleanField(default=False)),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('decides', 'Decides'), ('champion', 'Champion'), ('blocks', 'Blocks'), ('uses', 'Uses it'), ('pays', 'Pays')], max_length=12), blank=True, db_default=[], default=list)),
                ('do_not_contact', models.BooleanField(db_default=False, default=False)),
                ('last_seen_at', models.DateTimeField(null=True)),
                ('automation_paused_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ],
            options={
                'abstract': False,
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
            ],
        ),
        migrations.AddField(
            model_name='accountchange',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.account'),
        ),
        migrations.AddField(
            model_name='act',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='act',
            name='root',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act'),
        ),
        migrations.AddField(
            model_name='act',
            name='undoes',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act'),
        ),
        migrations.AddField(
            model_name='act',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='accountchange',
            name='act',
            field=models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act'),
        ),
        migrations.AddField(
            model_name='contactchange',
            name='act',
            field=models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act'),
        ),
        migrations.AddField(
            model_name='contactchange',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.contact'),
        ),
        migrations.AddField(
            model_name='run',
            name='act',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='run', to='crm.act'),
        ),
        migrations.AddIndex(
            model_name='act',
            index=models.Index(fields=['at', 'id'], name='act_by_time'),
        ),
        migrations.AddIndex(
            model_name='act',
            index=models.Index(fields=['by', 'at', 'id'], name='act_by_person'),
        ),
        migrations.AddIndex(
            model_name='act',
            index=models.Index(fields=['kind', 'at', 'id'], name='act_by_kind'),
        ),
        migrations.AddIndex(
            model_name='accountchange',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='accountchange_of_row'),
        ),
        migrations.AddIndex(
            model_name='accountchange',
            index=models.Index(fields=['act', 'pgh_obj'], name='accountchange_of_act'),
        ),
        migrations.AddIndex(
            model_name='contactchange',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='contactchange_of_row'),
        ),
        migrations.AddIndex(
            model_name='contactchange',
            index=models.Index(fields=['act', 'pgh_obj'], name='contactchange_of_act'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['due_at', 'id'], name='run_due'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."domain" IS DISTINCT FROM (NEW."domain") OR OLD."expected_benefit" IS DISTINCT FROM (NEW."expected_benefit") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."goal" IS DISTINCT FROM (NEW."goal") OR OLD."goal_checked_on" IS DISTINCT FROM (NEW."goal_checked_on") OR OLD."goal_due_on" IS DISTINCT FROM (NEW."goal_due_on") OR OLD."goal_state" IS DISTINCT FROM (NEW."goal_state") OR OLD."industry" IS DISTINCT FROM (NEW."industry") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."parent_id" IS DISTINCT FROM (NEW."parent_id") OR OLD."primary_use_case" IS DISTINCT FROM (NEW."primary_use_case") OR OLD."signed_up_on" IS DISTINCT FROM (NEW."signed_up_on") OR OLD."suitability" IS DISTINCT FROM (NEW."suitability") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone"))', func='INSERT INTO "crm_accountchange" ("country", "created_at", "customer_since", "do_not_contact", "domain", "expected_benefit", "external_id", "goal", "goal_checked_on", "goal_due_on", "goal_state", "industry", "kind", "language", "last_seen_at", "lifecycle", "lifetime_spend", "mrr", "name", "owner_id", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_use_case", "renews_on", "risk", "signed_up_on", "suitability", "tags", "tier", "timezone", "updated_at") VALUES (OLD."country", OLD."created_at", OLD."customer_since", OLD."do_not_contact", OLD."domain", OLD."expected_benefit", OLD."external_id", OLD."goal", OLD."goal_checked_on", OLD."goal_due_on", OLD."goal_state", OLD."industry", OLD."kind", OLD."language", OLD."last_seen_at", OLD."lifecycle", OLD."lifetime_spend", OLD."mrr", OLD."name", OLD."owner_id", OLD."parent_id", NOW(), \'update\', OLD."id", OLD."primary_use_case", OLD."renews_on", OLD."risk", OLD."signed_up_on", OLD."suitability", OLD."tags", OLD."tier", OLD."timezone", OLD."updated_at"); RETURN NULL;', hash='1785e18ee60eed890b779bdaadf93dcdcf54d413', operation='UPDATE OF "name", "kind", "domain", "industry", "country", "timezone", "language", "parent_id", "owner_id", "tags", "external_id", "signed_up_on", "primary_use_case", "do_not_contact", "expected_benefit", "suitability", "goal", "goal_due_on", "goal_state", "goal_checked_on"', pgid='pgtrigger_remember_change_4acfd', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_accountchange" ("country", "created_at", "customer_since", "do_not_contact", "domain", "expected_benefit", "external_id", "goal", "goal_checked_on", "goal_due_on", "goal_state", "industry", "kind", "language", "last_seen_at", "lifecycle", "lifetime_spend", "mrr", "name", "owner_id", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_use_case", "renews_on", "risk", "signed_up_on", "suitability", "tags", "tier", "timezone", "updated_at") VALUES (OLD."country", OLD."created_at", OLD."customer_since", OLD."do_not_contact", OLD."domain", OLD."expected_benefit", OLD."external_id", OLD."goal", OLD."goal_checked_on", OLD."goal_due_on", OLD."goal_state", OLD."industry", OLD."kind", OLD."language", OLD."last_seen_at", OLD."lifecycle", OLD."lifetime_spend", OLD."mrr", OLD."name", OLD."owner_id", OLD."parent_id", NOW(), \'delete\', OLD."id", OLD."primary_use_case", OLD."renews_on", OLD."risk", OLD."signed_up_on", OLD."suitability", OLD."tags", OLD."tier", OLD."timezone", OLD."updated_at"); RETURN NULL;', hash='13b023996c15e90dbf2c6243be1f442c1e6eef47', operation='DELETE', pgid='pgtrigger_remember_deletion_c2f26', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."birthday" IS DISTINCT FROM (NEW."birthday") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."email_consent" IS DISTINCT FROM (NEW."email_consent") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."is_primary" IS DISTINCT FROM (NEW."is_primary") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."phone" IS DISTINCT FROM (NEW."phone") OR OLD."roles" IS DISTINCT FROM (NEW."roles") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "last_seen_at", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."last_seen_at", OLD.NOW(), \'update\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;', hash='b23791916756cf69d00660d067fb70ddcee2c4e3', operation='UPDATE OF "account_id", "first_name", "last_name", "email", "phone", "title", "timezone", "language", "birthday", "email_consent", "is_primary", "roles", "do_not_contact", "external_id"', pgid='pgtrigger_remember_change_cbd49', table='crm_contact', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "last_seen_at", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."last_seen_at", OLD.NOW(), \'delete\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;', hash='86fc54a5e98b3d8fbd879c10992e923af935553e', operation='DELETE', pgid='pgtrigger_remember_deletion_113a9', table='crm_contact', when='AFTER')),
        ),
    ]
