"""All tables, made at once. It stands for the migrations that made them one after the other.

Each table stands whole in the file of its room, in the folder `tables`.
"""

from django.db import migrations

from crm.web.migrating import CreateTables
from retention.migrations.tables import usage, workflows


class Migration(migrations.Migration):
    replaces = [
        ('retention', '0001_initial'),
        ('retention', '0002_suspects'),
        ('retention', '0003_lean_keys'),
        ('retention', '0004_brake'),
        ('retention', '0005_usage_habits'),
        ('retention', '0006_usage_files'),
        ('retention', '0007_awaiting'),
        ('retention', '0008_usage_index'),
    ]

    dependencies = [
        ('crm', '0001_squashed_0053_importdoor'),
    ]

    operations = [
        CreateTables([
            *usage.TABLES,
            *workflows.TABLES,
        ]),
    ]
