"""Mail that a person reads first, what mail is about, how often somebody wants it, and when automation rests."""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from crm.web.migrating import AtOnce


TOPICS = (
    ("getting-started", "Getting started", "First steps, in your first weeks with us.", ["service"]),
    ("tips", "Tips and check-ins", "How things go for you, and what would help.", ["service"]),
    ("reminders", "Reminders", "Renewals and dates that are near.", ["service"]),
    ("questions", "Questions to you", "A short question now and then, about how we did.", ["service"]),
    ("product-news", "Product news", "What is new, and what it is good for.", ["marketing"]),
    ("offers", "Offers", "Prices and plans that may suit you.", ["marketing"]),
)


def begin(apps: Any, schema_editor: Any) -> None:
    """What mail is about until somebody says otherwise."""
    topic = apps.get_model("crm", "Topic")
    rows = [
        topic(slug=slug, name=name, sentence=sentence, categories=categories, order=10 * place)
        for place, (slug, name, sentence, categories) in enumerate(TOPICS, start=1)
    ]
    topic.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(AtOnce):
    dependencies = [
        ("crm", "0067_start_page"),
    ]

    operations = [
        migrations.CreateModel(
            name="Topic",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=60, unique=True)),
                ("sentence", models.CharField(blank=True, max_length=200)),
                (
                    "categories",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=15), default=list),
                ),
                ("order", models.PositiveSmallIntegerField(default=0)),
                ("retired_at", models.DateTimeField(null=True)),
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
            model_name="contact",
            name="automation_paused_why",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="contact",
            name="mail_pace",
            field=models.CharField(
                blank=True,
                choices=[("", "As it comes"), ("weekly", "At most once a week"), ("monthly", "At most once a month")],
                db_default="",
                default="",
                max_length=7,
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="mail_paused_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="contact",
            name="refused_topics",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SlugField(db_index=False, max_length=40), blank=True, db_default=[], default=list
            ),
        ),
        migrations.AddField(
            model_name="contactchange",
            name="automation_paused_why",
            field=models.CharField(blank=True, db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="contactchange",
            name="mail_pace",
            field=models.CharField(
                blank=True,
                choices=[("", "As it comes"), ("weekly", "At most once a week"), ("monthly", "At most once a month")],
                db_default="",
                default="",
                max_length=7,
            ),
        ),
        migrations.AddField(
            model_name="contactchange",
            name="mail_paused_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="contactchange",
            name="refused_topics",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SlugField(db_index=False, max_length=40), blank=True, db_default=[], default=list
            ),
        ),
        migrations.AddField(
            model_name="mailpolicy",
            name="automated_most",
            field=models.PositiveSmallIntegerField(db_default=80, default=80),
        ),
        migrations.AddField(
            model_name="mailpolicy",
            name="rest_after_complaint",
            field=models.PositiveSmallIntegerField(db_default=90, default=90),
        ),
        migrations.AddField(
            model_name="mailpolicy",
            name="rest_after_rating",
            field=models.PositiveSmallIntegerField(db_default=14, default=14),
        ),
        migrations.AddField(
            model_name="mailpolicy",
            name="rest_after_reply",
            field=models.PositiveSmallIntegerField(db_default=7, default=7),
        ),
        migrations.AddField(
            model_name="mailpolicy",
            name="rest_after_ticket",
            field=models.PositiveSmallIntegerField(db_default=7, default=7),
        ),
        migrations.AddField(
            model_name="outboundmessage",
            name="approver",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="outboundmessage",
            name="topic",
            field=models.SlugField(blank=True, db_default="", db_index=False, max_length=40),
        ),
        migrations.AlterField(
            model_name="outboundmessage",
            name="state",
            field=models.CharField(
                choices=[
                    ("due", "Planned"),
                    ("claimed", "About to leave"),
                    ("sending", "Leaving"),
                    ("sent", "Sent"),
                    ("failed", "Failed"),
                    ("uncertain", "Uncertain"),
                    ("skipped", "Not sent"),
                    ("cancelled", "Cancelled"),
                    ("asked", "Waits for a yes"),
                ],
                default="due",
                max_length=10,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="contact",
            trigger=pgtrigger.compiler.Trigger(
                name="remember_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."account_id" IS DISTINCT FROM (NEW."account_id") OR OLD."birthday" IS DISTINCT FROM (NEW."birthday") OR OLD."custom" IS DISTINCT FROM (NEW."custom") OR OLD."do_not_contact" IS DISTINCT FROM (NEW."do_not_contact") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."email_consent" IS DISTINCT FROM (NEW."email_consent") OR OLD."external_id" IS DISTINCT FROM (NEW."external_id") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."is_primary" IS DISTINCT FROM (NEW."is_primary") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."mail_pace" IS DISTINCT FROM (NEW."mail_pace") OR OLD."mail_paused_until" IS DISTINCT FROM (NEW."mail_paused_until") OR OLD."match_phone" IS DISTINCT FROM (NEW."match_phone") OR OLD."phone" IS DISTINCT FROM (NEW."phone") OR OLD."refused_topics" IS DISTINCT FROM (NEW."refused_topics") OR OLD."roles" IS DISTINCT FROM (NEW."roles") OR OLD."timezone" IS DISTINCT FROM (NEW."timezone") OR OLD."title" IS DISTINCT FROM (NEW."title"))',
                    func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "automation_paused_why", "birthday", "created_at", "custom", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "mail_pace", "mail_paused_until", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "refused_topics", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."automation_paused_why", OLD."birthday", OLD."created_at", OLD."custom", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."mail_pace", OLD."mail_paused_until", OLD."match_phone", NOW(), \'update\', OLD."id", OLD."phone", OLD."refused_topics", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;',
                    hash="ae617b3dc365656b9f7d92f898c110844c7b73bb",
                    operation='UPDATE OF "account_id", "first_name", "last_name", "email", "phone", "title", "timezone", "language", "birthday", "email_consent", "is_primary", "roles", "do_not_contact", "external_id", "refused_topics", "mail_pace", "mail_paused_until", "custom", "match_phone"',
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
                    func='INSERT INTO "crm_contactchange" ("account_id", "automation_paused_until", "automation_paused_why", "birthday", "created_at", "custom", "do_not_contact", "email", "email_consent", "external_id", "first_name", "is_primary", "language", "last_name", "mail_pace", "mail_paused_until", "match_phone", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "refused_topics", "roles", "timezone", "title", "updated_at") VALUES (OLD."account_id", OLD."automation_paused_until", OLD."automation_paused_why", OLD."birthday", OLD."created_at", OLD."custom", OLD."do_not_contact", OLD."email", OLD."email_consent", OLD."external_id", OLD."first_name", OLD."is_primary", OLD."language", OLD."last_name", OLD."mail_pace", OLD."mail_paused_until", OLD."match_phone", NOW(), \'delete\', OLD."id", OLD."phone", OLD."refused_topics", OLD."roles", OLD."timezone", OLD."title", OLD."updated_at"); RETURN NULL;',
                    hash="4ef4a5c56cb33979dca36bb8c77fc2b4d2e6a634",
                    operation="DELETE",
                    pgid="pgtrigger_remember_deletion_113a9",
                    table="crm_contact",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="topic",
            constraint=models.CheckConstraint(condition=models.Q(("slug", ""), _negated=True), name="topic_has_a_slug"),
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
