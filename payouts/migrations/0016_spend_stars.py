from django.db import migrations

# A gift of Stars in one statement: take them off the wallet if they are there, write what was given, and post it.
SPEND = """
CREATE FUNCTION payouts_spend_stars(gift jsonb) RETURNS jsonb LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    wanted bigint := (gift->>'stars')::bigint;
    number_from bigint;
    purse payouts_wallet%ROWTYPE;
BEGIN
    UPDATE payouts_wallet SET spent = spent + wanted
    WHERE user_id = (gift->>'user_id')::uuid AND NOT is_frozen AND bought - spent >= wanted
    RETURNING spent - wanted INTO number_from;
    IF NOT FOUND THEN
        SELECT * INTO purse FROM payouts_wallet WHERE user_id = (gift->>'user_id')::uuid;
        RETURN jsonb_build_object('start', NULL, 'balance', coalesce(purse.bought - purse.spent, 0));
    END IF;
    INSERT INTO payouts_starspend (id, wallet_id, subject, title, start, stop, spent_at, hold_until)
    VALUES ((gift->>'id')::uuid, (gift->>'user_id')::uuid, gift->>'subject', gift->>'title', number_from,
            number_from + wanted, (gift->>'spent_at')::timestamptz, (gift->>'hold_until')::timestamptz);
    INSERT INTO payouts_starshare (spend_id, payee_id, weight, position, amount_minor)
    SELECT (gift->>'id')::uuid, (share.value->>'payee_id')::uuid, (share.value->>'weight')::integer,
           share.ordinality - 1, (share.value->>'amount_minor')::bigint
    FROM jsonb_array_elements(gift->'shares') WITH ORDINALITY AS share;
    PERFORM ledger_post(gift->'posting');
    RETURN jsonb_build_object('start', number_from);
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0015_wallet_checks"), ("ledger", "0002_engine")]

    operations = [migrations.RunSQL(SPEND, "DROP FUNCTION payouts_spend_stars(jsonb)")]
