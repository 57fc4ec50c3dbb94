"""What is offered to customers who want to leave, and what they answered."""

import crm.web.clock
import crm.web.migrating
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0063_wider_spend'),
    ]

    operations = [
        crm.web.migrating.CreateTables(
            tables=[
                migrations.CreateModel(
                    name='LeavingPolicy',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('link_days', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)])),
                        ('every_days', models.PositiveSmallIntegerField(default=365, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)])),
                        ('afterwards', models.CharField(blank=True, max_length=600)),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='leavingpolicy_one_row')],
                        'indexes': [],
                        'triggers': [pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."afterwards" IS DISTINCT FROM (NEW."afterwards") OR OLD."every_days" IS DISTINCT FROM (NEW."every_days") OR OLD."link_days" IS DISTINCT FROM (NEW."link_days"))', func='INSERT INTO "crm_leavingpolicychange" ("afterwards", "every_days", "link_days", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."afterwards", OLD."every_days", OLD."link_days", NOW(), \'update\', OLD."id"); RETURN NULL;', hash='ae6e4b1b5b5bc05a11bd635f149009309701b86b', operation='UPDATE OF "link_days", "every_days", "afterwards"', pgid='pgtrigger_remember_change_d024a', table='crm_leavingpolicy', when='AFTER')), pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_leavingpolicychange" ("afterwards", "every_days", "link_days", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."afterwards", OLD."every_days", OLD."link_days", NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='1f6fdfe59dd75b3810466423c4f430f283b35bfe', operation='DELETE', pgid='pgtrigger_remember_deletion_0d9d5', table='crm_leavingpolicy', when='AFTER'))],
                    },
                ),
                migrations.CreateModel(
                    name='LeavingOffer',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('reason', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.cancelreason')),
                        ('kind', models.CharField(choices=[('pause', 'A pause'), ('discount', 'A discount for some months'), ('smaller', 'A smaller plan, as a request'), ('talk', 'A talk with whoever looks after them')], max_length=10)),
                        ('percent', models.PositiveSmallIntegerField(default=0)),
                        ('months', models.PositiveSmallIntegerField(default=0)),
                        ('words', models.CharField(blank=True, max_length=300)),
                    ],
                    options={
                        'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'discount'), _negated=True), models.Q(('months__range', (1, 24)), ('percent__range', (1, 100))), _connector='OR'), name='leavingoffer_discount_is_one')],
                        'indexes': [],
                        'triggers': [pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."months" IS DISTINCT FROM (NEW."months") OR OLD."percent" IS DISTINCT FROM (NEW."percent") OR OLD."words" IS DISTINCT FROM (NEW."words"))', func='INSERT INTO "crm_leavingofferchange" ("kind", "months", "percent", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason_id", "words") VALUES (OLD."kind", OLD."months", OLD."percent", NOW(), \'update\', OLD."id", OLD."reason_id", OLD."words"); RETURN NULL;', hash='2a1329d5ce41ac7ef51b9e3427f4af644f1bd11c', operation='UPDATE OF "kind", "percent", "months", "words"', pgid='pgtrigger_remember_change_1632a', table='crm_leavingoffer', when='AFTER')), pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_leavingofferchange" ("kind", "months", "percent", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason_id", "words") VALUES (OLD."kind", OLD."months", OLD."percent", NOW(), \'delete\', OLD."id", OLD."reason_id", OLD."words"); RETURN NULL;', hash='40078615440038354d1586d0625087383940250d', operation='DELETE', pgid='pgtrigger_remember_deletion_16629', table='crm_leavingoffer', when='AFTER'))],
                    },
                ),
                migrations.CreateModel(
                    name='LeavingAnswer',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account')),
                        ('contract', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.contract')),
                        ('reason', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='crm.cancelreason')),
                        ('offered', models.CharField(blank=True, choices=[('pause', 'A pause'), ('discount', 'A discount for some months'), ('smaller', 'A smaller plan, as a request'), ('talk', 'A talk with whoever looks after them')], max_length=10)),
                        ('took', models.CharField(choices=[('pause', 'A pause'), ('discount', 'A discount for some months'), ('smaller', 'A smaller plan, as a request'), ('talk', 'A talk with whoever looks after them'), ('end', 'It ends')], max_length=10)),
                        ('asked_on', models.DateField()),
                        ('effective_on', models.DateField(null=True)),
                        ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ],
                    options={
                        'indexes': [models.Index(fields=['asked_on'], name='leavinganswer_by_day')],
                        'constraints': [models.UniqueConstraint(models.F('contract'), models.F('took'), models.F('asked_on'), condition=models.Q(('took__in', ('smaller', 'talk'))), name='leavinganswer_asked_once_a_day')],
                    },
                ),
                migrations.CreateModel(
                    name='LeavingPolicyChange',
                    fields=[
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                        ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.leavingpolicy')),
                        ('link_days', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)])),
                        ('every_days', models.PositiveSmallIntegerField(default=365, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)])),
                        ('afterwards', models.CharField(blank=True, max_length=600)),
                    ],
                    options={
                        'abstract': False,
                        'indexes': [models.Index(fields=['pgh_obj', 'pgh_id'], name='leavingpolicychange_of_row'), models.Index(fields=['act', 'pgh_obj'], name='leavingpolicychange_of_act')],
                        'constraints': [],
                    },
                ),
                migrations.CreateModel(
                    name='LeavingOfferChange',
                    fields=[
                        ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                        ('pgh_label', models.TextField(help_text='The event label.')),
                        ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                        ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                        ('reason', models.BigIntegerField(db_column='reason_id', null=True)),
                        ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.leavingoffer')),
                        ('kind', models.CharField(choices=[('pause', 'A pause'), ('discount', 'A discount for some months'), ('smaller', 'A smaller plan, as a request'), ('talk', 'A talk with whoever looks after them')], max_length=10)),
                        ('percent', models.PositiveSmallIntegerField(default=0)),
                        ('months', models.PositiveSmallIntegerField(default=0)),
                        ('words', models.CharField(blank=True, max_length=300)),
                    ],
                    options={
                        'abstract': False,
                        'indexes': [models.Index(fields=['pgh_obj', 'pgh_id'], name='leavingofferchange_of_row'), models.Index(fields=['act', 'pgh_obj'], name='leavingofferchange_of_act')],
                        'constraints': [],
                    },
                ),
            ],
        ),
    ]
