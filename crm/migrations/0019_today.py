"""Notifications, customers put away for the day, calendars, tasks that come again, and an index to search people by."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models

import crm.web.clock
from crm.accounts.models.contacts import Digits, FullName
from crm.segments.filters.operators import Folded

_ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def _user(key=models.ForeignKey, **more):
    """A column that leads to one of ours, whose rows go with them."""
    cascade = django.db.models.deletion.CASCADE
    return ("user", key(on_delete=cascade, related_name="+", to=settings.AUTH_USER_MODEL, **more))


def _account(**more):
    return (
        "account",
        models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.account", **more),
    )


class Migration(migrations.Migration):
    dependencies = [("crm", "0018_account_desk")]

    operations = [
        migrations.AddField("user", "day_capacity", models.PositiveSmallIntegerField(db_default=8, default=8)),
        migrations.AddField("user", "untouched_days", models.PositiveSmallIntegerField(db_default=30, default=30)),
        migrations.AddField("task", "repeats", models.CharField(blank=True, db_default="", max_length=40)),
        migrations.AddIndex(
            "task",
            GinIndex(
                OpClass(Folded("title"), "gin_trgm_ops"),
                condition=models.Q(("done_at", None)),
                name="task_title_search",
            ),
        ),
        migrations.AddIndex(
            "contact",
            GinIndex(
                OpClass(Folded(FullName("first_name", "last_name")), "gin_trgm_ops"),
                OpClass(Folded("email"), "gin_trgm_ops"),
                OpClass(Folded(Digits("phone")), "gin_trgm_ops"),
                name="contact_search",
            ),
        ),
        migrations.CreateModel(
            "Notification",
            [
                _ID,
                ("kind", models.CharField(max_length=40)),
                ("text", models.CharField(max_length=300)),
                ("url", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(default=crm.web.clock.now)),
                ("read_at", models.DateTimeField(null=True)),
                ("mailed_at", models.DateTimeField(null=True)),
                ("key", models.CharField(max_length=160, null=True)),
                _account(null=True),
                _user(db_index=False),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at", None)), fields=["user", "-id"], name="notification_unread"
                    ),
                    models.Index(
                        condition=models.Q(("read_at__isnull", False)), fields=["user", "-id"], name="notification_read"
                    ),
                    models.Index(
                        condition=models.Q(("mailed_at", None), ("read_at", None)),
                        fields=["user", "kind"],
                        name="notification_unmailed",
                    ),
                    models.Index(
                        condition=models.Q(("read_at__isnull", False)), fields=["read_at"], name="notification_old"
                    ),
                ],
                "constraints": [models.UniqueConstraint(models.F("user"), models.F("key"), name="notification_once")],
            },
        ),
        migrations.CreateModel(
            "NotificationPreference",
            [
                _ID,
                ("kind", models.CharField(max_length=40)),
                (
                    "way",
                    models.CharField(
                        choices=[("bell", "Bell"), ("digest", "Bell and daily digest"), ("off", "Off")], max_length=10
                    ),
                ),
                _user(db_index=False),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("user"), models.F("kind"), name="notificationpreference_once")
                ]
            },
        ),
        migrations.CreateModel(
            "PutAway",
            [_ID, ("until", models.DateTimeField()), ("is_done", models.BooleanField()), _account(), _user()],
            options={
                "constraints": [models.UniqueConstraint(models.F("user"), models.F("account"), name="putaway_once")]
            },
        ),
        migrations.CreateModel(
            "CalendarFeed",
            [
                _ID,
                ("digest", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(default=crm.web.clock.now)),
                ("last_used_at", models.DateTimeField(null=True)),
                _user(models.OneToOneField),
            ],
        ),
    ]
