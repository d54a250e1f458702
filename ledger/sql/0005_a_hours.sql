-- Totals by hour for hot accounts, which can have any number of entries in a day: a balance as of an instant is the days
-- before, the hours before, and the entries of that hour. Kept up by the fold, in the same commit as the days.

CREATE TABLE ledger_hourly_total (
    account_id bigint NOT NULL,
    hour timestamptz NOT NULL,
    debit_minor numeric(30) NOT NULL,
    credit_minor numeric(30) NOT NULL,
    entries bigint NOT NULL,
    CONSTRAINT ledger_hourly_total_pkey PRIMARY KEY (account_id, hour),
    CONSTRAINT ledger_hourly_total_account_fkey FOREIGN KEY (account_id) REFERENCES ledger_account (id)
) WITH (fillfactor = 70);
CREATE TRIGGER ledger_hourly_total_keeps_its_rows BEFORE DELETE OR TRUNCATE ON ledger_hourly_total
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE ledger_hourly_total ENABLE ALWAYS TRIGGER ledger_hourly_total_keeps_its_rows;

-- What is folded already, with no fold beside it; postings go on.
DO $$
BEGIN
    PERFORM FROM ledger_book FOR UPDATE;
    INSERT INTO ledger_hourly_total (account_id, hour, debit_minor, credit_minor, entries)
    SELECT e.account_id, date_trunc('hour', e.effective_at, 'UTC'), sum(greatest(e.amount_minor, 0)), -sum(least(e.amount_minor, 0)), count(*)
    FROM ledger_book b
    JOIN ledger_transaction t ON (t.epoch, t.xact) < (b.folded_epoch, b.folded_xact)
    JOIN ledger_entry e ON e.transaction_id = t.id
    JOIN ledger_account a ON a.id = e.account_id AND a.hot
    GROUP BY e.account_id, date_trunc('hour', e.effective_at, 'UTC');
END $$;

CREATE OR REPLACE FUNCTION ledger_fold() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    book ledger_book%ROWTYPE;
    upto xid8;
    taken_at timestamptz;
    next_xact xid8;
    fold_id bigint;
    moved bigint;
BEGIN
    SELECT * INTO book FROM ledger_book FOR UPDATE;
    upto := pg_snapshot_xmin(pg_current_snapshot());
    IF book.epoch = book.folded_epoch AND upto < book.folded_xact THEN
        book.epoch := book.epoch + 1;  -- the cluster was restored and counts from the start again
    END IF;
    taken_at := clock_timestamp();
    next_xact := pg_snapshot_xmax(pg_current_snapshot());
    IF EXISTS (
        SELECT FROM ledger_transaction t
        WHERE (t.epoch, t.xact) >= (book.folded_epoch, book.folded_xact) AND (t.epoch, t.xact) < (book.epoch, upto)
    ) THEN
        INSERT INTO ledger_fold (folded_at, epoch, xact, next_xact) VALUES (taken_at, book.epoch, upto, next_xact)
        RETURNING id INTO fold_id;
    END IF;
    WITH taken AS MATERIALIZED (
        -- by the hour for hot accounts, by the day for the others
        SELECT e.account_id, a.hot, date_trunc(CASE WHEN a.hot THEN 'hour' ELSE 'day' END, e.effective_at, 'UTC') AS since,
               count(*) AS entries, sum(e.amount_minor) AS amount_minor, sum(greatest(e.amount_minor, 0)) AS debit_minor
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.transaction_id = t.id
        JOIN ledger_account a ON a.id = e.account_id
        WHERE (t.epoch, t.xact) >= (book.folded_epoch, book.folded_xact) AND (t.epoch, t.xact) < (book.epoch, upto)
        GROUP BY e.account_id, a.hot, since
    ), daily AS (
        INSERT INTO ledger_daily_total AS d (account_id, day, debit_minor, credit_minor, entries)
        SELECT m.account_id, (m.since AT TIME ZONE 'UTC')::date AS day, sum(m.debit_minor), sum(m.debit_minor - m.amount_minor),
               sum(m.entries)
        FROM taken m GROUP BY m.account_id, day
        ON CONFLICT (account_id, day) DO UPDATE
        SET debit_minor = d.debit_minor + excluded.debit_minor, credit_minor = d.credit_minor + excluded.credit_minor,
            entries = d.entries + excluded.entries
    ), hourly AS (
        INSERT INTO ledger_hourly_total AS h (account_id, hour, debit_minor, credit_minor, entries)
        SELECT m.account_id, m.since, m.debit_minor, m.debit_minor - m.amount_minor, m.entries FROM taken m WHERE m.hot
        ON CONFLICT (account_id, hour) DO UPDATE
        SET debit_minor = h.debit_minor + excluded.debit_minor, credit_minor = h.credit_minor + excluded.credit_minor,
            entries = h.entries + excluded.entries
    ), folded AS (
        UPDATE ledger_balance b SET balance_minor = b.balance_minor + h.amount_minor, version = b.version + h.entries
        FROM (SELECT m.account_id, sum(m.amount_minor) AS amount_minor, sum(m.entries) AS entries
              FROM taken m WHERE m.hot GROUP BY m.account_id) h
        WHERE b.account_id = h.account_id RETURNING b.account_id, b.balance_minor
    ), kept AS (
        INSERT INTO ledger_fold_balance (account_id, fold_id, balance_minor)
        SELECT f.account_id, fold_id, f.balance_minor FROM folded f
    )
    SELECT coalesce(sum(m.entries), 0) INTO moved FROM taken m;
    UPDATE ledger_book b SET
        epoch = book.epoch, folded_epoch = book.epoch, folded_xact = upto,
        final_before = CASE WHEN upto >= book.probe_xact OR book.epoch > book.folded_epoch THEN book.probe_at ELSE b.final_before END,
        probe_at = CASE WHEN upto >= book.probe_xact OR book.epoch > book.folded_epoch THEN taken_at ELSE b.probe_at END,
        probe_xact = CASE WHEN upto >= book.probe_xact OR book.epoch > book.folded_epoch THEN next_xact ELSE b.probe_xact END;
    RETURN jsonb_build_object('entries', moved, 'fold_id', fold_id);
END $$;
