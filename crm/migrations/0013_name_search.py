from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations

from crm.segments.filters.operators import Folded


def _search(column):
    """As the filter language writes it, so that one index serves the search and “name contains”."""
    return GinIndex(OpClass(Folded(column), "gin_trgm_ops"), name=f"account_{column}_search")


class Migration(migrations.Migration):
    dependencies = [("crm", "0012_alarm")]

    operations = [
        migrations.RemoveIndex("account", "account_name_search"),
        migrations.RemoveIndex("account", "account_domain_search"),
        migrations.AddIndex("account", _search("name")),
        migrations.AddIndex("account", _search("domain")),
    ]
