-- The one way to write: ledger_post(jsonb), for one posting (an object) or several, all or nothing (an array).
--
-- A posting has exactly these fields: key, kind, subject, actor, description, metadata, effective_at, legs and
-- optionally reverses (the id of a transaction); a leg has account, amount_minor (debit positive), currency, memo.
-- Order of locks: keys by key, new accounts by code, balance rows by account id. Hot accounts take none.

CREATE FUNCTION ledger_open_accounts(codes text[], currencies char(3)[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    wanted record;
    rule ledger_chart%ROWTYPE;
    opened bigint;
BEGIN
    FOR wanted IN
        SELECT DISTINCT w.code COLLATE "C" AS code, w.currency FROM unnest(codes, currencies) AS w (code, currency) ORDER BY 1, 2
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
    attempt integer := 0;
    -- the legs of all fresh postings, by account, in parallel arrays
    nths integer[];
    positions integer[];
    codes text[];
    accounts bigint[];
    hots boolean[];
    credits boolean[];
    amounts bigint[];
    currencies char(3)[];
    memos text[];
    balances bigint[] := '{}';
    versions bigint[] := '{}';
    state record;
    legs integer;
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
        IF NOT coalesce(posting ?& fields, false) OR posting - fields - 'reverses' <> '{}' OR jsonb_typeof(posting -> 'legs') <> 'array'
            OR jsonb_array_length(jsonb_path_query_array(posting, '$.legs[*].*')) <> 4 * jsonb_array_length(posting -> 'legs') THEN
            RAISE EXCEPTION USING ERRCODE = 'LG001',
                MESSAGE = format('posting %s has other fields than %s', posting ->> 'key', fields),
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
        LOOP
            SELECT array_agg(l.nth), array_agg(l.position), array_agg(l.account), array_agg(l.id), array_agg(l.hot), array_agg(l.credit),
                   array_agg(l.amount_minor), array_agg(l.currency), array_agg(l.memo), count(*)
            INTO nths, positions, codes, accounts, hots, credits, amounts, currencies, memos, legs
            FROM (
                SELECT p.nth, l.position, l.account, l.amount_minor, l.currency, l.memo, a.id, a.hot, a.credit
                FROM jsonb_array_elements(postings) WITH ORDINALITY AS p (posting, nth)
                CROSS JOIN LATERAL ROWS FROM (
                    jsonb_to_recordset(p.posting -> 'legs') AS (account text, amount_minor bigint, currency text, memo text)
                ) WITH ORDINALITY AS l (account, amount_minor, currency, memo, position)
                LEFT JOIN LATERAL (
                    SELECT a.id, a.hot, a.type IN ('liability', 'equity', 'revenue') AS credit
                    FROM ledger_account a WHERE a.code = l.account AND a.currency = l.currency LIMIT 1
                ) a ON true
                WHERE fresh[p.nth]
                ORDER BY a.id, p.nth, l.position
            ) l;
            EXIT WHEN array_position(accounts, NULL) IS NULL;
            attempt := attempt + 1;
            IF attempt > 1 THEN
                RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'an account was opened after this snapshot: try again';
            END IF;
            PERFORM ledger_open_accounts(codes, currencies);
        END LOOP;

        -- Move the balance rows, each once, in the order of their ids, and walk their legs for what they leave.
        first := 1;
        WHILE first <= legs LOOP
            IF hots[first] THEN
                balances[first] := NULL;
                versions[first] := NULL;
                first := first + 1;
                CONTINUE;
            END IF;
            last := first;
            delta := amounts[first];
            WHILE last < legs AND accounts[last + 1] = accounts[first] LOOP
                last := last + 1;
                delta := delta + amounts[last];
            END LOOP;
            UPDATE ledger_balance b SET balance_minor = b.balance_minor + delta, version = b.version + (last - first + 1)
            WHERE b.account_id = accounts[first]
            RETURNING b.balance_minor, b.version, b.floor_minor, b.held_minor, b.closed_at INTO state;
            IF state.closed_at IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'LG005',
                    MESSAGE = format('account %s %s is closed', codes[first], currencies[first]),
                    DETAIL = jsonb_build_object('key', postings -> (nths[first] - 1) -> 'key',
                                                'account', codes[first], 'currency', currencies[first])::text;
            END IF;
            balance := state.balance_minor - delta;
            taken := 0;
            FOR leg IN first..last LOOP
                balance := balance + amounts[leg];
                balances[leg] := balance;
                versions[leg] := state.version - (last - leg);
                IF state.floor_minor IS NOT NULL THEN
                    taken := taken + CASE WHEN credits[leg] THEN amounts[leg] ELSE -amounts[leg] END;
                    IF leg = last OR nths[leg + 1] <> nths[leg] THEN
                        available := CASE WHEN credits[leg] THEN -balance ELSE balance END - state.held_minor - state.floor_minor;
                        IF taken > 0 AND available < 0 THEN
                            PERFORM ledger_refuse_overdraft(accounts[leg], postings -> (nths[leg] - 1), taken, available + taken);
                        END IF;
                        taken := 0;
                    END IF;
                END IF;
            END LOOP;
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
