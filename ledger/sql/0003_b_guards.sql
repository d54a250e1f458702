-- An entry's transaction and account are checked by the statement trigger that looks at every entry anyway, in place of
-- two foreign keys. A foreign key asks for each row by itself, and locks the row it finds: for a hot account, which every
-- sale names, that is a lock shared by all sessions under way (a multixact) and a write to its page with every posting.
-- The guarantee is the same, since what is referred to can neither change nor go: ledger_transaction and ledger_account
-- refuse UPDATE, DELETE and TRUNCATE to everybody. docs/decisions/107 has the measurements.
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_transaction_fkey, DROP CONSTRAINT ledger_entry_account_fkey;

-- As before, and: an entry's account is there, in the entry's currency.
CREATE OR REPLACE FUNCTION ledger_check_entries() RETURNS trigger
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
        SELECT a.transaction_id, a.currency, a.amount_minor, a.position, a.effective_at, c.known
        FROM added a
        LEFT JOIN LATERAL (
            SELECT true AS known FROM public.ledger_account c WHERE c.id = a.account_id AND c.currency = a.currency LIMIT 1
        ) c ON true
        ORDER BY a.transaction_id, a.currency
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
        IF entry.known IS NULL OR entry.position < 1 OR entry.position > legs OR entry.effective_at <> header.effective_at THEN
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

CREATE OR REPLACE FUNCTION ledger_refuse_stray(id bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LG008',
        MESSAGE = format('entries of transaction %s must come whole, with their header, their key and their accounts', id),
        DETAIL = '{"table": "ledger_entry", "operation": "INSERT"}';
END $$;
