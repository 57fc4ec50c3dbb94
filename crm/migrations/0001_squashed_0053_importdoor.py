"""All tables, made at once. It stands for the migrations that made them one after the other.

Each table stands whole in the file of its room, in the folder `tables`.
"""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations

from crm.migrations.tables import (
    accounts, correspondence, duplicates, fields, history, home, imports, inbox, ledger, outbox, pipelines, quality, segments, settings, team, tickets, timeline, todos, web,
)
from crm.web.migrating import CreateTables

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

# The table of the cache `default`, as `createcachetable` would make it; of use for minutes only, so not logged.
_SIGN_INS = """
    CREATE UNLOGGED TABLE crm_signin_limit (
        cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
    CREATE INDEX crm_signin_limit_expires ON crm_signin_limit (expires);
"""


class Migration(migrations.Migration):
    replaces = [
        ('crm', '0001_initial'),
        ('crm', '0002_task_stretches'),
        ('crm', '0003_mail_senders'),
        ('crm', '0004_message_series'),
        ('crm', '0005_account_search'),
        ('crm', '0006_idempotent_answer'),
        ('crm', '0007_pending_retry'),
        ('crm', '0008_sender_minutes'),
        ('crm', '0009_contract_renewing'),
        ('crm', '0010_signin_limit'),
        ('crm', '0011_slice'),
        ('crm', '0012_alarm'),
        ('crm', '0013_name_search'),
        ('crm', '0014_mail_opened'),
        ('crm', '0015_lean_mail_keys'),
        ('crm', '0016_mail_urgency'),
        ('crm', '0017_team'),
        ('crm', '0018_account_desk'),
        ('crm', '0019_today'),
        ('crm', '0020_history'),
        ('crm', '0021_hand_over'),
        ('crm', '0022_duplicates'),
        ('crm', '0023_imports'),
        ('crm', '0024_lists'),
        ('crm', '0025_account_owner_index'),
        ('crm', '0026_quality'),
        ('crm', '0027_seen'),
        ('crm', '0028_basics'),
        ('crm', '0029_custom_fields'),
        ('crm', '0030_segments'),
        ('crm', '0031_correspondence'),
        ('crm', '0032_left_over_files'),
        ('crm', '0033_tickets'),
        ('crm', '0036_undo_waiting'),
        ('crm', '0037_indexes_beside'),
        ('crm', '0038_segment_moves'),
        ('crm', '0039_notification_act'),
        ('crm', '0040_notification_of_act'),
        ('crm', '0041_mail_html'),
        ('crm', '0042_service_levels'),
        ('crm', '0043_ticket_external_id'),
        ('crm', '0044_ticket_queue'),
        ('crm', '0045_ticket_forms'),
        ('crm', '0046_message_address'),
        ('crm', '0047_contact_handles'),
        ('crm', '0048_chats'),
        ('crm', '0049_pipelines'),
        ('crm', '0050_arrivals'),
        ('crm', '0051_account_by_sight'),
        ('crm', '0052_payload_ignored'),
        ('crm', '0053_importdoor'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.RunSQL(_ACT),
        migrations.RunSQL(_SIGN_INS),
        CreateTables([
            *team.TABLES,
            *history.TABLES,
            *accounts.TABLES,
            *fields.TABLES,
            *timeline.TABLES,
            *segments.TABLES,
            *ledger.TABLES,
            *correspondence.TABLES,
            *outbox.TABLES,
            *inbox.TABLES,
            *todos.TABLES,
            *duplicates.TABLES,
            *quality.TABLES,
            *imports.TABLES,
            *tickets.TABLES,
            *pipelines.TABLES,
            *home.TABLES,
            *settings.TABLES,
            *web.TABLES,
        ]),
    ]
