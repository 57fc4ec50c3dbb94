from django.db import migrations


class Migration(migrations.Migration):
    """The table of the cache `default`, as `createcachetable` would make it; of use for minutes only, so not logged."""

    dependencies = [
        ('crm', '0009_contract_renewing'),
    ]

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE crm_signin_limit (
                cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
            CREATE INDEX crm_signin_limit_expires ON crm_signin_limit (expires);
            """,
            "DROP TABLE crm_signin_limit",
        ),
    ]
