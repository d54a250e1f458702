-- ledger_post again, with the same contract and a quarter fewer instructions: a posting and its legs are read by type
-- in one pass, all legs are resolved by one query, and each balance row is moved once.

CREATE TYPE ledger_posting AS (
    key text, kind text, subject text, actor text, description text, metadata jsonb, effective_at timestamptz, legs jsonb, reverses bigint
);
CREATE TYPE ledger_leg AS (
    account_id bigint, amount_minor bigint, balance_minor bigint, version bigint, nth integer, place integer,
    hot boolean, credits boolean, currency char(3), memo text
);

CREATE FUNCTION ledger_refuse_shape(posting jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'LG001',
        MESSAGE = 'a posting has the texts key, kind, subject, actor and description, an object metadata, an instant effective_at, '
            'optionally a number reverses, and 2 to 1000 legs of the texts account, currency and memo and the integer amount_minor; '
            'key, subject and actor have 1 to 200 letters, kind is up to 60 of words and dots; nothing else',
        DETAIL = jsonb_build_object('key', CASE WHEN jsonb_typeof(posting) = 'object' THEN posting -> 'key' END)::text;
END $$;

CREATE OR REPLACE FUNCTION ledger_post(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    alone constant boolean := jsonb_typeof(request) = 'object';
    postings jsonb := request;
    claim_order integer[] := '{1}';
    posting jsonb;
    wanted ledger_posting;
    known ledger_key%ROWTYPE;
    hash bytea;
    id bigint;
    nth integer;
    ids bigint[];
    effective timestamptz[];
    replayed boolean[];
    any_fresh boolean := false;
    opened boolean := false;
    -- The legs of all fresh postings: those on accounts with a balance row first, in the order of the rows' locks.
    legs ledger_leg[];
    leg ledger_leg;
    state record;
    first integer := 1;
    last integer;
    delta bigint;
    balance bigint;
    taken bigint;
    available bigint;
    xact constant xid8 := pg_current_xact_id();
    posted_at timestamptz;
BEGIN
    IF alone THEN
        postings := jsonb_build_array(request);
    ELSIF jsonb_typeof(request) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION USING ERRCODE = 'LG001', MESSAGE = 'a posting is an object, several are an array', DETAIL = '{}';
    ELSE
        SELECT coalesce(array_agg(p.nth ORDER BY (p.posting ->> 'key') COLLATE "C", p.nth), '{}') INTO claim_order
        FROM jsonb_array_elements(request) WITH ORDINALITY AS p (posting, nth);
        IF jsonb_path_exists(request, 'strict $[*] ? (@.type() != "object")') THEN
            PERFORM ledger_refuse_shape('{}');
        END IF;
    END IF;

    -- Claim each key. A key that another transaction is claiming is waited for, then replayed.
    FOREACH nth IN ARRAY claim_order LOOP
        posting := postings -> (nth - 1);
        wanted := jsonb_populate_record(NULL::ledger_posting, posting);
        IF (
            posting - '{key,kind,subject,actor,description,metadata,effective_at,legs,reverses}'::text[] = '{}'
            AND NOT posting @? 'strict $ ? (@.key.type() != "string" || @.kind.type() != "string" || @.subject.type() != "string"
                || @.actor.type() != "string" || @.description.type() != "string" || @.metadata.type() != "object"
                || @.effective_at.type() != "string" || @.legs.type() != "array" || @.reverses.type() != "number")'
            AND length(wanted.key) BETWEEN 1 AND 200 AND length(wanted.subject) BETWEEN 1 AND 200
            AND length(wanted.actor) BETWEEN 1 AND 200 AND wanted.description IS NOT NULL AND wanted.metadata IS NOT NULL
            AND length(wanted.kind) <= 60 AND wanted.kind ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$' AND isfinite(wanted.effective_at)
            AND jsonb_array_length(wanted.legs) BETWEEN 2 AND 1000
            AND jsonb_array_length(jsonb_path_query_array(posting, '$.legs[*].*')) = 4 * jsonb_array_length(wanted.legs)
            AND NOT posting @? '$.legs[*] ? (@.account.type() != "string" || @.amount_minor.type() != "number"
                || @.currency.type() != "string" || @.memo.type() != "string")'
        ) IS NOT TRUE THEN
            PERFORM ledger_refuse_shape(posting);
        END IF;
        hash := sha256(convert_to((posting - 'effective_at')::text || extract(epoch FROM wanted.effective_at)::text, 'UTF8'));
        INSERT INTO ledger_key (key, transaction_id, content_hash) VALUES (wanted.key, nextval('ledger_transaction_id_seq'), hash)
        ON CONFLICT (key) DO NOTHING RETURNING transaction_id INTO id;
        IF FOUND THEN
            effective[nth] := wanted.effective_at;
            any_fresh := true;
        ELSE
            SELECT * INTO known FROM ledger_key k WHERE k.key = wanted.key;
            IF NOT FOUND THEN
                RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'the key was posted after this snapshot: try again';
            ELSIF known.content_hash <> hash THEN
                RAISE EXCEPTION USING ERRCODE = 'LG003',
                    MESSAGE = format('key %s was posted before with other content', wanted.key),
                    DETAIL = jsonb_build_object('key', wanted.key, 'transaction_id', known.transaction_id)::text;
            END IF;
            id := known.transaction_id;
            replayed[nth] := true;
        END IF;
        ids[nth] := id;
    END LOOP;

    IF any_fresh THEN
        -- Resolve accounts, opening those that are used for the first time.
        LOOP
            legs := ARRAY(
                SELECT ROW(a.id, l.amount_minor, NULL, NULL, p.nth, l.place, a.hot, a.type IN ('liability', 'equity', 'revenue'),
                           a.currency, l.memo)::ledger_leg
                FROM jsonb_array_elements(postings) WITH ORDINALITY AS p (posting, nth)
                CROSS JOIN ROWS FROM (
                    jsonb_to_recordset(p.posting -> 'legs') AS (account text, amount_minor bigint, currency text, memo text)
                ) WITH ORDINALITY AS l (account, amount_minor, currency, memo, place)
                LEFT JOIN LATERAL (  -- the limit keeps it a probe of the index for each leg
                    SELECT * FROM ledger_account a WHERE a.code = l.account AND a.currency = l.currency LIMIT 1
                ) a ON true
                WHERE replayed[p.nth] IS NOT TRUE
                ORDER BY a.hot NULLS FIRST, a.id, p.nth, l.place
            );
            EXIT WHEN legs[1].account_id IS NOT NULL;
            IF opened THEN
                RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'an account was opened after this snapshot: try again';
            END IF;
            PERFORM ledger_open_accounts(postings);
            opened := true;
        END LOOP;

        -- Move the balance rows, each once, in the order of their ids, and walk their legs for what each posting leaves.
        WHILE NOT legs[first].hot LOOP
            leg := legs[first];
            last := first;
            delta := leg.amount_minor;
            WHILE legs[last + 1].account_id = leg.account_id LOOP
                last := last + 1;
                delta := delta + legs[last].amount_minor;
            END LOOP;
            UPDATE ledger_balance b SET balance_minor = b.balance_minor + delta, version = b.version + (last - first + 1)
            WHERE b.account_id = leg.account_id
            RETURNING b.balance_minor, b.version, b.floor_minor, b.held_minor, b.closed_at INTO state;
            IF state.closed_at IS NOT NULL THEN
                PERFORM ledger_refuse_closed(leg.account_id, postings -> (leg.nth - 1));
            END IF;
            balance := state.balance_minor - delta;
            taken := 0;
            FOR i IN first..last LOOP
                leg := legs[i];
                balance := balance + leg.amount_minor;
                leg.balance_minor := balance;
                leg.version := state.version - (last - i);
                legs[i] := leg;
                IF state.floor_minor IS NOT NULL THEN
                    taken := taken + CASE WHEN leg.credits THEN leg.amount_minor ELSE -leg.amount_minor END;
                    IF i = last OR legs[i + 1].nth <> leg.nth THEN
                        available := CASE WHEN leg.credits THEN -balance ELSE balance END
                            - state.held_minor - state.floor_minor;
                        IF taken > 0 AND available < 0 THEN
                            PERFORM ledger_refuse_overdraft(leg.account_id, postings -> (leg.nth - 1), taken, available + taken);
                        END IF;
                        taken := 0;
                    END IF;
                END IF;
            END LOOP;
            first := last + 1;
        END LOOP;

        -- Stamped with the balance rows locked. A restored cluster counts transactions from the start again: then the book
        -- does not fit, and the next epoch is opened before anything is written.
        posted_at := clock_timestamp();
        LOOP
            INSERT INTO ledger_transaction
                (id, effective_at, posted_at, xact, reverses_id, epoch, legs, key, kind, subject, actor, description, metadata)
            SELECT ids[p.nth], p.effective_at, posted_at, xact, p.reverses, b.epoch,
                   jsonb_array_length(p.legs), p.key, p.kind, p.subject, p.actor, p.description, p.metadata
            FROM ledger_book b
            CROSS JOIN jsonb_populate_recordset(NULL::ledger_posting, postings) WITH ORDINALITY
                AS p (key, kind, subject, actor, description, metadata, effective_at, legs, reverses, nth)
            WHERE replayed[p.nth] IS NOT TRUE AND (b.epoch <> b.folded_epoch OR xact >= b.folded_xact);
            EXIT WHEN FOUND;
            UPDATE ledger_book b SET epoch = b.epoch + 1 WHERE b.epoch = b.folded_epoch AND xact < b.folded_xact;
        END LOOP;

        INSERT INTO ledger_entry
            (transaction_id, position, account_id, amount_minor, currency, memo, effective_at, balance_minor, version)
        SELECT ids[l.nth], l.place, l.account_id, l.amount_minor, l.currency, l.memo, effective[l.nth], l.balance_minor, l.version
        FROM unnest(legs) AS l;
    END IF;

    IF alone THEN
        RETURN jsonb_build_object('transaction_id', id, 'replayed', NOT any_fresh);
    END IF;
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('transaction_id', r.id, 'replayed', r.replayed IS TRUE) ORDER BY r.nth), '[]')
        FROM unnest(ids, replayed) WITH ORDINALITY AS r (id, replayed, nth)
    );
END $$;
