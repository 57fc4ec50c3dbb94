"""What crm/pipelines keeps, as it stood when the first migrations became one; later changes are in later migrations."""

import crm.fields.models
import crm.segments.filters.operators
import crm.web.clock
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.math
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='Pipeline',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=60)),
            ('purpose', models.CharField(choices=[('sales', 'Sales'), ('onboarding', 'Onboarding'), ('upsell', 'Upsell'), ('win_back', 'Win-back'), ('renewal', 'Renewal'), ('other', 'Something else')], default='other', max_length=10)),
            ('books', models.BooleanField(default=True)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
        ],
        options={
            'ordering': ('order', 'name', 'id'),
            'constraints': [
                models.UniqueConstraint(django.db.models.functions.text.Lower('name'), condition=models.Q(('archived_at', None)), name='pipeline_name_once'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."archived_at" IS DISTINCT FROM (NEW."archived_at") OR OLD."books" IS DISTINCT FROM (NEW."books") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."order" IS DISTINCT FROM (NEW."order") OR OLD."purpose" IS DISTINCT FROM (NEW."purpose"))', func='INSERT INTO "crm_pipelinechange" ("archived_at", "books", "created_at", "name", "order", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose") VALUES (OLD."archived_at", OLD."books", OLD."created_at", OLD."name", OLD."order", NOW(), \'update\', OLD."id", OLD."purpose"); RETURN NULL;', hash='e6e077f8a5dcfead6175d8af6f67bcfa387cefb3', operation='UPDATE OF "name", "purpose", "books", "order", "archived_at"', pgid='pgtrigger_remember_change_a2a95', table='crm_pipeline', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_pipelinechange" ("archived_at", "books", "created_at", "name", "order", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose") VALUES (OLD."archived_at", OLD."books", OLD."created_at", OLD."name", OLD."order", NOW(), \'delete\', OLD."id", OLD."purpose"); RETURN NULL;', hash='6d63b84783b5ad7aa870a1bb4da67f7e4424b293', operation='DELETE', pgid='pgtrigger_remember_deletion_63874', table='crm_pipeline', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='Stage',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=60)),
            ('colour', models.CharField(choices=[('grey', 'Grey'), ('blue', 'Blue'), ('teal', 'Teal'), ('green', 'Green'), ('amber', 'Amber'), ('red', 'Red'), ('violet', 'Violet'), ('pink', 'Pink')], default='grey', max_length=8)),
            ('outcome', models.CharField(choices=[('open', 'Open'), ('won', 'Won'), ('lost', 'Lost')], default='open', max_length=4)),
            ('probability', models.PositiveSmallIntegerField(default=50)),
            ('expected_days', models.PositiveSmallIntegerField(blank=True, null=True)),
            ('checklist', models.JSONField(blank=True, default=list)),
            ('required', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
            ('pipeline', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stages', to='crm.pipeline')),
        ],
        options={
            'ordering': ('order', 'id'),
            'constraints': [
                models.UniqueConstraint(models.F('pipeline'), django.db.models.functions.text.Lower('name'), condition=models.Q(('archived_at', None)), name='stage_name_once'),
                models.UniqueConstraint(models.F('pipeline'), models.F('outcome'), condition=models.Q(('archived_at', None), models.Q(('outcome', 'open'), _negated=True)), name='stage_outcome_once'),
                models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'open'), ('probability__lte', 100)), models.Q(('outcome', 'won'), ('probability', 100)), models.Q(('outcome', 'lost'), ('probability', 0)), _connector='OR'), name='stage_probability'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."archived_at" IS DISTINCT FROM (NEW."archived_at") OR OLD."checklist" IS DISTINCT FROM (NEW."checklist") OR OLD."colour" IS DISTINCT FROM (NEW."colour") OR OLD."expected_days" IS DISTINCT FROM (NEW."expected_days") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."order" IS DISTINCT FROM (NEW."order") OR OLD."outcome" IS DISTINCT FROM (NEW."outcome") OR OLD."probability" IS DISTINCT FROM (NEW."probability") OR OLD."required" IS DISTINCT FROM (NEW."required"))', func='INSERT INTO "crm_stagechange" ("archived_at", "checklist", "colour", "expected_days", "name", "order", "outcome", "pgh_created_at", "pgh_label", "pgh_obj_id", "pipeline_id", "probability", "required") VALUES (OLD."archived_at", OLD."checklist", OLD."colour", OLD."expected_days", OLD."name", OLD."order", OLD."outcome", NOW(), \'update\', OLD."id", OLD."pipeline_id", OLD."probability", OLD."required"); RETURN NULL;', hash='51be9da57af027c54f6817cf77291b322978b042', operation='UPDATE OF "name", "colour", "outcome", "probability", "expected_days", "checklist", "required", "order", "archived_at"', pgid='pgtrigger_remember_change_bb961', table='crm_stage', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_stagechange" ("archived_at", "checklist", "colour", "expected_days", "name", "order", "outcome", "pgh_created_at", "pgh_label", "pgh_obj_id", "pipeline_id", "probability", "required") VALUES (OLD."archived_at", OLD."checklist", OLD."colour", OLD."expected_days", OLD."name", OLD."order", OLD."outcome", NOW(), \'delete\', OLD."id", OLD."pipeline_id", OLD."probability", OLD."required"); RETURN NULL;', hash='9e8bf6643afb0b940f5e8122534991830f6209b6', operation='DELETE', pgid='pgtrigger_remember_deletion_05b02', table='crm_stage', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='LossReason',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('name', models.CharField(max_length=80)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
        ],
        options={
            'ordering': ('order', 'name', 'id'),
            'constraints': [
                models.UniqueConstraint(django.db.models.functions.text.Lower('name'), name='lossreason_name_once'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."archived_at" IS DISTINCT FROM (NEW."archived_at") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."order" IS DISTINCT FROM (NEW."order"))', func='INSERT INTO "crm_lossreasonchange" ("archived_at", "name", "order", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."archived_at", OLD."name", OLD."order", NOW(), \'update\', OLD."id"); RETURN NULL;', hash='7c9d822a7ac374ab700636b37f2ecb8768b56cb8', operation='UPDATE OF "name", "order", "archived_at"', pgid='pgtrigger_remember_change_ac66f', table='crm_lossreason', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_lossreasonchange" ("archived_at", "name", "order", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."archived_at", OLD."name", OLD."order", NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='56f2842334965b0d013cf551090420f507add874', operation='DELETE', pgid='pgtrigger_remember_deletion_3c339', table='crm_lossreason', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='PipelineChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('name', models.CharField(max_length=60)),
            ('purpose', models.CharField(choices=[('sales', 'Sales'), ('onboarding', 'Onboarding'), ('upsell', 'Upsell'), ('win_back', 'Win-back'), ('renewal', 'Renewal'), ('other', 'Something else')], default='other', max_length=10)),
            ('books', models.BooleanField(default=True)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.pipeline')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='pipelinechange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='pipelinechange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='StageChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('pipeline', models.BigIntegerField(db_column='pipeline_id', null=True)),
            ('name', models.CharField(max_length=60)),
            ('colour', models.CharField(choices=[('grey', 'Grey'), ('blue', 'Blue'), ('teal', 'Teal'), ('green', 'Green'), ('amber', 'Amber'), ('red', 'Red'), ('violet', 'Violet'), ('pink', 'Pink')], default='grey', max_length=8)),
            ('outcome', models.CharField(choices=[('open', 'Open'), ('won', 'Won'), ('lost', 'Lost')], default='open', max_length=4)),
            ('probability', models.PositiveSmallIntegerField(default=50)),
            ('expected_days', models.PositiveSmallIntegerField(blank=True, null=True)),
            ('checklist', models.JSONField(blank=True, default=list)),
            ('required', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.stage')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='stagechange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='stagechange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='LossReasonChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('name', models.CharField(max_length=80)),
            ('order', models.PositiveSmallIntegerField(default=0)),
            ('archived_at', models.DateTimeField(blank=True, null=True)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.lossreason')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='lossreasonchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='lossreasonchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='Deal',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('outcome', models.CharField(choices=[('open', 'Open'), ('won', 'Won'), ('lost', 'Lost')], default='open', max_length=4)),
            ('rank', models.BigIntegerField()),
            ('title', models.CharField(max_length=200)),
            ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('currency', models.CharField(max_length=3)),
            ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
            ('value', models.GeneratedField(db_persist=True, expression=django.db.models.functions.math.Round(django.db.models.expressions.CombinedExpression(django.db.models.functions.comparison.Coalesce(models.F('amount'), models.Value(0, models.DecimalField(decimal_places=2, max_digits=14))), '*', models.F('rate')), 2, output_field=models.DecimalField(decimal_places=2, max_digits=20)), output_field=models.DecimalField(decimal_places=2, max_digits=20))),
            ('expected_on', models.DateField(blank=True, null=True)),
            ('source', models.CharField(blank=True, max_length=60)),
            ('next_step', models.CharField(blank=True, max_length=200)),
            ('next_on', models.DateField(blank=True, null=True)),
            ('plan', models.CharField(blank=True, max_length=120)),
            ('mrr', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('months', models.PositiveSmallIntegerField(blank=True, null=True)),
            ('starts_on', models.DateField(blank=True, null=True)),
            ('checked', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, default=list)),
            ('lost_note', models.CharField(blank=True, max_length=400)),
            ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
            ('custom', crm.fields.models.CustomValues('deal', blank=True, db_default={}, default=dict)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('entered_at', models.DateTimeField(default=crm.web.clock.now)),
            ('stuck_at', models.DateTimeField(null=True)),
            ('told_stuck', models.BooleanField(default=False)),
            ('closed_at', models.DateTimeField(null=True)),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('key', models.CharField(max_length=200, null=True, unique=True)),
            ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deals', to='crm.account')),
            ('contract', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deal', to='crm.contract')),
            ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('owner', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deals', to=settings.AUTH_USER_MODEL)),
            ('lost_because', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.lossreason')),
            ('pipeline', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deals', to='crm.pipeline')),
            ('stage', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deals', to='crm.stage')),
        ],
        options={
            'indexes': [
                models.Index(condition=models.Q(('outcome', 'open')), fields=['stage'], include=('value', 'account', 'stuck_at'), name='deal_sums'),
                models.Index(condition=models.Q(('outcome', 'open'), _negated=True), fields=['stage', '-closed_at', '-id'], name='deal_closed'),
                models.Index(fields=['pipeline', '-updated_at'], name='deal_moved'),
                models.Index(fields=['account', '-created_at', '-id'], name='deal_of_account'),
                models.Index(condition=models.Q(('outcome', 'open')), fields=['owner', 'expected_on', 'id'], name='deal_open_of_owner'),
                models.Index(condition=models.Q(('owner__isnull', False)), fields=['owner'], name='deal_of_user'),
                models.Index(condition=models.Q(('outcome', 'open')), fields=['expected_on', 'id'], name='deal_open_by_expected'),
                models.Index(condition=models.Q(('outcome', 'open')), fields=['-value', '-id'], name='deal_open_by_value'),
                models.Index(fields=['-value', '-id'], name='deal_by_value'),
                models.Index(fields=['-created_at', '-id'], name='deal_newest'),
                models.Index(fields=['-updated_at', '-id'], name='deal_latest'),
                models.Index(condition=models.Q(('outcome', 'open'), ('stuck_at__isnull', False), ('told_stuck', False)), fields=['stuck_at'], name='deal_to_tell_stuck'),
                django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='deal_tags'),
                django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(crm.segments.filters.operators.Folded('title'), 'gin_trgm_ops'), name='deal_title_search'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('external_id'), name='deal_external_id_once'),
                models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['IMMEDIATE'], fields=('stage', 'rank'), name='deal_rank_once'),
                models.CheckConstraint(condition=models.Q(('amount', None), ('amount__gte', 0), _connector='OR'), name='deal_amount_not_negative'),
                models.CheckConstraint(condition=models.Q(('mrr', None), ('mrr__gte', 0), _connector='OR'), name='deal_mrr_not_negative'),
                models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('outcome', 'open')), models.Q(models.Q(('outcome', 'open'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='deal_closed_has_time'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."checked" IS DISTINCT FROM (NEW."checked") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."custom" IS DISTINCT FROM (NEW."custom") OR OLD."expected_on" IS DISTINCT FROM (NEW."expected_on") OR OLD."lost_because_id" IS DISTINCT FROM (NEW."lost_because_id") OR OLD."lost_note" IS DISTINCT FROM (NEW."lost_note") OR OLD."months" IS DISTINCT FROM (NEW."months") OR OLD."mrr" IS DISTINCT FROM (NEW."mrr") OR OLD."next_on" IS DISTINCT FROM (NEW."next_on") OR OLD."next_step" IS DISTINCT FROM (NEW."next_step") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."plan" IS DISTINCT FROM (NEW."plan") OR OLD."rate" IS DISTINCT FROM (NEW."rate") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."starts_on" IS DISTINCT FROM (NEW."starts_on") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "crm_dealchange" ("account_id", "amount", "checked", "closed_at", "contract_id", "created_at", "created_by_id", "currency", "custom", "entered_at", "expected_on", "external_id", "key", "lost_because_id", "lost_note", "months", "mrr", "next_on", "next_step", "outcome", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pipeline_id", "plan", "rank", "rate", "source", "stage_id", "starts_on", "stuck_at", "tags", "title", "told_stuck", "updated_at") VALUES (OLD."account_id", OLD."amount", OLD."checked", OLD."closed_at", OLD."contract_id", OLD."created_at", OLD."created_by_id", OLD."currency", OLD."custom", OLD."entered_at", OLD."expected_on", OLD."external_id", OLD."key", OLD."lost_because_id", OLD."lost_note", OLD."months", OLD."mrr", OLD."next_on", OLD."next_step", OLD."outcome", OLD."owner_id", NOW(), \'update\', OLD."id", OLD."pipeline_id", OLD."plan", OLD."rank", OLD."rate", OLD."source", OLD."stage_id", OLD."starts_on", OLD."stuck_at", OLD."tags", OLD."title", OLD."told_stuck", OLD."updated_at"); RETURN NULL;', hash='e86f5ccea0c83fb4581ca91b6ec3f2dda860cd1d', operation='UPDATE OF "title", "owner_id", "account_id", "amount", "currency", "rate", "expected_on", "source", "next_step", "next_on", "plan", "mrr", "months", "starts_on", "checked", "lost_because_id", "lost_note", "tags", "custom"', pgid='pgtrigger_remember_change_ed70f', table='crm_deal', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_dealchange" ("account_id", "amount", "checked", "closed_at", "contract_id", "created_at", "created_by_id", "currency", "custom", "entered_at", "expected_on", "external_id", "key", "lost_because_id", "lost_note", "months", "mrr", "next_on", "next_step", "outcome", "owner_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pipeline_id", "plan", "rank", "rate", "source", "stage_id", "starts_on", "stuck_at", "tags", "title", "told_stuck", "updated_at") VALUES (OLD."account_id", OLD."amount", OLD."checked", OLD."closed_at", OLD."contract_id", OLD."created_at", OLD."created_by_id", OLD."currency", OLD."custom", OLD."entered_at", OLD."expected_on", OLD."external_id", OLD."key", OLD."lost_because_id", OLD."lost_note", OLD."months", OLD."mrr", OLD."next_on", OLD."next_step", OLD."outcome", OLD."owner_id", NOW(), \'delete\', OLD."id", OLD."pipeline_id", OLD."plan", OLD."rank", OLD."rate", OLD."source", OLD."stage_id", OLD."starts_on", OLD."stuck_at", OLD."tags", OLD."title", OLD."told_stuck", OLD."updated_at"); RETURN NULL;', hash='4f74901f3b6e6c384286b3e13fdbeaac9136b98c', operation='DELETE', pgid='pgtrigger_remember_deletion_76f68', table='crm_deal', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='DealChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('pipeline', models.BigIntegerField(db_column='pipeline_id', null=True)),
            ('stage', models.BigIntegerField(db_column='stage_id', null=True)),
            ('account', models.BigIntegerField(db_column='account_id', null=True)),
            ('owner', models.BigIntegerField(db_column='owner_id', null=True)),
            ('contract', models.BigIntegerField(db_column='contract_id', null=True)),
            ('lost_because', models.BigIntegerField(db_column='lost_because_id', null=True)),
            ('created_by', models.BigIntegerField(db_column='created_by_id', null=True)),
            ('outcome', models.CharField(choices=[('open', 'Open'), ('won', 'Won'), ('lost', 'Lost')], default='open', max_length=4)),
            ('rank', models.BigIntegerField()),
            ('title', models.CharField(max_length=200)),
            ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('currency', models.CharField(max_length=3)),
            ('rate', models.DecimalField(decimal_places=8, default=1, max_digits=18)),
            ('expected_on', models.DateField(blank=True, null=True)),
            ('source', models.CharField(blank=True, max_length=60)),
            ('next_step', models.CharField(blank=True, max_length=200)),
            ('next_on', models.DateField(blank=True, null=True)),
            ('plan', models.CharField(blank=True, max_length=120)),
            ('mrr', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('months', models.PositiveSmallIntegerField(blank=True, null=True)),
            ('starts_on', models.DateField(blank=True, null=True)),
            ('checked', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, default=list)),
            ('lost_note', models.CharField(blank=True, max_length=400)),
            ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list)),
            ('custom', crm.fields.models.CustomValues('deal', blank=True, db_default={}, default=dict)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('entered_at', models.DateTimeField(default=crm.web.clock.now)),
            ('stuck_at', models.DateTimeField(null=True)),
            ('told_stuck', models.BooleanField(default=False)),
            ('closed_at', models.DateTimeField(null=True)),
            ('external_id', models.CharField(blank=True, max_length=120, null=True)),
            ('key', models.CharField(max_length=200, null=True)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.deal')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='dealchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='dealchange_of_act'),
            ],
        },
    ),
    migrations.CreateModel(
        name='DealSpell',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('began_at', models.DateTimeField()),
            ('ended_at', models.DateTimeField(null=True)),
            ('because', models.CharField(blank=True, max_length=200)),
            ('act', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.act')),
            ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('deal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='spells', to='crm.deal')),
            ('stage', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.stage')),
        ],
        options={
            'indexes': [
                models.Index(fields=['deal', 'began_at'], name='dealspell_of_deal'),
                models.Index(fields=['stage', 'began_at'], name='dealspell_of_stage'),
                models.Index(condition=models.Q(('act__isnull', False)), fields=['act'], name='dealspell_of_act'),
            ],
            'constraints': [
                models.UniqueConstraint(models.F('deal'), condition=models.Q(('ended_at', None)), name='dealspell_open_once'),
                models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('began_at')), _connector='OR'), name='dealspell_forward'),
            ],
        },
    ),
    migrations.CreateModel(
        name='DealContact',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deals', to='crm.contact')),
            ('deal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='people', to='crm.deal')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('deal'), models.F('contact'), name='dealcontact_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='DealTicket',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('deal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tickets', to='crm.deal')),
            ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deals', to='crm.ticket')),
        ],
        options={
            'constraints': [
                models.UniqueConstraint(models.F('deal'), models.F('ticket'), name='dealticket_once'),
            ],
        },
    ),
    migrations.CreateModel(
        name='KeyAccountPlan',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('goal', models.TextField()),
            ('from_plan', models.CharField(blank=True, max_length=120)),
            ('to_plan', models.CharField(blank=True, max_length=120)),
            ('mrr_now', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('mrr_aimed', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('aimed_on', models.DateField(blank=True, null=True)),
            ('in_the_way', models.TextField(blank=True)),
            ('next_step', models.CharField(blank=True, max_length=200)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('account', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='key_plan', to='crm.account')),
            ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [
                models.CheckConstraint(condition=models.Q(('mrr_aimed', None), ('mrr_aimed__gte', 0), _connector='OR'), name='keyplan_mrr_not_negative'),
            ],
            'triggers': [
                pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."aimed_on" IS DISTINCT FROM (NEW."aimed_on") OR OLD."from_plan" IS DISTINCT FROM (NEW."from_plan") OR OLD."goal" IS DISTINCT FROM (NEW."goal") OR OLD."in_the_way" IS DISTINCT FROM (NEW."in_the_way") OR OLD."mrr_aimed" IS DISTINCT FROM (NEW."mrr_aimed") OR OLD."mrr_now" IS DISTINCT FROM (NEW."mrr_now") OR OLD."next_step" IS DISTINCT FROM (NEW."next_step") OR OLD."to_plan" IS DISTINCT FROM (NEW."to_plan"))', func='INSERT INTO "crm_keyaccountplanchange" ("account_id", "aimed_on", "created_at", "from_plan", "goal", "in_the_way", "mrr_aimed", "mrr_now", "next_step", "pgh_created_at", "pgh_label", "pgh_obj_id", "to_plan", "updated_at", "written_by_id") VALUES (OLD."account_id", OLD."aimed_on", OLD."created_at", OLD."from_plan", OLD."goal", OLD."in_the_way", OLD."mrr_aimed", OLD."mrr_now", OLD."next_step", NOW(), \'update\', OLD."id", OLD."to_plan", OLD."updated_at", OLD."written_by_id"); RETURN NULL;', hash='b717d63dcf56090b8590a602991728a35c44da21', operation='UPDATE OF "goal", "from_plan", "to_plan", "mrr_now", "mrr_aimed", "aimed_on", "in_the_way", "next_step", "account_id"', pgid='pgtrigger_remember_change_5728d', table='crm_keyaccountplan', when='AFTER')),
                pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_keyaccountplanchange" ("account_id", "aimed_on", "created_at", "from_plan", "goal", "in_the_way", "mrr_aimed", "mrr_now", "next_step", "pgh_created_at", "pgh_label", "pgh_obj_id", "to_plan", "updated_at", "written_by_id") VALUES (OLD."account_id", OLD."aimed_on", OLD."created_at", OLD."from_plan", OLD."goal", OLD."in_the_way", OLD."mrr_aimed", OLD."mrr_now", OLD."next_step", NOW(), \'delete\', OLD."id", OLD."to_plan", OLD."updated_at", OLD."written_by_id"); RETURN NULL;', hash='2a52f3dff7cddd40be922b014de6eb22b73ae767', operation='DELETE', pgid='pgtrigger_remember_deletion_4c7eb', table='crm_keyaccountplan', when='AFTER')),
            ],
        },
    ),
    migrations.CreateModel(
        name='KeyAccountPlanChange',
        fields=[
            ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
            ('pgh_label', models.TextField(help_text='The event label.')),
            ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
            ('account', models.BigIntegerField(db_column='account_id', null=True)),
            ('written_by', models.BigIntegerField(db_column='written_by_id', null=True)),
            ('goal', models.TextField()),
            ('from_plan', models.CharField(blank=True, max_length=120)),
            ('to_plan', models.CharField(blank=True, max_length=120)),
            ('mrr_now', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('mrr_aimed', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True)),
            ('aimed_on', models.DateField(blank=True, null=True)),
            ('in_the_way', models.TextField(blank=True)),
            ('next_step', models.CharField(blank=True, max_length=200)),
            ('created_at', models.DateTimeField(default=crm.web.clock.now)),
            ('updated_at', models.DateTimeField(default=crm.web.clock.now)),
            ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
            ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.keyaccountplan')),
        ],
        options={
            'abstract': False,
            'indexes': [
                models.Index(fields=['pgh_obj', 'pgh_id'], name='keyaccountplanchange_of_row'),
                models.Index(fields=['act', 'pgh_obj'], name='keyaccountplanchange_of_act'),
            ],
        },
    ),
]
