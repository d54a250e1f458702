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
-- Tables are named with their schema in place of a pinned search_path, which would cost a fifth of the check.
-- A loop in place of aggregates: setting up a dozen of them costs more than reading three rows.
CREATE FUNCTION ledger_check_entries() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    entry record;
    header record;
    closed_before constant timestamptz := (SELECT b.closed_before FROM public.ledger_book b);
    current_id bigint;
    current_currency char(3);
    total bigint := 0;
    legs integer := 0;
    places integer := 0;
BEGIN
    FOR entry IN
        SELECT a.transaction_id, a.currency, a.amount_minor, a.position, a.effective_at
        FROM added a ORDER BY a.transaction_id, a.currency
    LOOP
        IF current_id IS DISTINCT FROM entry.transaction_id OR current_currency <> entry.currency THEN
            IF total <> 0 THEN
                PERFORM public.ledger_refuse_unbalanced(current_id);
            END IF;
            IF current_id IS DISTINCT FROM entry.transaction_id THEN
                IF legs IS DISTINCT FROM places THEN
                    PERFORM public.ledger_refuse_stray(current_id);
                END IF;
                SELECT t.id, t.legs, t.effective_at, t.key INTO header FROM public.ledger_transaction t
                WHERE t.id = entry.transaction_id AND t.xact = pg_current_xact_id()
                    AND t.id = (SELECT k.transaction_id FROM public.ledger_key k WHERE k.key = t.key);
                IF NOT FOUND THEN
                    PERFORM public.ledger_refuse_stray(entry.transaction_id);
                ELSIF header.effective_at < closed_before THEN
                    RAISE EXCEPTION USING ERRCODE = 'LG007',
                        MESSAGE = format('the books are closed before %s', closed_before),
                        DETAIL = jsonb_build_object('key', header.key, 'closed_before', closed_before)::text;
                END IF;
                legs := header.legs;
                places := 0;
            END IF;
            current_id := entry.transaction_id;
            current_currency := entry.currency;
            total := 0;
        END IF;
        IF entry.position < 1 OR entry.position > legs OR entry.effective_at <> header.effective_at THEN
            PERFORM public.ledger_refuse_stray(current_id);
        END IF;
        total := total + entry.amount_minor;
        places := places + 1;
    END LOOP;
    IF total <> 0 THEN
        PERFORM public.ledger_refuse_unbalanced(current_id);
    ELSIF legs IS DISTINCT FROM places THEN
        PERFORM public.ledger_refuse_stray(current_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_refuse_unbalanced(id bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    key constant text := (SELECT t.key FROM public.ledger_transaction t WHERE t.id = ledger_refuse_unbalanced.id);
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LG002', MESSAGE = format('%s does not balance per currency', coalesce(key, id::text)),
        DETAIL = jsonb_build_object('key', key)::text;
END $$;

CREATE FUNCTION ledger_refuse_stray(id bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LG008',
        MESSAGE = format('entries of transaction %s must come whole, with their header and key', id),
        DETAIL = '{"table": "ledger_entry", "operation": "INSERT"}';
END $$;

CREATE TRIGGER ledger_entry_comes_whole AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();
ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_comes_whole;
