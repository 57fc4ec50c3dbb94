"""Keys by which duplicates are found, what records were known by before a merge, pairs, and merges."""

import crm.accounts.matching.keys
import crm.web.clock
import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from crm.accounts.matching.keys import phone_key_of

_CHUNK = 5000


def work_out_numbers(apps, schema_editor):
    """Of the people who are there already; whoever is saved from now on brings their own."""
    contact = apps.get_model("crm", "Contact")
    behind = 0
    while rows := list(
        contact.objects.exclude(phone="").filter(pk__gt=behind).select_related("account").order_by("pk")[:_CHUNK]
    ):
        for row in rows:
            row.match_phone = phone_key_of(row.phone, lambda row=row: row.account.country)
        contact.objects.bulk_update([row for row in rows if row.match_phone], ["match_phone"])
        behind = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [("crm", "0021_hand_over")]

    operations = [
        migrations.CreateModel(
            name="AccountPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("strength", models.PositiveSmallIntegerField()),
                ("signs", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10))),
                ("found_at", models.DateTimeField(default=crm.web.clock.now)),
                ("put_off_until", models.DateTimeField(null=True)),
                ("apart_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Alias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=10)),
                (
                    "kind",
                    models.CharField(
                        choices=[("id", "Number here"), ("external_id", "Id in another system"), ("email", "E-mail")],
                        max_length=12,
                    ),
                ),
                ("value", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField(default=crm.web.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name="ContactPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("strength", models.PositiveSmallIntegerField()),
                ("signs", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10))),
                ("found_at", models.DateTimeField(default=crm.web.clock.now)),
                ("put_off_until", models.DateTimeField(null=True)),
                ("apart_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Merge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=10)),
                ("keeper_id", models.BigIntegerField()),
                ("loser_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                ("detail", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="MovedRows",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owned", models.CharField(max_length=80)),
                ("row_ids", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
            ],
        ),
        migrations.CreateModel(
            name="Sweep",
            fields=[
                ("subject", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
                ("since", models.DateTimeField(null=True)),
                ("began_at", models.DateTimeField(null=True)),
                ("last_began_at", models.DateTimeField(null=True)),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="contact",
            name="remember_change",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="contact",
            name="remember_deletion",
        ),
        migrations.AddField(
            model_name="account",
            name="match_name",
            field=models.GeneratedField(
                db_persist=True,
                expression=crm.accounts.matching.keys.NameKey(models.F("name")),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="match_phone",
            field=crm.accounts.matching.keys.PhoneKey(blank=True, db_default="", editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name="contactchange",
            name="match_phone",
            field=crm.accounts.matching.keys.PhoneKey(blank=True, db_default="", editable=False, max_length=16),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                condition=models.Q(("match_name", ""), _negated=True),
                fields=["match_name", "id"],
                name="account_by_match_name",
            ),
        ),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("match_phone", ""), _negated=True),
                fields=["match_phone"],
                name="contact_by_match_phone",
            ),
        ),
        migrations.RunPython(work_out_numbers, migrations.RunPython.noop),
        pgtrigger.migrations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="remember_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."birthday" IS DISTINCT FROM (NEW."birthday") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."email_consent" IS DISTINCT FROM (NEW."email_consent") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."is_primary" IS DISTINCT FROM (NEW."is_primary") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."match_phone" IS DISTINCT FROM (NEW."match_phone") OR OLD."phone" IS DISTINCT FROM (NEW."phone") OR OLD."roles" IS DISTINCT FROM (NEW."roles") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone") OR OLD."title" IS DISTINCT FROM (NEW."title"))',
                    func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "last_seen_at", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."last_seen_at", OLD."match_phone", NOW(), \'update\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;',
                    hash="2027beddbeebf3775bd9271c8234bf5cd1c9071e",
                    operation='UPDATE OF "account_id", "first_name", "last_name", "email", "phone", "title", "timezone", "language", "birthday", "email_consent", "is_primary", "roles", "do_not_contact", "external_id", "match_phone"',
                    pgid="pgtrigger_remember_change_cbd49",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="remember_deletion",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "birthday", "created_at", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "last_seen_at", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."birthday", OLD."created_at", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."last_seen_at", OLD."match_phone", NOW(), \'delete\', OLD."id", OLD."phone", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;',
                    hash="86fc54a5e98b3d8fbd879c10992e923af935553e",
                    operation="DELETE",
                    pgid="pgtrigger_remember_deletion_113a9",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="accountpair",
            name="apart_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="accountpair",
            name="first",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.account"
            ),
        ),
        migrations.AddField(
            model_name="accountpair",
            name="second",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.account"),
        ),
        migrations.AddField(
            model_name="alias",
            name="account",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="aliases", to="crm.account"
            ),
        ),
        migrations.AddField(
            model_name="alias",
            name="contact",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="aliases", to="crm.contact"
            ),
        ),
        migrations.AddField(
            model_name="contactpair",
            name="apart_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="contactpair",
            name="first",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.contact"
            ),
        ),
        migrations.AddField(
            model_name="contactpair",
            name="second",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.contact"),
        ),
        migrations.AddField(
            model_name="merge",
            name="act",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="crm.act"
            ),
        ),
        migrations.AddField(
            model_name="merge",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="movedrows",
            name="merge",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="moved", to="crm.merge"),
        ),
        migrations.AddIndex(
            model_name="accountpair",
            index=models.Index(
                condition=models.Q(("apart_at", None)), fields=["strength", "id"], name="account_pair_by_strength"
            ),
        ),
        migrations.AddConstraint(
            model_name="accountpair",
            constraint=models.UniqueConstraint(models.F("first"), models.F("second"), name="account_pair_once"),
        ),
        migrations.AddConstraint(
            model_name="accountpair",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))), name="account_pair_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.UniqueConstraint(
                models.F("subject"), models.F("kind"), models.F("value"), name="alias_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("account__isnull", False), ("contact", None), ("subject", "account")),
                    models.Q(("account", None), ("contact__isnull", False), ("subject", "contact")),
                    _connector="OR",
                ),
                name="alias_of_one",
            ),
        ),
        migrations.AddIndex(
            model_name="contactpair",
            index=models.Index(
                condition=models.Q(("apart_at", None)), fields=["strength", "id"], name="contact_pair_by_strength"
            ),
        ),
        migrations.AddConstraint(
            model_name="contactpair",
            constraint=models.UniqueConstraint(models.F("first"), models.F("second"), name="contact_pair_once"),
        ),
        migrations.AddConstraint(
            model_name="contactpair",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))), name="contact_pair_in_order"
            ),
        ),
        migrations.AddIndex(
            model_name="merge",
            index=models.Index(fields=["subject", "keeper_id", "-id"], name="merge_of_keeper"),
        ),
        migrations.AddIndex(
            model_name="merge",
            index=models.Index(fields=["subject", "loser_id", "-id"], name="merge_of_loser"),
        ),
    ]
