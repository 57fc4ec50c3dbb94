"""Who is held out of a workflow, and how many of everything."""

import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from crm.web.migrating import AtOnce


class Migration(AtOnce):

    dependencies = [
        ('crm', '0067_start_page'),
        ('retention', '0014_rehearsals'),
    ]

    operations = [
        migrations.CreateModel(
            name='HoldoutSettingsChange',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('percent', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(50)])),
                ('since', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='enrollment',
            name='held_out',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='HoldoutSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('percent', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(50)])),
                ('since', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='holdoutsettings_one_row'), models.CheckConstraint(condition=models.Q(('percent__lte', 50)), name='holdoutsettings_at_most_half')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='holdoutsettings',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."percent" IS DISTINCT FROM (NEW."percent") OR OLD."since" IS DISTINCT FROM (NEW."since"))', func='INSERT INTO "retention_holdoutsettingschange" ("percent", "pgh_created_at", "pgh_label", "pgh_obj_id", "since") VALUES (OLD."percent", NOW(), \'update\', OLD."id", OLD."since"); RETURN NULL;', hash='e61dd36e38fc7f2ffcba5855ca8d3b68892fa96e', operation='UPDATE OF "percent", "since"', pgid='pgtrigger_remember_change_2626b', table='retention_holdoutsettings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='holdoutsettings',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "retention_holdoutsettingschange" ("percent", "pgh_created_at", "pgh_label", "pgh_obj_id", "since") VALUES (OLD."percent", NOW(), \'delete\', OLD."id", OLD."since"); RETURN NULL;', hash='8acfd4fc72c86f7c212ef79890a76f2d52d21890', operation='DELETE', pgid='pgtrigger_remember_deletion_a33a8', table='retention_holdoutsettings', when='AFTER')),
        ),
        migrations.AddField(
            model_name='holdoutsettingschange',
            name='act',
            field=models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act'),
        ),
        migrations.AddField(
            model_name='holdoutsettingschange',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='retention.holdoutsettings'),
        ),
        migrations.AddIndex(
            model_name='holdoutsettingschange',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='holdoutsettingschange_of_row'),
        ),
        migrations.AddIndex(
            model_name='holdoutsettingschange',
            index=models.Index(fields=['act', 'pgh_obj'], name='holdoutsettingschange_of_act'),
        ),
    ]
