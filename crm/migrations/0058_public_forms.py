"""Public forms, which become more than tickets, and what was sent with them."""

import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from crm.web.migrating import CreateTables


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0057_facts'),
    ]

    operations = [
        CreateTables([
            migrations.CreateModel(
                name='FormEntry',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=100, unique=True)),
                    ('received_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('handled_at', models.DateTimeField(null=True)),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('held', 'Held for you'), ('done', 'Done'), ('discarded', 'Discarded')], default='waiting', max_length=9)),
                    ('door', models.CharField(choices=[('page', 'Its own page'), ('frame', 'In a frame'), ('api', 'Through the API')], default='page', max_length=5)),
                    ('test', models.BooleanField(default=False)),
                    ('suspected', models.CharField(blank=True, max_length=200)),
                    ('source', models.JSONField(default=dict)),
                    ('consent', models.CharField(blank=True, max_length=8)),
                    ('words', models.CharField(blank=True, max_length=300)),
                    ('url', models.CharField(blank=True, max_length=200)),
                    ('account', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.account')),
                    ('contact', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.contact')),
                    ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('payload', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.inboundpayload')),
                    ('form', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='crm.publicform')),
                ],
                options={
                    'indexes': [
                        models.Index(fields=['form', '-received_at', '-id'], name='formentry_of_form'),
                        models.Index(condition=models.Q(('state', 'held')), fields=['form', '-id'], name='formentry_held'),
                        models.Index(condition=models.Q(('owner__isnull', False)), fields=['form', 'owner', '-id'], name='formentry_turns'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PublicForm',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=80)),
                    ('slug', models.SlugField(max_length=40, unique=True)),
                    ('title', models.CharField(max_length=120)),
                    ('intro', models.TextField(blank=True)),
                    ('button', models.CharField(default='Send', max_length=40)),
                    ('fields', models.JSONField(default=list)),
                    ('outcome', models.CharField(max_length=20)),
                    ('outcome_settings', models.JSONField(blank=True, default=dict)),
                    ('consent', models.CharField(blank=True, max_length=600)),
                    ('thanks', models.TextField(blank=True)),
                    ('goes_to', models.URLField(blank=True, max_length=500)),
                    ('owner_rule', models.CharField(choices=[('nobody', "Nobody: what it brings lies in the admins' pool"), ('person', 'One colleague'), ('team', 'A team, in turn')], default='nobody', max_length=6)),
                    ('keeps_owner', models.BooleanField(default=True)),
                    ('language', models.CharField(default='en', max_length=10)),
                    ('origins', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('archived_at', models.DateTimeField(blank=True, null=True)),
                    ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.team')),
                ],
                options={
                    'ordering': ('name', 'id'),
                    'triggers': [
                        pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."archived_at" IS DISTINCT FROM (NEW."archived_at") OR OLD."button" IS DISTINCT FROM (NEW."button") OR OLD."consent" IS DISTINCT FROM (NEW."consent") OR OLD."fields" IS DISTINCT FROM (NEW."fields") OR OLD."goes_to" IS DISTINCT FROM (NEW."goes_to") OR OLD."intro" IS DISTINCT FROM (NEW."intro") OR OLD."keeps_owner" IS DISTINCT FROM (NEW."keeps_owner") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."origins" IS DISTINCT FROM (NEW."origins") OR OLD."outcome" IS DISTINCT FROM (NEW."outcome") OR OLD."outcome_settings" IS DISTINCT FROM (NEW."outcome_settings") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."owner_rule" IS DISTINCT FROM (NEW."owner_rule") OR OLD."slug" IS DISTINCT FROM (NEW."slug") OR OLD."team_id" IS DISTINCT FROM (NEW."team_id") OR OLD."thanks" IS DISTINCT FROM (NEW."thanks") OR OLD."title" IS DISTINCT FROM (NEW."title"))', func='INSERT INTO "crm_publicformchange" ("archived_at", "button", "consent", "created_at", "fields", "goes_to", "intro", "keeps_owner", "language", "name", "origins", "outcome", "outcome_settings", "owner_id", "owner_rule", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "team_id", "thanks", "title") VALUES (OLD."archived_at", OLD."button", OLD."consent", OLD."created_at", OLD."fields", OLD."goes_to", OLD."intro", OLD."keeps_owner", OLD."language", OLD."name", OLD."origins", OLD."outcome", OLD."outcome_settings", OLD."owner_id", OLD."owner_rule", NOW(), \'update\', OLD."id", OLD."slug", OLD."team_id", OLD."thanks", OLD."title"); RETURN NULL;', hash='55d544a0f7d03ab1dad626bed0b8ecf7bc798f0f', operation='UPDATE OF "name", "slug", "title", "intro", "button", "fields", "outcome", "outcome_settings", "consent", "thanks", "goes_to", "owner_rule", "owner_id", "team_id", "keeps_owner", "language", "origins", "archived_at"', pgid='pgtrigger_remember_change_a7670', table='crm_publicform', when='AFTER')),
                        pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_publicformchange" ("archived_at", "button", "consent", "created_at", "fields", "goes_to", "intro", "keeps_owner", "language", "name", "origins", "outcome", "outcome_settings", "owner_id", "owner_rule", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "team_id", "thanks", "title") VALUES (OLD."archived_at", OLD."button", OLD."consent", OLD."created_at", OLD."fields", OLD."goes_to", OLD."intro", OLD."keeps_owner", OLD."language", OLD."name", OLD."origins", OLD."outcome", OLD."outcome_settings", OLD."owner_id", OLD."owner_rule", NOW(), \'delete\', OLD."id", OLD."slug", OLD."team_id", OLD."thanks", OLD."title"); RETURN NULL;', hash='c1eb8f9fc8e89d07e743912f988c875077a0f08b', operation='DELETE', pgid='pgtrigger_remember_deletion_0575d', table='crm_publicform', when='AFTER')),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PublicFormChange',
                fields=[
                    ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                    ('pgh_label', models.TextField(help_text='The event label.')),
                    ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('owner', models.BigIntegerField(db_column='owner_id', null=True)),
                    ('team', models.BigIntegerField(db_column='team_id', null=True)),
                    ('name', models.CharField(max_length=80)),
                    ('slug', models.SlugField(db_index=False, max_length=40)),
                    ('title', models.CharField(max_length=120)),
                    ('intro', models.TextField(blank=True)),
                    ('button', models.CharField(default='Send', max_length=40)),
                    ('fields', models.JSONField(default=list)),
                    ('outcome', models.CharField(max_length=20)),
                    ('outcome_settings', models.JSONField(blank=True, default=dict)),
                    ('consent', models.CharField(blank=True, max_length=600)),
                    ('thanks', models.TextField(blank=True)),
                    ('goes_to', models.URLField(blank=True, max_length=500)),
                    ('owner_rule', models.CharField(choices=[('nobody', "Nobody: what it brings lies in the admins' pool"), ('person', 'One colleague'), ('team', 'A team, in turn')], default='nobody', max_length=6)),
                    ('keeps_owner', models.BooleanField(default=True)),
                    ('language', models.CharField(default='en', max_length=10)),
                    ('origins', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list)),
                    ('created_at', models.DateTimeField(default=crm.web.clock.now)),
                    ('archived_at', models.DateTimeField(blank=True, null=True)),
                    ('act', models.ForeignKey(db_constraint=False, db_default=models.Func(function='crm_history_act'), db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.act')),
                    ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='crm.publicform')),
                ],
                options={
                    'abstract': False,
                    'indexes': [
                        models.Index(fields=['pgh_obj', 'pgh_id'], name='publicformchange_of_row'),
                        models.Index(fields=['act', 'pgh_obj'], name='publicformchange_of_act'),
                    ],
                },
            ),
        ]),
    ]
