-- Holds: part of an available balance reserved by immutable rows. What a hold still reserves is counted in
-- ledger_balance.held_minor, so that the floor is met at the moment of placing and no posting can take it.

CREATE TABLE ledger_hold (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id bigint NOT NULL,
    hold_id bigint,
    transaction_id bigint,
    amount_minor bigint NOT NULL,
    expires_at timestamptz,
    held_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    epoch integer NOT NULL,
    step text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    CONSTRAINT ledger_hold_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_hold_key_key UNIQUE (key),
    CONSTRAINT ledger_hold_account_fkey FOREIGN KEY (account_id) REFERENCES ledger_account (id),
    CONSTRAINT ledger_hold_hold_fkey FOREIGN KEY (hold_id) REFERENCES ledger_hold (id),
    CONSTRAINT ledger_hold_transaction_fkey FOREIGN KEY (transaction_id) REFERENCES ledger_transaction (id),
    CONSTRAINT ledger_hold_amount_check CHECK (amount_minor BETWEEN 1 AND 1000000000000000),
    CONSTRAINT ledger_hold_step_check CHECK (
        (step = 'place') = (hold_id IS NULL) AND (step = 'capture') = (transaction_id IS NOT NULL)
        AND step IN ('place', 'capture', 'release', 'expire')
    )
);
CREATE INDEX ledger_hold_hold_idx ON ledger_hold (hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX ledger_hold_xact_idx ON ledger_hold (epoch, xact);

-- The holds that still reserve something: what the immutable rows come to.
CREATE TABLE ledger_open_hold (
    hold_id bigint NOT NULL,
    remaining_minor bigint NOT NULL,
    expires_at timestamptz,
    CONSTRAINT ledger_open_hold_pkey PRIMARY KEY (hold_id),
    CONSTRAINT ledger_open_hold_hold_fkey FOREIGN KEY (hold_id) REFERENCES ledger_hold (id),
    CONSTRAINT ledger_open_hold_remaining_check CHECK (remaining_minor > 0)
);
CREATE INDEX ledger_open_hold_expires_idx ON ledger_open_hold (expires_at);

-- request: key, account, currency, amount_minor, expires_at (or null), subject. Replays on the same key.
CREATE FUNCTION ledger_place_hold(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    account ledger_account%ROWTYPE;
    state ledger_balance%ROWTYPE;
    known ledger_hold%ROWTYPE;
    wanted constant bigint := (request ->> 'amount_minor')::bigint;
    expires constant timestamptz := request ->> 'expires_at';
    available bigint;
    new_id bigint;
BEGIN
    SELECT * INTO account FROM ledger_account a WHERE a.code = request ->> 'account' AND a.currency = request ->> 'currency';
    IF NOT FOUND OR account.hot THEN
        RAISE EXCEPTION USING ERRCODE = 'LG006', MESSAGE = format('%s cannot be held on', request ->> 'account'),
            DETAIL = jsonb_build_object('account', request -> 'account', 'currency', request -> 'currency', 'key', request -> 'key')::text;
    END IF;
    SELECT * INTO state FROM ledger_balance b WHERE b.account_id = account.id FOR UPDATE;
    SELECT * INTO known FROM ledger_hold h WHERE h.key = request ->> 'key';
    IF FOUND THEN
        IF (known.step, known.account_id, known.amount_minor, known.subject) IS DISTINCT FROM ('place', account.id, wanted, request ->> 'subject')
            OR known.expires_at IS DISTINCT FROM expires THEN
            RAISE EXCEPTION USING ERRCODE = 'LG003', MESSAGE = format('hold %s was placed before with other content', known.key),
                DETAIL = jsonb_build_object('key', known.key, 'hold_id', known.id)::text;
        END IF;
        RETURN jsonb_build_object('hold_id', known.id, 'replayed', true);
    END IF;
    IF state.closed_at IS NOT NULL THEN
        PERFORM ledger_refuse_closed(account.id, request);
    END IF;
    available := CASE WHEN account.type IN ('asset', 'expense') THEN state.balance_minor ELSE -state.balance_minor END
        - state.held_minor - coalesce(state.floor_minor, 0);
    IF available < wanted THEN
        RAISE EXCEPTION USING ERRCODE = 'LG004',
            MESSAGE = format('%s %s has %s available, not %s', account.code, account.currency, available, wanted),
            DETAIL = jsonb_build_object('key', request -> 'key', 'account', account.code, 'currency', account.currency,
                                        'amount_minor', wanted, 'available_minor', available)::text;
    END IF;
    INSERT INTO ledger_hold (step, key, account_id, amount_minor, expires_at, subject, epoch)
    SELECT 'place', request ->> 'key', account.id, wanted, expires, request ->> 'subject', b.epoch FROM ledger_book b
    RETURNING id INTO new_id;
    INSERT INTO ledger_open_hold (hold_id, remaining_minor, expires_at) VALUES (new_id, wanted, expires);
    UPDATE ledger_balance b SET held_minor = b.held_minor + wanted WHERE b.account_id = account.id;
    RETURN jsonb_build_object('hold_id', new_id, 'replayed', false);
END $$;

-- Take part of a hold away: its balance row is locked, the part is subtracted and written down.
CREATE FUNCTION ledger_reduce_hold(placed_key text, part_key text, part_step text, part bigint, transaction bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    placed ledger_hold%ROWTYPE;
    left_minor bigint;
BEGIN
    SELECT * INTO placed FROM ledger_hold h WHERE h.key = placed_key AND h.step = 'place';
    PERFORM FROM ledger_balance b WHERE b.account_id = placed.account_id FOR UPDATE;
    SELECT o.remaining_minor INTO left_minor FROM ledger_open_hold o WHERE o.hold_id = placed.id;
    part := coalesce(part, left_minor);
    IF left_minor IS NULL OR part > left_minor THEN
        RAISE EXCEPTION USING ERRCODE = 'LG011', MESSAGE = format('hold %s has %s left, not %s', placed_key, coalesce(left_minor, 0), part),
            DETAIL = jsonb_build_object('key', part_key, 'hold', placed_key, 'remaining_minor', coalesce(left_minor, 0))::text;
    END IF;
    INSERT INTO ledger_hold (step, key, account_id, hold_id, amount_minor, subject, transaction_id, epoch)
    SELECT part_step, part_key, placed.account_id, placed.id, part, placed.subject, transaction, b.epoch FROM ledger_book b;
    IF part = left_minor THEN
        DELETE FROM ledger_open_hold o WHERE o.hold_id = placed.id;
    ELSE
        UPDATE ledger_open_hold o SET remaining_minor = o.remaining_minor - part WHERE o.hold_id = placed.id;
    END IF;
    UPDATE ledger_balance b SET held_minor = b.held_minor - part WHERE b.account_id = placed.account_id;
    RETURN part;
END $$;

-- request: hold (the key it was placed under), posting. What the posting takes from the held account is captured.
CREATE FUNCTION ledger_capture_hold(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    posting constant jsonb := request -> 'posting';
    held record;
    captured bigint;
    new_id bigint;
BEGIN
    SELECT a.code, a.currency, a.type, b.held_minor, h.account_id INTO held
    FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id JOIN ledger_balance b ON b.account_id = a.id
    WHERE h.key = request ->> 'hold' AND h.step = 'place' FOR UPDATE OF b;
    IF EXISTS (SELECT FROM ledger_key k WHERE k.key = posting ->> 'key') THEN
        RETURN ledger_post(posting);  -- a replay, or a conflict
    END IF;
    SELECT -sum((l.leg ->> 'amount_minor')::bigint * CASE WHEN held.type IN ('asset', 'expense') THEN 1 ELSE -1 END) INTO captured
    FROM jsonb_array_elements(posting -> 'legs') AS l (leg)
    WHERE l.leg ->> 'account' = held.code AND l.leg ->> 'currency' = held.currency;
    IF coalesce(captured, 0) <= 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'LG011', MESSAGE = format('posting %s takes nothing from hold %s', posting ->> 'key', request ->> 'hold'),
            DETAIL = jsonb_build_object('key', posting -> 'key', 'hold', request -> 'hold', 'remaining_minor', 0)::text;
    END IF;
    -- Freed first, so that the floor sees it; the row names the transaction, so it is written after the posting.
    UPDATE ledger_balance b SET held_minor = b.held_minor - least(captured, held.held_minor) WHERE b.account_id = held.account_id;
    new_id := ledger_post(posting) -> 'transaction_id';
    UPDATE ledger_balance b SET held_minor = b.held_minor + least(captured, held.held_minor) WHERE b.account_id = held.account_id;
    PERFORM ledger_reduce_hold(request ->> 'hold', posting ->> 'key', 'capture', captured, new_id);
    RETURN jsonb_build_object('transaction_id', new_id, 'replayed', false);
END $$;

-- request: hold, key, amount_minor (or null for all that is left).
CREATE FUNCTION ledger_release_hold(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    known ledger_hold%ROWTYPE;
    released bigint;
BEGIN
    PERFORM FROM ledger_balance b JOIN ledger_hold h ON h.account_id = b.account_id WHERE h.key = request ->> 'hold' FOR UPDATE OF b;
    SELECT * INTO known FROM ledger_hold h WHERE h.key = request ->> 'key';
    IF FOUND THEN
        RETURN jsonb_build_object('amount_minor', known.amount_minor, 'replayed', true);
    END IF;
    released := ledger_reduce_hold(request ->> 'hold', request ->> 'key', 'release', (request ->> 'amount_minor')::bigint, NULL);
    RETURN jsonb_build_object('amount_minor', released, 'replayed', false);
END $$;

-- Release what holds past their time still reserve; the caller says what time it is.
CREATE FUNCTION ledger_expire_holds(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    due record;
    expired integer := 0;
BEGIN
    PERFORM FROM ledger_balance b WHERE b.account_id IN (
        SELECT h.account_id FROM ledger_open_hold o JOIN ledger_hold h ON h.id = o.hold_id
        WHERE o.expires_at <= (request ->> 'now')::timestamptz
    ) ORDER BY b.account_id FOR UPDATE;
    FOR due IN
        SELECT h.key FROM ledger_open_hold o JOIN ledger_hold h ON h.id = o.hold_id JOIN ledger_balance b ON b.account_id = h.account_id
        WHERE o.expires_at <= (request ->> 'now')::timestamptz ORDER BY h.account_id, h.id
    LOOP
        PERFORM ledger_reduce_hold(due.key, 'expire:' || due.key, 'expire', NULL, NULL);
        expired := expired + 1;
    END LOOP;
    RETURN jsonb_build_object('expired', expired);
END $$;
