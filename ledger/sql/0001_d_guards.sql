-- What holds under any client, the owner's plain SQL included.

CREATE FUNCTION ledger_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LG008',
        MESSAGE = format('%s is append-only: %s refused', TG_TABLE_NAME, TG_OP),
        DETAIL = jsonb_build_object('table', TG_TABLE_NAME, 'operation', TG_OP)::text;
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_account', 'ledger_key', 'ledger_transaction', 'ledger_entry'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %1$s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER %1$s_is_append_only', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['ledger_balance', 'ledger_book'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_keeps_its_rows BEFORE DELETE OR TRUNCATE ON %1$s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER %1$s_keeps_its_rows', name);
    END LOOP;
END $$;

-- One statement must bring all entries of its transactions, balanced per currency, in the database transaction that
-- wrote the header, under the header's key, and not in a closed period. By statement, over the transition table:
-- a row trigger would cost more and see less.
CREATE FUNCTION ledger_check_entries() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT g.transaction_id, g.legs, g.unbalanced, t.id, t.key,
               t.legs IS DISTINCT FROM g.legs
                   OR t.effective_at IS DISTINCT FROM g.first_at
                   OR t.effective_at IS DISTINCT FROM g.last_at
                   OR t.xact IS DISTINCT FROM pg_current_xact_id()
                   OR (SELECT k.transaction_id FROM ledger_key k WHERE k.key = t.key) IS DISTINCT FROM t.id AS foreign_to_header,
               t.effective_at < b.closed_before AS closed, b.closed_before
        FROM (
            SELECT c.transaction_id, sum(c.legs) AS legs, bool_or(c.total <> 0) AS unbalanced,
                   min(c.first_at) AS first_at, max(c.last_at) AS last_at
            FROM (
                SELECT transaction_id, currency, count(*) AS legs, sum(amount_minor) AS total,
                       min(effective_at) AS first_at, max(effective_at) AS last_at
                FROM added GROUP BY transaction_id, currency
            ) c GROUP BY c.transaction_id
        ) g
        CROSS JOIN ledger_book b
        LEFT JOIN LATERAL (SELECT * FROM ledger_transaction WHERE id = g.transaction_id LIMIT 1) t ON true
    LOOP
        IF found.unbalanced THEN
            RAISE EXCEPTION USING ERRCODE = 'LG002',
                MESSAGE = format('transaction %s does not balance per currency', coalesce(found.key, found.transaction_id::text)),
                DETAIL = jsonb_build_object('key', found.key)::text;
        ELSIF found.foreign_to_header THEN
            RAISE EXCEPTION USING ERRCODE = 'LG008',
                MESSAGE = format('entries of transaction %s must come whole, with their header and key', found.transaction_id),
                DETAIL = jsonb_build_object('table', 'ledger_entry', 'operation', 'INSERT')::text;
        ELSIF found.closed THEN
            RAISE EXCEPTION USING ERRCODE = 'LG007',
                MESSAGE = format('the books are closed before %s', found.closed_before),
                DETAIL = jsonb_build_object('key', found.key, 'closed_before', found.closed_before)::text;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entry_comes_whole AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();
ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_comes_whole;
