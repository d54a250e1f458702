-- Reversals: never more of any leg than there was. The check waits for the end of the transaction, when its entries
-- are there, and takes the original's key, so that two reversals cannot pass it side by side.

CREATE FUNCTION ledger_lock_key(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    locked ledger_key%ROWTYPE;
BEGIN
    SELECT * INTO locked FROM ledger_key k WHERE k.key = request ->> 'key' FOR UPDATE;
    RETURN jsonb_build_object('transaction_id', locked.transaction_id);
END $$;

CREATE FUNCTION ledger_check_reversal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    original ledger_transaction%ROWTYPE;
BEGIN
    SELECT * INTO original FROM ledger_transaction t WHERE t.id = NEW.reverses_id;
    PERFORM FROM ledger_key k WHERE k.key = original.key FOR UPDATE;
    IF EXISTS (
        SELECT FROM (
            SELECT e.account_id, sum(greatest(e.amount_minor, 0)) AS debits, sum(least(e.amount_minor, 0)) AS credits
            FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
            WHERE t.reverses_id = NEW.reverses_id GROUP BY e.account_id
        ) reversed
        LEFT JOIN (
            SELECT e.account_id, sum(greatest(e.amount_minor, 0)) AS debits, sum(least(e.amount_minor, 0)) AS credits
            FROM ledger_entry e WHERE e.transaction_id = NEW.reverses_id GROUP BY e.account_id
        ) there ON there.account_id = reversed.account_id
        WHERE reversed.debits > -coalesce(there.credits, 0) OR -reversed.credits > coalesce(there.debits, 0)
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'LG009', MESSAGE = format('%s takes back more than %s has', NEW.key, original.key),
            DETAIL = jsonb_build_object('key', NEW.key, 'original', original.key)::text;
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_transaction_reverses_no_more_than_there_is AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reverses_id IS NOT NULL) EXECUTE FUNCTION ledger_check_reversal();
