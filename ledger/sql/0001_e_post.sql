-- The one way to write: ledger_post(jsonb), for one posting (an object) or several, all or nothing (an array).
--
-- A posting has exactly these fields: key, kind, subject, actor, description, metadata, effective_at, legs and
-- optionally reverses (the id of a transaction); a leg has account, amount_minor (debit positive), currency, memo.
-- Order of locks: keys by key, new accounts by code, balance rows by account id. Hot accounts take none.

CREATE FUNCTION ledger_open_accounts(postings jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted record;
    rule ledger_chart%ROWTYPE;
    opened bigint;
BEGIN
    FOR wanted IN
        SELECT DISTINCT (l.leg ->> 'account') COLLATE "C" AS code, l.leg ->> 'currency' AS currency
        FROM jsonb_path_query(postings, '$[*].legs[*]') AS l (leg) ORDER BY 1, 2
    LOOP
        SELECT * INTO rule FROM ledger_chart c WHERE wanted.code ~ c.pattern;
        IF NOT FOUND OR NOT EXISTS (SELECT FROM ledger_currency c WHERE c.code = wanted.currency) THEN
            RAISE EXCEPTION USING ERRCODE = 'LG006',
                MESSAGE = format('the chart has no account %s in %s', wanted.code, wanted.currency),
                DETAIL = jsonb_build_object('account', wanted.code, 'currency', wanted.currency)::text;
        END IF;
        INSERT INTO ledger_account (code, currency, type, hot)
        VALUES (wanted.code, wanted.currency, rule.type, rule.hot)
        ON CONFLICT (code, currency) DO NOTHING RETURNING id INTO opened;
        IF FOUND THEN
            INSERT INTO ledger_balance (account_id, floor_minor) VALUES (opened, rule.floor_minor);
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION ledger_refuse_closed(account bigint, posting jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    closed ledger_account%ROWTYPE;
BEGIN
    SELECT * INTO closed FROM ledger_account a WHERE a.id = account;
    RAISE EXCEPTION USING ERRCODE = 'LG005', MESSAGE = format('account %s %s is closed', closed.code, closed.currency),
        DETAIL = jsonb_build_object('key', posting -> 'key', 'account', closed.code, 'currency', closed.currency)::text;
END $$;

-- Refuse a posting that leaves less than the floor, unless the chart lets its kind do so.
CREATE FUNCTION ledger_refuse_overdraft(account bigint, posting jsonb, amount_minor bigint, available_minor bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    crossed record;
BEGIN
    SELECT a.code, a.currency, c.overdraft_kinds INTO crossed
    FROM ledger_account a LEFT JOIN ledger_chart c ON a.code ~ c.pattern WHERE a.id = account;
    IF NOT split_part(posting ->> 'kind', '.', 1) = ANY (crossed.overdraft_kinds) THEN
        RAISE EXCEPTION USING ERRCODE = 'LG004',
            MESSAGE = format('%s %s has %s available, not %s', crossed.code, crossed.currency, available_minor, amount_minor),
            DETAIL = jsonb_build_object('key', posting -> 'key', 'account', crossed.code, 'currency', crossed.currency,
                                        'amount_minor', amount_minor, 'available_minor', available_minor)::text;
    END IF;
END $$;

CREATE FUNCTION ledger_post(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    alone constant boolean := jsonb_typeof(request) = 'object';
    fields constant text[] := '{key,kind,subject,actor,description,metadata,effective_at,legs}';
    postings jsonb := request;
    claim_order integer[] := '{1}';
    posting jsonb;
    content_hash bytea;
    nth integer;
    id bigint;
    known record;
    ids bigint[] := '{}';
    fresh boolean[] := '{}';
    effective timestamptz[] := '{}';
    any_fresh boolean := false;
    -- the legs of all fresh postings, in parallel arrays; cold has the places of those on accounts with a balance row
    leg jsonb;
    account record;
    nths integer[] := '{}';
    positions integer[] := '{}';
    accounts bigint[] := '{}';
    credits boolean[] := '{}';
    amounts bigint[] := '{}';
    currencies char(3)[] := '{}';
    memos text[] := '{}';
    balances bigint[] := '{}';
    versions bigint[] := '{}';
    cold integer[] := '{}';
    state record;
    legs integer := 0;
    place integer;
    first integer;
    last integer;
    delta bigint;
    taken bigint;
    balance bigint;
    available bigint;
    xact constant xid8 := pg_current_xact_id();
    book ledger_book%ROWTYPE;
    posted_at timestamptz;
BEGIN
    IF alone THEN
        postings := jsonb_build_array(request);
    ELSIF jsonb_typeof(request) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION USING ERRCODE = 'LG001', MESSAGE = 'a posting is an object, several are an array', DETAIL = '{}';
    ELSE
        SELECT coalesce(array_agg(p.nth ORDER BY (p.posting ->> 'key') COLLATE "C", p.nth), '{}') INTO claim_order
        FROM jsonb_array_elements(request) WITH ORDINALITY AS p (posting, nth);
    END IF;

    -- Claim each key. A key that another transaction is claiming is waited for, then replayed.
    FOREACH nth IN ARRAY claim_order LOOP
        posting := postings -> (nth - 1);
        IF NOT coalesce(posting ?& fields, false) OR posting - fields - 'reverses' <> '{}'
            OR jsonb_typeof(posting -> 'legs') <> 'array' OR jsonb_typeof(posting -> 'metadata') <> 'object'
            OR jsonb_array_length(posting -> 'legs') NOT BETWEEN 2 AND 1000
            OR jsonb_array_length(jsonb_path_query_array(posting, '$.legs[*].*')) <> 4 * jsonb_array_length(posting -> 'legs')
        THEN
            RAISE EXCEPTION USING ERRCODE = 'LG001',
                MESSAGE = format('a posting has the fields %s and 2 to 1000 legs of account, amount_minor, currency, memo', fields),
                DETAIL = jsonb_build_object('key', posting -> 'key')::text;
        ELSIF length(posting ->> 'key') NOT BETWEEN 1 AND 200 OR length(posting ->> 'subject') NOT BETWEEN 1 AND 200
            OR length(posting ->> 'actor') NOT BETWEEN 1 AND 200 OR length(posting ->> 'kind') > 60
            OR posting ->> 'kind' !~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$'
            OR NOT isfinite((posting ->> 'effective_at')::timestamptz)
        THEN
            RAISE EXCEPTION USING ERRCODE = 'LG001',
                MESSAGE = 'key, subject, actor and kind are short texts, kind of words and dots, effective_at an instant',
                DETAIL = jsonb_build_object('key', posting -> 'key')::text;
        END IF;
        effective[nth] := posting ->> 'effective_at';
        content_hash := sha256(convert_to((posting - 'effective_at')::text || extract(epoch FROM effective[nth])::text, 'UTF8'));
        id := nextval('ledger_transaction_id_seq');
        INSERT INTO ledger_key (key, transaction_id, content_hash)
        VALUES (posting ->> 'key', id, content_hash) ON CONFLICT (key) DO NOTHING;
        IF FOUND THEN
            ids[nth] := id;
            fresh[nth] := true;
            any_fresh := true;
        ELSE
            SELECT k.transaction_id, k.content_hash INTO known FROM ledger_key k WHERE k.key = posting ->> 'key';
            IF NOT FOUND THEN
                RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'the key was posted after this snapshot: try again';
            ELSIF known.content_hash <> content_hash THEN
                RAISE EXCEPTION USING ERRCODE = 'LG003',
                    MESSAGE = format('key %s was posted before with other content', posting ->> 'key'),
                    DETAIL = jsonb_build_object('key', posting -> 'key', 'transaction_id', known.transaction_id)::text;
            END IF;
            ids[nth] := known.transaction_id;
            fresh[nth] := false;
        END IF;
    END LOOP;

    IF any_fresh THEN
        -- Resolve accounts, opening those that are used for the first time.
        FOREACH nth IN ARRAY claim_order LOOP
            CONTINUE WHEN NOT fresh[nth];
            request := postings -> (nth - 1) -> 'legs';
            FOR place IN 1..jsonb_array_length(request) LOOP
                leg := request -> (place - 1);
                SELECT a.id, a.hot, a.type INTO account FROM ledger_account a
                WHERE a.code = leg ->> 'account' AND a.currency = leg ->> 'currency';
                IF NOT FOUND THEN
                    PERFORM ledger_open_accounts(postings);
                    SELECT a.id, a.hot, a.type INTO account FROM ledger_account a
                    WHERE a.code = leg ->> 'account' AND a.currency = leg ->> 'currency';
                    IF NOT FOUND THEN
                        RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'an account was opened after this snapshot: try again';
                    END IF;
                END IF;
                legs := legs + 1;
                nths[legs] := nth;
                positions[legs] := place;
                accounts[legs] := account.id;
                amounts[legs] := (leg ->> 'amount_minor')::bigint;
                currencies[legs] := leg ->> 'currency';
                memos[legs] := leg ->> 'memo';
                balances[legs] := NULL;
                versions[legs] := NULL;
                IF NOT account.hot THEN
                    credits[legs] := account.type IN ('liability', 'equity', 'revenue');
                    cold := cold || legs;
                END IF;
            END LOOP;
        END LOOP;

        -- Move the balance rows, each once, in the order of their ids, and walk their legs for what each posting leaves.
        IF cardinality(cold) > 1 THEN
            SELECT array_agg(c.leg ORDER BY accounts[c.leg], nths[c.leg], positions[c.leg]) INTO cold FROM unnest(cold) AS c (leg);
        END IF;
        first := 1;
        WHILE first <= cardinality(cold) LOOP
            last := first;
            delta := amounts[cold[first]];
            WHILE accounts[cold[last + 1]] = accounts[cold[first]] LOOP
                last := last + 1;
                delta := delta + amounts[cold[last]];
            END LOOP;
            UPDATE ledger_balance b SET balance_minor = b.balance_minor + delta, version = b.version + (last - first + 1)
            WHERE b.account_id = accounts[cold[first]]
            RETURNING b.balance_minor, b.version, b.floor_minor, b.held_minor, b.closed_at INTO state;
            balance := state.balance_minor - delta;
            taken := 0;
            FOR i IN first..last LOOP
                place := cold[i];
                balance := balance + amounts[place];
                balances[place] := balance;
                versions[place] := state.version - (last - i);
                IF state.floor_minor IS NOT NULL THEN
                    taken := taken + CASE WHEN credits[place] THEN amounts[place] ELSE -amounts[place] END;
                    IF i = last OR nths[cold[i + 1]] <> nths[place] THEN
                        available := CASE WHEN credits[place] THEN -balance ELSE balance END - state.held_minor - state.floor_minor;
                        IF taken > 0 AND available < 0 THEN
                            PERFORM ledger_refuse_overdraft(accounts[place], postings -> (nths[place] - 1), taken, available + taken);
                        END IF;
                        taken := 0;
                    END IF;
                END IF;
            END LOOP;
            IF state.closed_at IS NOT NULL THEN
                PERFORM ledger_refuse_closed(accounts[place], postings -> (nths[place] - 1));
            END IF;
            first := last + 1;
        END LOOP;

        -- A restored cluster counts transactions from the start again: open a new epoch before anything is written.
        SELECT * INTO book FROM ledger_book;
        IF book.epoch = book.folded_epoch AND xact < book.folded_xact THEN
            UPDATE ledger_book SET epoch = ledger_book.epoch + 1 WHERE ledger_book.epoch = book.epoch;
            SELECT * INTO book FROM ledger_book;
        END IF;

        posted_at := clock_timestamp();
        INSERT INTO ledger_transaction
            (id, effective_at, posted_at, xact, reverses_id, epoch, legs, key, kind, subject, actor, description, metadata)
        SELECT ids[p.nth], effective[p.nth], posted_at, xact, (p.posting ->> 'reverses')::bigint, book.epoch,
               jsonb_array_length(p.posting -> 'legs'), p.posting ->> 'key', p.posting ->> 'kind', p.posting ->> 'subject',
               p.posting ->> 'actor', p.posting ->> 'description', p.posting -> 'metadata'
        FROM jsonb_array_elements(postings) WITH ORDINALITY AS p (posting, nth) WHERE fresh[p.nth];

        INSERT INTO ledger_entry
            (transaction_id, position, account_id, amount_minor, currency, memo, effective_at, balance_minor, version)
        SELECT ids[l.nth], l.position, l.account_id, l.amount_minor, l.currency, l.memo, effective[l.nth], l.balance_minor, l.version
        FROM unnest(nths, positions, accounts, amounts, currencies, memos, balances, versions)
            AS l (nth, position, account_id, amount_minor, currency, memo, balance_minor, version);
    END IF;

    IF alone THEN
        RETURN jsonb_build_object('transaction_id', ids[1], 'replayed', NOT fresh[1]);
    END IF;
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('transaction_id', r.id, 'replayed', NOT r.fresh) ORDER BY r.nth), '[]')
        FROM unnest(ids, fresh) WITH ORDINALITY AS r (id, fresh, nth)
    );
END $$;

-- Several postings, each for itself: the answer has {transaction_id, replayed} or {key, sqlstate, message, detail,
-- constraint} in the place of each. The whole is tried at once first, so that a batch without a bad posting costs no more.
CREATE FUNCTION ledger_post_each(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    answers jsonb := '[]';
    posting jsonb;
    message text;
    detail text;
    constraint_name text;
BEGIN
    BEGIN
        RETURN ledger_post(request);
    EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE !~ '^(LG|22|23)' OR jsonb_typeof(request) IS DISTINCT FROM 'array' THEN
            RAISE;
        END IF;
    END;
    -- Locked in the order of ids before the first is tried alone, so that two such batches cannot lock each other out.
    PERFORM FROM ledger_balance b WHERE b.account_id IN (
        SELECT a.id FROM jsonb_path_query(request, '$[*].legs[*]') AS l (leg)
        JOIN ledger_account a ON a.code = l.leg ->> 'account' AND a.currency = l.leg ->> 'currency' WHERE NOT a.hot
    ) ORDER BY b.account_id FOR UPDATE;
    FOR posting IN SELECT jsonb_array_elements(request) LOOP
        BEGIN
            answers := answers || ledger_post(posting);
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE !~ '^(LG|22|23)' THEN
                RAISE;
            END IF;
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, constraint_name = CONSTRAINT_NAME;
            answers := answers || jsonb_build_object('key', posting -> 'key', 'sqlstate', SQLSTATE, 'message', message,
                                                     'detail', detail, 'constraint', constraint_name);
        END;
    END LOOP;
    RETURN answers;
END $$;
