import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm.web.migrating import AtOnce


class Migration(AtOnce):
    dependencies = [
        ("crm", "0059_forms_move"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="keyaccountplan",
            name="remember_change",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="keyaccountplan",
            name="remember_deletion",
        ),
        migrations.AddField(
            model_name="keyaccountplan",
            name="review_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="keyaccountplanchange",
            name="review_on",
            field=models.DateField(blank=True, null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="keyaccountplan",
            trigger=pgtrigger.compiler.Trigger(
                name="remember_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."aimed_on" IS DISTINCT FROM (NEW."aimed_on") OR OLD."from_plan" IS DISTINCT FROM (NEW."from_plan") OR OLD."goal" IS DISTINCT FROM (NEW."goal") OR OLD."in_the_way" IS DISTINCT FROM (NEW."in_the_way") OR OLD."mrr_aimed" IS DISTINCT FROM (NEW."mrr_aimed") OR OLD."mrr_now" IS DISTINCT FROM (NEW."mrr_now") OR OLD."next_step" IS DISTINCT FROM (NEW."next_step") OR OLD."review_on" IS DISTINCT FROM (NEW."review_on") OR OLD."to_plan" IS DISTINCT FROM (NEW."to_plan"))',
                    func='INSERT INTO "crm_keyaccountplanchange" ("account_id", "aimed_on", "created_at", "from_plan", "goal", "in_the_way", "mrr_aimed", "mrr_now", "next_step", "pgh_created_at", "pgh_label", "pgh_obj_id", "review_on", "to_plan", "updated_at", "written_by_id") VALUES (OLD."account_id", OLD."aimed_on", OLD."created_at", OLD."from_plan", OLD."goal", OLD."in_the_way", OLD."mrr_aimed", OLD."mrr_now", OLD."next_step", NOW(), \'update\', OLD."id", OLD."review_on", OLD."to_plan", OLD."updated_at", OLD."written_by_id"); RETURN NULL;',
                    hash="d3dc772c6dca45ff4e42733deef160a3508016ce",
                    operation='UPDATE OF "goal", "from_plan", "to_plan", "mrr_now", "mrr_aimed", "aimed_on", "review_on", "in_the_way", "next_step", "account_id"',
                    pgid="pgtrigger_remember_change_5728d",
                    table="crm_keyaccountplan",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="keyaccountplan",
            trigger=pgtrigger.compiler.Trigger(
                name="remember_deletion",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_keyaccountplanchange" ("account_id", "aimed_on", "created_at", "from_plan", "goal", "in_the_way", "mrr_aimed", "mrr_now", "next_step", "pgh_created_at", "pgh_label", "pgh_obj_id", "review_on", "to_plan", "updated_at", "written_by_id") VALUES (OLD."account_id", OLD."aimed_on", OLD."created_at", OLD."from_plan", OLD."goal", OLD."in_the_way", OLD."mrr_aimed", OLD."mrr_now", OLD."next_step", NOW(), \'delete\', OLD."id", OLD."review_on", OLD."to_plan", OLD."updated_at", OLD."written_by_id"); RETURN NULL;',
                    hash="5c59bc68ce03c3c7773670b499a84679372dddff",
                    operation="DELETE",
                    pgid="pgtrigger_remember_deletion_4c7eb",
                    table="crm_keyaccountplan",
                    when="AFTER",
                ),
            ),
        ),
    ]
