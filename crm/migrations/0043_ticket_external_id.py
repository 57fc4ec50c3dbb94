"""Tickets that came from elsewhere are known by their number there; that one is spam is remembered, and taken back."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0042_service_levels'),
    ]

    operations = [
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
            name='external_id',
            field=models.CharField(blank=True, max_length=120, null=True),
        ),
        migrations.AddField(
            model_name='ticketchange',
            name='external_id',
            field=models.CharField(blank=True, max_length=120, null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticket',
            trigger=pgtrigger.compiler.Trigger(name='remember_change', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."assigned_because" IS DISTINCT FROM (NEW."assigned_because") OR OLD."assignee_id" IS DISTINCT FROM (NEW."assignee_id") OR OLD."category_id" IS DISTINCT FROM (NEW."category_id") OR OLD."contact_id" IS DISTINCT FROM (NEW."contact_id") OR OLD."copied" IS DISTINCT FROM (NEW."copied") OR OLD."custom" IS DISTINCT FROM (NEW."custom") OR OLD."is_spam" IS DISTINCT FROM (NEW."is_spam") OR OLD."priority" IS DISTINCT FROM (NEW."priority") OR OLD."subject" IS DISTINCT FROM (NEW."subject") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."team_id" IS DISTINCT FROM (NEW."team_id"))', func='INSERT INTO "crm_ticketchange" ("account_id", "alarm_at", "alarms", "answer_by", "answer_minutes", "answered_at", "asked_at", "assign_at", "assigned_because", "assignee_id", "category_id", "channel", "closed_at", "contact_id", "copied", "created_at", "created_by_id", "custom", "external_id", "follows_id", "is_spam", "key", "level_id", "merged_into_id", "mood", "overran", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "reopened", "reply_channel", "requester_handle", "requester_name", "score", "solve_by", "solve_minutes", "solved_at", "status", "subject", "tags", "team_id", "token", "updated_at", "warned_at") VALUES (OLD."account_id", OLD."alarm_at", OLD."alarms", OLD."answer_by", OLD."answer_minutes", OLD."answered_at", OLD."asked_at", OLD."assign_at", OLD."assigned_because", OLD."assignee_id", OLD."category_id", OLD."channel", OLD."closed_at", OLD."contact_id", OLD."copied", OLD."created_at", OLD."created_by_id", OLD."custom", OLD."external_id", OLD."follows_id", OLD."is_spam", OLD."key", OLD."level_id", OLD."merged_into_id", OLD."mood", OLD."overran", OLD."paused_until", NOW(), \'update\', OLD."id", OLD."priority", OLD."reopened", OLD."reply_channel", OLD."requester_handle", OLD."requester_name", OLD."score", OLD."solve_by", OLD."solve_minutes", OLD."solved_at", OLD."status", OLD."subject", OLD."tags", OLD."team_id", OLD."token", OLD."updated_at", OLD."warned_at"); RETURN NULL;', hash='bc5e790d5d5c1fc7552554436d4c1e41883a93d9', operation='UPDATE OF "subject", "priority", "category_id", "account_id", "contact_id", "team_id", "assignee_id", "assigned_because", "tags", "copied", "custom", "is_spam"', pgid='pgtrigger_remember_change_1999d', table='crm_ticket', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ticket',
            trigger=pgtrigger.compiler.Trigger(name='remember_deletion', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "crm_ticketchange" ("account_id", "alarm_at", "alarms", "answer_by", "answer_minutes", "answered_at", "asked_at", "assign_at", "assigned_because", "assignee_id", "category_id", "channel", "closed_at", "contact_id", "copied", "created_at", "created_by_id", "custom", "external_id", "follows_id", "is_spam", "key", "level_id", "merged_into_id", "mood", "overran", "paused_until", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "reopened", "reply_channel", "requester_handle", "requester_name", "score", "solve_by", "solve_minutes", "solved_at", "status", "subject", "tags", "team_id", "token", "updated_at", "warned_at") VALUES (OLD."account_id", OLD."alarm_at", OLD."alarms", OLD."answer_by", OLD."answer_minutes", OLD."answered_at", OLD."asked_at", OLD."assign_at", OLD."assigned_because", OLD."assignee_id", OLD."category_id", OLD."channel", OLD."closed_at", OLD."contact_id", OLD."copied", OLD."created_at", OLD."created_by_id", OLD."custom", OLD."external_id", OLD."follows_id", OLD."is_spam", OLD."key", OLD."level_id", OLD."merged_into_id", OLD."mood", OLD."overran", OLD."paused_until", NOW(), \'delete\', OLD."id", OLD."priority", OLD."reopened", OLD."reply_channel", OLD."requester_handle", OLD."requester_name", OLD."score", OLD."solve_by", OLD."solve_minutes", OLD."solved_at", OLD."status", OLD."subject", OLD."tags", OLD."team_id", OLD."token", OLD."updated_at", OLD."warned_at"); RETURN NULL;', hash='9e81e99295cbc13a29537070d100575d579158e1', operation='DELETE', pgid='pgtrigger_remember_deletion_7da7e', table='crm_ticket', when='AFTER')),
        ),
    ]
