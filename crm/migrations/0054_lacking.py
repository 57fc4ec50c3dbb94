"""Files of chats are fetched apart from all else that comes in, and messages say what of them is not here."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_squashed_0053_importdoor")]

    operations = [
        migrations.AddField(
            model_name="inboundpayload", name="fetches", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="ticketmessage", name="lacking", field=models.JSONField(db_default=[], default=list)
        ),
        # What waits to be fetched now, and what somebody may have read again.
        migrations.RunSQL(
            "UPDATE crm_inboundpayload SET fetches = true WHERE kind = 'chat.medium'", migrations.RunSQL.noop
        ),
    ]
