import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0026_quality'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountSeen',
            fields=[
                ('account', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='seen', serialize=False, to='crm.account')),
                ('at', models.DateTimeField(null=True)),
                ('signed_up_on', models.DateField(null=True)),
                ('silent_since', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.F('at'), models.Func(models.Value('UTC'), models.Func(models.F('signed_up_on'), function='', template='%(expressions)s::timestamp'), function='timezone')), output_field=models.DateTimeField(null=True))),
            ],
        ),
        migrations.CreateModel(
            name='ContactSeen',
            fields=[
                ('contact', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='seen', serialize=False, to='crm.contact')),
                ('at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='account',
            name='account_by_silence',
        ),
        migrations.RemoveIndex(
            model_name='contact',
            name='contact_by_last_seen',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='account',
            name='remember_change',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='account',
            name='remember_deletion',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='contact',
            name='remember_change',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='contact',
            name='remember_deletion',
        ),
        # The rows of each narrow table, in the order of their key.
        migrations.RunSQL(
            "INSERT INTO crm_accountseen (account_id, at, signed_up_on)"
            " SELECT id, last_seen_at, signed_up_on FROM crm_account ORDER BY id",
            "UPDATE crm_account a SET last_seen_at = s.at FROM crm_accountseen s WHERE s.account_id = a.id",
        ),
        migrations.RunSQL(
            "INSERT INTO crm_contactseen (contact_id, at) SELECT id, last_seen_at FROM crm_contact ORDER BY id",
            "UPDATE crm_contact c SET last_seen_at = s.at FROM crm_contactseen s WHERE s.contact_id = c.id",
        ),
        migrations.AddIndex(
            model_name='accountseen',
            index=models.Index(fields=['silent_since', 'account'], name='account_by_silence'),
        ),
        migrations.AddIndex(
            model_name='contactseen',
            index=models.Index(fields=['at', 'contact'], name='contact_by_last_seen'),
        ),
        migrations.RemoveField(
            model_name='account',
            name='silent_since',
        ),
        migrations.RemoveField(
            model_name='account',
            name='last_seen_at',
        ),
        migrations.RemoveField(
            model_name='contact',
            name='last_seen_at',
        ),
        migrations.RemoveField(
            model_name='accountchange',
            name='last_seen_at',
        ),
        migrations.RemoveField(
            model_name='contactchange',
            name='last_seen_at',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='beside', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO crm_accountseen (account_id, signed_up_on) SELECT id, signed_up_on FROM added ORDER BY id; RETURN NULL;', hash='a15019a15e2abd65b0373d09cb3426dc2785b62e', level='STATEMENT', operation='INSERT', pgid='pgtrigger_beside_ae48f', referencing='REFERENCING NEW TABLE AS added ', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='beside_no_more', sql=pgtrigger.compiler.UpsertTriggerSql(func='DELETE FROM crm_accountseen USING gone WHERE account_id = gone.id; RETURN NULL;', hash='d5872be5326af92cba6e7662d00ed5d0f6190c07', level='STATEMENT', operation='DELETE', pgid='pgtrigger_beside_no_more_88d76', referencing='REFERENCING OLD TABLE AS gone ', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='signed_up_anew', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."signed_up_on" IS DISTINCT FROM (NEW."signed_up_on"))', func='UPDATE crm_accountseen SET signed_up_on = NEW.signed_up_on WHERE account_id = NEW.id; RETURN NULL;', hash='c2638c75343e177a116abc2169f0d79c0b778a04', operation='UPDATE OF "signed_up_on"', pgid='pgtrigger_signed_up_anew_0a82e', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."domain" IS DISTINCT FROM (NEW."domain") OR OLD."expected_benefit" IS DISTINCT FROM (NEW."expected_benefit") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."goal" IS DISTINCT FROM (NEW."goal") OR OLD."goal_checked_on" IS DISTINCT FROM (NEW."goal_checked_on") OR OLD."goal_due_on" IS DISTINCT FROM (NEW."goal_due_on") OR OLD."goal_state" IS DISTINCT FROM (NEW."goal_state") OR OLD."industry" IS DISTINCT FROM (NEW."industry") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."parent_id" IS DISTINCT FROM (NEW."parent_id") OR OLD."primary_use_case" IS DISTINCT FROM (NEW."primary_use_case") OR OLD."signed_up_on" IS DISTINCT FROM (NEW."signed_up_on") OR OLD."suitability" IS DISTINCT FROM (NEW."suitability") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone"))', func='INSERT INTO "crm_accountchange" ("country", "created_at", "customer_since", "do_not_contact", "domain", "expected_benefit", "external_id", "goal", "goal_checked_on", "goal_due_on", "goal_state", "industry", "kind", "language", "lifecycle", "lifetime_spend", "mrr", "name", "owner_id", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_use_case", "renews_on", "risk", "signed_up_on", "suitability", "tags", "tier", "timezone", "updated_at") VALUES (OLD."country", OLD."created_at", OLD."customer_since", OLD."do_not_contact", OLD."domain", OLD."expected_benefit", OLD."external_id", OLD."goal", OLD."goal_checked_on", OLD."goal_due_on", OLD."goal_state", OLD."industry", OLD."kind", OLD."language", OLD."lifecycle", OLD."lifetime_spend", OLD."mrr", OLD."name", OLD."owner_id", OLD."parent_id", NOW(), \'update\', OLD."id", OLD."primary_use_case", OLD."renews_on", OLD."risk", OLD."signed_up_on", OLD."suitability", OLD."tags", OLD."tier", OLD."timezone", OLD."updated_at"); RETURN NULL;', hash='9489876605dfd3c4832c452710c8bade64954833', operation='UPDATE OF "name", "kind", "domain", "industry", "country", "timezone", "language", "parent_id", "owner_id", "tags", "external_id", "signed_up_on", "primary_use_case", "do_not_contact", "expected_benefit", "suitability", "goal", "goal_due_on", "goal_state", "goal_checked_on"', pgid='pgtrigger_remember_change_4acfd', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_accountchange" ("country", "created_at", "customer_since", "do_not_contact", "domain", "expected_benefit", "external_id", "goal", "goal_checked_on", "goal_due_on", "goal_state", "industry", "kind", "language", "lifecycle", "lifetime_spend", "mrr", "name", "owner_id", "parent_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_use_case", "renews_on", "risk", "signed_up_on", "suitability", "tags", "tier", "timezone", "updated_at") VALUES (OLD."country", OLD."created_at", OLD."customer_since", OLD."do_not_contact", OLD."domain", OLD."expected_benefit", OLD."external_id", OLD."goal", OLD."goal_checked_on", OLD."goal_due_on", OLD."goal_state", OLD."industry", OLD."kind", OLD."language", OLD."lifecycle", OLD."lifetime_spend", OLD."mrr", OLD."name", OLD."owner_id", OLD."parent_id", NOW(), \'delete\', OLD."id", OLD."primary_use_case", OLD."renews_on", OLD."risk", OLD."signed_up_on", OLD."suitability", OLD."tags", OLD."tier", OLD."timezone", OLD."updated_at"); RETURN NULL;', hash='e93f86a676f055935cf0cf74e3e0ba11def18d1a', operation='DELETE', pgid='pgtrigger_remember_deletion_c2f26', table='crm_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='beside', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO crm_contactseen (contact_id) SELECT id FROM added ORDER BY id; RETURN NULL;', hash='acba17f8400e5ac1f17f11c9dda8b8badf41dddf', level='STATEMENT', operation='INSERT', pgid='pgtrigger_beside_341da', referencing='REFERENCING NEW TABLE AS added ', table='crm_contact', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='beside_no_more', sql=pgtrigger.compiler.UpsertTriggerSql(func='DELETE FROM crm_contactseen USING gone WHERE contact_id = gone.id; RETURN NULL;', hash='e49c23cfdca0bcd864cfbca2551e3ec899d0a3bd', level='STATEMENT', operation='DELETE', pgid='pgtrigger_beside_no_more_9fd26', referencing='REFERENCING OLD TABLE AS gone ', table='crm_contact', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."birthday" IS DISTINCT FROM (NEW."birthday") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."email_consent" IS DISTINCT FROM (NEW."email_consent") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."is_primary" IS DISTINCT FROM (NEW."is_primary") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."match_phone" IS DISTINCT FROM (NEW."match_phone") OR OLD."phone" IS DISTINCT FROM (NEW."phone") OR OLD."roles" IS DISTINCT FROM (NEW."roles") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."match_phone", NOW(), \'update\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;', hash='1e82df0c80ea449395e625a410a56c94636ef14a', operation='UPDATE OF "account_id", "first_name", "last_name", "email", "phone", "title", "timezone", "language", "birthday", "email_consent", "is_primary", "roles", "do_not_contact", "external_id", "match_phone"', pgid='pgtrigger_remember_change_cbd49', table='crm_contact', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contact',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."match_phone", NOW(), \'delete\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;', hash='9b2430cd7df7f3e45464e3711b203f8b88738757', operation='DELETE', pgid='pgtrigger_remember_deletion_113a9', table='crm_contact', when='AFTER')),
        ),
    ]
