"""Teams, what each of us sees, rights that admins changed, invitations, the organisation; tokens may expire."""

import crm.web.clock
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0016_mail_urgency")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sees",
            field=models.CharField(
                choices=[("own", "Own customers"), ("team", "Customers of their teams"), ("all", "All customers")],
                db_default="all", default="all", max_length=4,
            ),
        ),
        # Only account managers could be confined.
        migrations.RunSQL(
            "UPDATE crm_user SET sees = 'own' WHERE sees_own_only AND role = 'manager'",
            "UPDATE crm_user SET sees_own_only = sees <> 'all'",
        ),
        migrations.RemoveField(model_name="user", name="sees_own_only"),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("sees__in", ["own", "team", "all"])), name="user_sees_known"
            ),
        ),
        migrations.AddField(model_name="user", name="last_seen_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="user", name="sign_outs", field=models.PositiveIntegerField(db_default=0, default=0)
        ),
        migrations.AddField(model_name="apitoken", name="expires_at", field=models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="RoleRight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=10)),
                ("permission", models.CharField(max_length=40)),
                ("allowed", models.BooleanField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(models.F("role"), models.F("permission"), name="roleright_once")]
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=120)),
                (
                    "second_factor",
                    models.CharField(
                        choices=[
                            ("optional", "Whoever wants to"), ("admins", "All admins"), ("everybody", "Everybody"),
                        ],
                        default="optional", max_length=10,
                    ),
                ),
                ("start_put_away_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="organisation_one_row")]
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(default=crm.web.clock.now)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("name"), name="team_name_once")
                ]
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="crm.team"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(models.F("team"), models.F("user"), name="membership_once")]
            },
        ),
        migrations.AddField(
            model_name="team",
            name="members",
            field=models.ManyToManyField(
                related_name="teams", through="crm.Membership", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("session_key", models.CharField(max_length=40, unique=True)),
                ("agent", models.CharField(blank=True, max_length=300)),
                ("address", models.GenericIPAddressField(null=True)),
                ("signed_in_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="devices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("sent_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="invitation",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
