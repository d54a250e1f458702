-- What may change about an account: its floor, its metadata, and that it closes. Each change is a row of history.

CREATE TABLE ledger_account_change (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    floor_minor bigint,
    closed_at timestamptz,
    epoch integer NOT NULL,
    actor text NOT NULL,
    metadata jsonb NOT NULL,
    CONSTRAINT ledger_account_change_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_account_change_account_fkey FOREIGN KEY (account_id) REFERENCES ledger_account (id),
    CONSTRAINT ledger_account_change_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);
CREATE INDEX ledger_account_change_account_idx ON ledger_account_change (account_id, id);
CREATE INDEX ledger_account_change_xact_idx ON ledger_account_change (epoch, xact);

-- request: account, currency, actor, and any of floor_minor (null: none), metadata, closed (true).
CREATE FUNCTION ledger_change_account(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    account ledger_account%ROWTYPE;
    state ledger_balance%ROWTYPE;
    natural_minor bigint;
    about constant jsonb := jsonb_build_object('account', request -> 'account', 'currency', request -> 'currency');
BEGIN
    SELECT * INTO account FROM ledger_account a WHERE a.code = request ->> 'account' AND a.currency = request ->> 'currency';
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'LG006', MESSAGE = format('there is no account %s', request ->> 'account'), DETAIL = about::text;
    END IF;
    SELECT * INTO state FROM ledger_balance b WHERE b.account_id = account.id FOR UPDATE;
    IF state.closed_at IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LG005', MESSAGE = format('account %s is closed', account.code), DETAIL = about::text;
    ELSIF account.hot AND (request ? 'floor_minor' OR request @> '{"closed": true}') THEN
        RAISE EXCEPTION USING ERRCODE = 'LG010',
            MESSAGE = format('%s takes no lock when posted to, so it has no floor and never closes', account.code), DETAIL = about::text;
    ELSIF request @> '{"closed": true}' AND (state.balance_minor <> 0 OR state.held_minor <> 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'LG010',
            MESSAGE = format('%s holds %s, so it cannot close', account.code, state.balance_minor), DETAIL = about::text;
    END IF;
    IF request ? 'floor_minor' THEN
        state.floor_minor := (request ->> 'floor_minor')::bigint;
        natural_minor := CASE WHEN account.type IN ('asset', 'expense') THEN state.balance_minor ELSE -state.balance_minor END;
        IF natural_minor - state.held_minor < state.floor_minor THEN
            RAISE EXCEPTION USING ERRCODE = 'LG004', MESSAGE = format('%s is below such a floor', account.code),
                DETAIL = (about || jsonb_build_object('amount_minor', state.floor_minor, 'available_minor', natural_minor - state.held_minor))::text;
        END IF;
    END IF;
    state.metadata := coalesce(request -> 'metadata', state.metadata);
    state.closed_at := CASE WHEN request @> '{"closed": true}' THEN clock_timestamp() END;
    UPDATE ledger_balance b SET floor_minor = state.floor_minor, metadata = state.metadata, closed_at = state.closed_at
    WHERE b.account_id = account.id;
    INSERT INTO ledger_account_change (account_id, floor_minor, metadata, closed_at, actor, epoch)
    SELECT account.id, state.floor_minor, state.metadata, state.closed_at, request ->> 'actor', b.epoch FROM ledger_book b;
    RETURN about;
END $$;

-- Closed periods. Postings under way end first (they hold a lock on ledger_transaction), later ones see the new date.
CREATE TABLE ledger_period (
    id bigint GENERATED ALWAYS AS IDENTITY,
    closed_before timestamptz NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    epoch integer NOT NULL,
    actor text NOT NULL,
    CONSTRAINT ledger_period_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_period_closed_before_key UNIQUE (closed_before)
);

CREATE FUNCTION ledger_close_period(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before constant timestamptz := request ->> 'closed_before';
    book ledger_book%ROWTYPE;
BEGIN
    LOCK TABLE ledger_transaction IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO book FROM ledger_book FOR UPDATE;
    IF before <= book.closed_before THEN
        RAISE EXCEPTION USING ERRCODE = 'LG007', MESSAGE = format('the books are closed before %s already', book.closed_before),
            DETAIL = jsonb_build_object('closed_before', book.closed_before)::text;
    END IF;
    UPDATE ledger_book SET closed_before = before;
    INSERT INTO ledger_period (closed_before, actor, epoch) VALUES (before, request ->> 'actor', book.epoch);
    RETURN jsonb_build_object('closed_before', before);
END $$;
