-- Folding: one job takes the transactions that no late commit can join any more, adds their entries on hot accounts to
-- the balances and everybody's to the daily totals, and moves the watermark in the same commit.

-- probe_at, probe_xact: when every transaction below probe_xact has ended, nothing can be posted at or before probe_at
-- any more, and final_before becomes probe_at.
ALTER TABLE ledger_book
    ADD COLUMN final_before timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN probe_at timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN probe_xact xid8 NOT NULL DEFAULT '0';

CREATE TABLE ledger_daily_total (
    account_id bigint NOT NULL,
    debit_minor numeric(30) NOT NULL,
    credit_minor numeric(30) NOT NULL,
    entries bigint NOT NULL,
    day date NOT NULL,
    CONSTRAINT ledger_daily_total_pkey PRIMARY KEY (account_id, day),
    CONSTRAINT ledger_daily_total_account_fkey FOREIGN KEY (account_id) REFERENCES ledger_account (id)
) WITH (fillfactor = 70);

-- Which transactions had been folded at which instant: those below (epoch, xact). Every transaction posted at or
-- before folded_at is below (epoch, next_xact).
CREATE TABLE ledger_fold (
    id bigint GENERATED ALWAYS AS IDENTITY,
    folded_at timestamptz NOT NULL,
    xact xid8 NOT NULL,
    next_xact xid8 NOT NULL,
    epoch integer NOT NULL,
    CONSTRAINT ledger_fold_pkey PRIMARY KEY (id)
);
CREATE INDEX ledger_fold_folded_at_idx ON ledger_fold (folded_at);

CREATE TABLE ledger_fold_balance (
    account_id bigint NOT NULL,
    fold_id bigint NOT NULL,
    balance_minor bigint NOT NULL,
    CONSTRAINT ledger_fold_balance_pkey PRIMARY KEY (account_id, fold_id),
    CONSTRAINT ledger_fold_balance_account_fkey FOREIGN KEY (account_id) REFERENCES ledger_account (id),
    CONSTRAINT ledger_fold_balance_fold_fkey FOREIGN KEY (fold_id) REFERENCES ledger_fold (id)
);

-- The tail: transactions that no fold has taken yet. The planner takes "above the watermark" for a third of history and
-- would read it all; a function tells it that the tail is short. It reads in its caller's snapshot (STABLE).
CREATE FUNCTION ledger_tail() RETURNS TABLE (id bigint, effective_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    book ledger_book%ROWTYPE;
BEGIN
    SELECT * INTO book FROM ledger_book;
    RETURN QUERY SELECT t.id, t.effective_at FROM ledger_transaction t
    WHERE (t.epoch, t.xact) >= (book.folded_epoch, book.folded_xact);
END $$;

CREATE FUNCTION ledger_fold() RETURNS jsonb
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
        SELECT e.account_id, a.hot, (e.effective_at AT TIME ZONE 'UTC')::date AS day, count(*) AS entries,
               sum(e.amount_minor) AS amount_minor, sum(greatest(e.amount_minor, 0)) AS debit_minor
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.transaction_id = t.id
        JOIN ledger_account a ON a.id = e.account_id
        WHERE (t.epoch, t.xact) >= (book.folded_epoch, book.folded_xact) AND (t.epoch, t.xact) < (book.epoch, upto)
        GROUP BY e.account_id, a.hot, day
    ), daily AS (
        INSERT INTO ledger_daily_total AS d (account_id, day, debit_minor, credit_minor, entries)
        SELECT m.account_id, m.day, m.debit_minor, m.debit_minor - m.amount_minor, m.entries FROM taken m
        ON CONFLICT (account_id, day) DO UPDATE
        SET debit_minor = d.debit_minor + excluded.debit_minor, credit_minor = d.credit_minor + excluded.credit_minor,
            entries = d.entries + excluded.entries
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
