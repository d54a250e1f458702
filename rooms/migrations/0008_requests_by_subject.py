from django.db import migrations, models


class Migration(migrations.Migration):
    # Keys live for a day, so the table is small.

    dependencies = [("rooms", "0007_disputed_tickets")]

    operations = [
        migrations.AddField(
            model_name="idempotentrequest",
            name="subject",
            field=models.CharField(default="", max_length=120),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE rooms_idempotentrequest SET subject = 'ticket:' || ticket_id",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveField(model_name="idempotentrequest", name="ticket"),
    ]
