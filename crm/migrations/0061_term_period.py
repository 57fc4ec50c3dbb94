"""Terms know the period that they are a part of, so that what renews is as long as it was before a price changed."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm.web.migrating import AtOnce


class Migration(AtOnce):

    dependencies = [
        ('crm', '0060_key_plan_review'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='contractterm',
            name='remember_change',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='contractterm',
            name='remember_deletion',
        ),
        migrations.AddField(
            model_name='contractterm',
            name='period_starts_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='contracttermchange',
            name='period_starts_on',
            field=models.DateField(blank=True, null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contractterm',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."ends_on" IS DISTINCT FROM (NEW."ends_on") OR OLD."mrr" IS DISTINCT FROM (NEW."mrr") OR OLD."rate" IS DISTINCT FROM (NEW."rate") OR OLD."starts_on" IS DISTINCT FROM (NEW."starts_on"))', func='INSERT INTO "crm_contracttermchange" ("contract_id", "ends_on", "known_at", "mrr", "period_starts_on", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "starts_on") VALUES (OLD."contract_id", OLD."ends_on", OLD."known_at", OLD."mrr", OLD."period_starts_on", NOW(), \'update\', OLD."id", OLD."rate", OLD."starts_on"); RETURN NULL;', hash='1de529f601b3825e9ef05957e1c61b66f508d7e8', operation='UPDATE OF "starts_on", "ends_on", "mrr", "rate"', pgid='pgtrigger_remember_change_b2d2e', table='crm_contractterm', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='contractterm',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_contracttermchange" ("contract_id", "ends_on", "known_at", "mrr", "period_starts_on", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "starts_on") VALUES (OLD."contract_id", OLD."ends_on", OLD."known_at", OLD."mrr", OLD."period_starts_on", NOW(), \'delete\', OLD."id", OLD."rate", OLD."starts_on"); RETURN NULL;', hash='b45379b20b1e5069b3c17301dc6f388caafec78f', operation='DELETE', pgid='pgtrigger_remember_deletion_97456', table='crm_contractterm', when='AFTER')),
        ),
    ]

