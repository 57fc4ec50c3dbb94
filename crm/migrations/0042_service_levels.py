"""Alarms, rotas, satisfaction and overload of tickets: what their clocks, assignment and insight need."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0041_mail_html'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assigns_by', models.CharField(choices=[('nobody', 'Nobody: whoever is free takes it'), ('owner', 'The customer’s owner'), ('turn', 'In turn'), ('least', 'Whoever has the fewest open tickets')], default='nobody', max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name='TicketOverload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('found', models.PositiveIntegerField()),
                ('usual', models.FloatField()),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='ticket',
            name='remember_change',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='ticket',
            name='remember_deletion',
        ),
        migrations.AddField(
            model_name='ticket',
            name='alarm_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='alarms',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, default=list),
        ),
        migrations.AddField(
            model_name='ticket',
            name='assign_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='mood',
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='score',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='ticketcategory',
            name='assigns_by',
            field=models.CharField(blank=True, choices=[('nobody', 'Nobody: whoever is free takes it'), ('owner', 'The customer’s owner'), ('turn', 'In turn'), ('least', 'Whoever has the fewest open tickets')], max_length=8),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='alarm_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='alarms',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), blank=True, default=list),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='assign_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='mood',
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='score',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='ticketrating',
            name='because',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='ticketsettings',
            name='rates_every_days',
            field=models.PositiveSmallIntegerField(default=14),
        ),
        migrations.AddField(
            model_name='ticketsettings',
            name='warns_at',
            field=models.PositiveSmallIntegerField(default=75),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('answered_at__isnull', False)), fields=['-answered_at'], name='ticket_answered'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('alarm_at__isnull', False)), fields=['alarm_at'], name='ticket_alarm'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(condition=models.Q(('assign_at__isnull', False)), fields=['assign_at'], name='ticket_to_assign'),
        ),
        migrations.AddIndex(
            model_name='ticketrating',
            index=models.Index(condition=models.Q(('because', '')), fields=['contact', '-asked_at'], name='rating_of_contact'),
        ),
        migrations.AddIndex(
            model_name='ticketspell',
            index=models.Index(fields=['began_at'], name='spell_begun'),
        ),
        migrations.AddIndex(
            model_name='ticketspell',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='spell_ended'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticket',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."assigned_because" IS DISTINCT FROM (NEW."assigned_because") OR OLD."assignee_id" IS DISTINCT FROM (NEW."assignee_id") OR OLD."category_id" IS DISTINCT FROM (NEW."category_id") OR OLD."contact_id" IS DISTINCT FROM (NEW."contact_id") OR OLD."copied" IS DISTINCT FROM (NEW."copied") OR OLD."custom" IS DISTINCT FROM (NEW."custom") OR OLD."priority" IS DISTINCT FROM (NEW."priority") OR OLD."subject" IS DISTINCT FROM (NEW."subject") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."team_id" IS DISTINCT FROM (NEW."team_id"))', func='INSERT INTO "crm_ticketchange" ("account_id", "alarm_at", "alarms", "answer_by", "answer_minutes", "answered_at", "asked_at", "assign_at", "assigned_because", "assignee_id", "category_id", "channel", "closed_at", "contact_id", "copied", "created_at", "created_by_id", "custom", "follows_id", "is_spam", "key", "level_id", "merged_into_id", "mood", "overran", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "reopened", "reply_channel", "requester_handle", "requester_name", "score", "solve_by", "solve_minutes", "solved_at", "status", "subject", "tags", "team_id", "token", "updated_at", "warned_at") VALUES (OLD."account_id", OLD."alarm_at", OLD."alarms", OLD."answer_by", OLD."answer_minutes", OLD."answered_at", OLD."asked_at", OLD."assign_at", OLD."assigned_because", OLD."assignee_id", OLD."category_id", OLD."channel", OLD."closed_at", OLD."contact_id", OLD."copied", OLD."created_at", OLD."created_by_id", OLD."custom", OLD."follows_id", OLD."is_spam", OLD."key", OLD."level_id", OLD."merged_into_id", OLD."mood", OLD."overran", OLD."paused_until", NOW(), \'update\', OLD."id", OLD."priority", OLD."reopened", OLD."reply_channel", OLD."requester_handle", OLD."requester_name", OLD."score", OLD."solve_by", OLD."solve_minutes", OLD."solved_at", OLD."status", OLD."subject", OLD."tags", OLD."team_id", OLD."token", OLD."updated_at", OLD."warned_at"); RETURN NULL;', hash='bf8c4e14df1a36fa0051565ea093418011627ce8', operation='UPDATE OF "subject", "priority", "category_id", "account_id", "contact_id", "team_id", "assignee_id", "assigned_because", "tags", "copied", "custom"', pgid='pgtrigger_remember_change_1999d', table='crm_ticket', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticket',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_ticketchange" ("account_id", "alarm_at", "alarms", "answer_by", "answer_minutes", "answered_at", "asked_at", "assign_at", "assigned_because", "assignee_id", "category_id", "channel", "closed_at", "contact_id", "copied", "created_at", "created_by_id", "custom", "follows_id", "is_spam", "key", "level_id", "merged_into_id", "mood", "overran", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "reopened", "reply_channel", "requester_handle", "requester_name", "score", "solve_by", "solve_minutes", "solved_at", "status", "subject", "tags", "team_id", "token", "updated_at", "warned_at") VALUES (OLD."account_id", OLD."alarm_at", OLD."alarms", OLD."answer_by", OLD."answer_minutes", OLD."answered_at", OLD."asked_at", OLD."assign_at", OLD."assigned_because", OLD."assignee_id", OLD."category_id", OLD."channel", OLD."closed_at", OLD."contact_id", OLD."copied", OLD."created_at", OLD."created_by_id", OLD."custom", OLD."follows_id", OLD."is_spam", OLD."key", OLD."level_id", OLD."merged_into_id", OLD."mood", OLD."overran", OLD."paused_until", NOW(), \'delete\', OLD."id", OLD."priority", OLD."reopened", OLD."reply_channel", OLD."requester_handle", OLD."requester_name", OLD."score", OLD."solve_by", OLD."solve_minutes", OLD."solved_at", OLD."status", OLD."subject", OLD."tags", OLD."team_id", OLD."token", OLD."updated_at", OLD."warned_at"); RETURN NULL;', hash='2a8e1200e0e1c081e8ce41a288a7fd0b7823bd20', operation='DELETE', pgid='pgtrigger_remember_deletion_7da7e', table='crm_ticket', when='AFTER')),
        ),
        migrations.AddField(
            model_name='rota',
            name='last',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rota',
            name='team',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.team'),
        ),
        migrations.AddField(
            model_name='ticketoverload',
            name='account',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.account'),
        ),
        migrations.AddField(
            model_name='ticketoverload',
            name='category',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.ticketcategory'),
        ),
        migrations.AddConstraint(
            model_name='rota',
            constraint=models.UniqueConstraint(models.F('team'), name='rota_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='ticketoverload',
            constraint=models.UniqueConstraint(models.F('category'), models.F('account'), condition=models.Q(('ended_at', None)), name='overload_open_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='ticketoverload',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('began_at')), _connector='OR'), name='overload_forward'),
        ),
    ]
