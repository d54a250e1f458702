-- The balance that the ledger itself had at an instant: everything posted up to then, whenever it took effect.
-- On a single-row account posted_at rises with version, since it is stamped under the row's lock, so the last entry is
-- found by halving. On a hot account a fold near the instant is corrected by the transactions around it.

CREATE FUNCTION ledger_balance_recorded(account bigint, at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp 
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    base ledger_fold%ROWTYPE;
    bound ledger_fold%ROWTYPE;
    total bigint;
    low bigint := 0;
    high bigint;
    middle bigint;
    is_hot boolean;
BEGIN
    SELECT a.hot, b.version INTO is_hot, high FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id WHERE a.id = account;
    IF is_hot THEN
        SELECT * INTO base FROM ledger_fold f WHERE f.folded_at <= at ORDER BY f.folded_at DESC LIMIT 1;
        SELECT * INTO bound FROM ledger_fold f WHERE f.folded_at > at ORDER BY f.folded_at LIMIT 1;
        SELECT f.balance_minor INTO total FROM ledger_fold_balance f
        WHERE f.account_id = account AND f.fold_id <= base.id ORDER BY f.fold_id DESC LIMIT 1;
        RETURN coalesce(total, 0) + (
            SELECT coalesce(sum(e.amount_minor), 0) FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
            WHERE (t.epoch, t.xact) >= (coalesce(base.epoch, 0), coalesce(base.xact, '0'))
                AND (t.epoch, t.xact) < (coalesce(bound.epoch, 2147483647), coalesce(bound.next_xact, '0'))
                AND t.posted_at <= at AND e.account_id = account
        );
    END IF;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT t.posted_at FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
            WHERE e.account_id = account AND e.version = middle) <= at THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN coalesce((SELECT e.balance_minor FROM ledger_entry e WHERE e.account_id = account AND e.version = low), 0);
END $$;
