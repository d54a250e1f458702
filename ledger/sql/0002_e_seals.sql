-- Proof: batches of history sealed under a Merkle root (RFC 9162, section 2.1), the roots chained.

CREATE TABLE ledger_seal (
    id bigint NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xact xid8 NOT NULL,
    epoch integer NOT NULL,
    leaves integer NOT NULL,
    root bytea NOT NULL,
    previous bytea NOT NULL,
    chain bytea NOT NULL,
    CONSTRAINT ledger_seal_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_seal_hash_check CHECK (length(root) = 32 AND length(previous) = 32 AND length(chain) = 32)
);

CREATE TABLE ledger_seal_leaf (
    seal_id bigint NOT NULL,
    row_id bigint NOT NULL,
    position integer NOT NULL,
    source text NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT ledger_seal_leaf_pkey PRIMARY KEY (seal_id, position),
    CONSTRAINT ledger_seal_leaf_source_row_key UNIQUE (source, row_id),
    CONSTRAINT ledger_seal_leaf_seal_fkey FOREIGN KEY (seal_id) REFERENCES ledger_seal (id)
);

CREATE TABLE ledger_seal_signature (
    seal_id bigint NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    public_key bytea NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT ledger_seal_signature_pkey PRIMARY KEY (seal_id, public_key),
    CONSTRAINT ledger_seal_signature_seal_fkey FOREIGN KEY (seal_id) REFERENCES ledger_seal (id),
    CONSTRAINT ledger_seal_signature_length_check CHECK (length(public_key) = 32 AND length(signature) = 64)
);

CREATE FUNCTION ledger_micros(instant timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$ SELECT (extract(epoch FROM instant) * 1000000)::bigint $$;

-- Every row of history as one text, with every column: times in microseconds since 1970, hashes in hex.
CREATE VIEW ledger_leaf AS
SELECT 'transaction' AS source, t.id AS row_id, t.epoch, t.xact, jsonb_build_object(
    'source', 'transaction', 'id', t.id, 'key', t.key, 'kind', t.kind, 'subject', t.subject, 'actor', t.actor,
    'description', t.description, 'metadata', t.metadata, 'effective_us', ledger_micros(t.effective_at),
    'posted_us', ledger_micros(t.posted_at), 'epoch', t.epoch, 'xact', t.xact::text, 'legs', t.legs, 'reverses_id', t.reverses_id,
    'content_hash', (SELECT encode(k.content_hash, 'hex') FROM ledger_key k WHERE k.key = t.key AND k.transaction_id = t.id),
    'entries', (
        SELECT jsonb_agg(jsonb_build_object(
            'id', e.id, 'position', e.position, 'amount_minor', e.amount_minor, 'currency', e.currency, 'memo', e.memo,
            'effective_us', ledger_micros(e.effective_at), 'balance_minor', e.balance_minor, 'version', e.version,
            'account_id', e.account_id, 'account', a.code, 'account_currency', a.currency, 'account_type', a.type,
            'account_hot', a.hot, 'account_opened_us', ledger_micros(a.opened_at)
        ) ORDER BY e.position)
        FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id WHERE e.transaction_id = t.id
    ))::text AS content
FROM ledger_transaction t
UNION ALL
SELECT 'hold', h.id, h.epoch, h.xact, jsonb_build_object(
    'source', 'hold', 'id', h.id, 'account_id', h.account_id, 'hold_id', h.hold_id, 'transaction_id', h.transaction_id,
    'amount_minor', h.amount_minor, 'expires_us', ledger_micros(h.expires_at), 'held_us', ledger_micros(h.held_at),
    'xact', h.xact::text, 'epoch', h.epoch, 'step', h.step, 'key', h.key, 'subject', h.subject)::text
FROM ledger_hold h
UNION ALL
SELECT 'account_change', c.id, c.epoch, c.xact, jsonb_build_object(
    'source', 'account_change', 'id', c.id, 'account_id', c.account_id, 'changed_us', ledger_micros(c.changed_at),
    'xact', c.xact::text, 'floor_minor', c.floor_minor, 'closed_us', ledger_micros(c.closed_at), 'epoch', c.epoch,
    'actor', c.actor, 'metadata', c.metadata)::text
FROM ledger_account_change c
UNION ALL
SELECT 'period', p.id, p.epoch, p.xact, jsonb_build_object(
    'source', 'period', 'id', p.id, 'closed_before_us', ledger_micros(p.closed_before), 'closed_us', ledger_micros(p.closed_at),
    'xact', p.xact::text, 'epoch', p.epoch, 'actor', p.actor)::text
FROM ledger_period p;

CREATE FUNCTION ledger_leaf_hash(content text) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.sha256('\x00'::bytea || pg_catalog.convert_to(content, 'UTF8')) $$;

-- Pairing neighbours and carrying an odd last one up unchanged gives RFC 9162's tree.
CREATE FUNCTION ledger_merkle_root(hashes bytea[]) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
    above bytea[];
BEGIN
    WHILE cardinality(hashes) > 1 LOOP
        above := '{}';
        FOR i IN 1..cardinality(hashes) / 2 LOOP
            above[i] := sha256('\x01'::bytea || hashes[2 * i - 1] || hashes[2 * i]);
        END LOOP;
        IF cardinality(hashes) % 2 = 1 THEN
            above := above || hashes[cardinality(hashes)];
        END IF;
        hashes := above;
    END LOOP;
    RETURN coalesce(hashes[1], sha256(''));
END $$;

-- A link of the chain binds the root to its number, its size, its watermark, its time and all links before it.
CREATE FUNCTION ledger_chain(previous bytea, id bigint, leaves integer, epoch integer, xact xid8, sealed_at timestamptz, root bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_catalog.sha256('\x02'::bytea || previous || root || pg_catalog.convert_to(
        id::text || '/' || leaves::text || '/' || epoch::text || '/' || xact::text || '/' || public.ledger_micros(sealed_at)::text, 'UTF8'))
$$;

-- Seal what no late commit can join any more and no seal has taken yet. One sealer at a time; nothing new, no seal.
CREATE FUNCTION ledger_seal() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    last ledger_seal%ROWTYPE;
    book ledger_book%ROWTYPE;
    fresh ledger_seal%ROWTYPE;
    hashes bytea[];
BEGIN
    LOCK TABLE ledger_seal IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO last FROM ledger_seal s ORDER BY s.id DESC LIMIT 1;
    IF NOT FOUND THEN
        last.id := 0;
        last.epoch := 0;
        last.xact := '0';
        last.chain := sha256('');
    END IF;
    fresh.xact := pg_snapshot_xmin(pg_current_snapshot());
    SELECT * INTO book FROM ledger_book;
    fresh.epoch := book.epoch;
    fresh.id := last.id + 1;
    CREATE TEMPORARY TABLE ledger_sealing ON COMMIT DROP AS
        SELECT l.source, l.row_id, ledger_leaf_hash(l.content) AS hash,
               (row_number() OVER (ORDER BY l.epoch, l.xact, l.source, l.row_id))::integer AS position
        FROM ledger_leaf l
        WHERE (l.epoch, l.xact) >= (last.epoch, last.xact) AND (l.epoch, l.xact) < (fresh.epoch, fresh.xact);
    SELECT array_agg(s.hash ORDER BY s.position), count(*) INTO hashes, fresh.leaves FROM pg_temp.ledger_sealing s;
    IF fresh.leaves > 0 THEN
        fresh.root := ledger_merkle_root(hashes);
        fresh.sealed_at := clock_timestamp();
        fresh.previous := last.chain;
        fresh.chain := ledger_chain(fresh.previous, fresh.id, fresh.leaves, fresh.epoch, fresh.xact, fresh.sealed_at, fresh.root);
        INSERT INTO ledger_seal SELECT fresh.*;
        INSERT INTO ledger_seal_leaf (seal_id, position, source, row_id, hash)
        SELECT fresh.id, s.position, s.source, s.row_id, s.hash FROM pg_temp.ledger_sealing s;
    END IF;
    DROP TABLE pg_temp.ledger_sealing;
    RETURN jsonb_build_object('seal_id', CASE WHEN fresh.leaves > 0 THEN fresh.id END, 'leaves', fresh.leaves,
                              'root', encode(fresh.root, 'hex'), 'chain', encode(fresh.chain, 'hex'));
END $$;

-- request: seal_id, public_key, signature (hex). A signature of the chain, made outside.
CREATE FUNCTION ledger_sign_seal(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO ledger_seal_signature (seal_id, public_key, signature)
    VALUES ((request ->> 'seal_id')::bigint, decode(request ->> 'public_key', 'hex'), decode(request ->> 'signature', 'hex'))
    ON CONFLICT DO NOTHING;
    RETURN request;
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_account_change', 'ledger_period', 'ledger_hold', 'ledger_fold', 'ledger_fold_balance',
                                'ledger_seal', 'ledger_seal_leaf', 'ledger_seal_signature', 'ledger_chart', 'ledger_currency'] LOOP
        EXECUTE format('CREATE TRIGGER %1$s_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %1$s '
                       'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER %1$s_is_append_only', name);
    END LOOP;
    CREATE TRIGGER ledger_daily_total_keeps_its_rows BEFORE DELETE OR TRUNCATE ON ledger_daily_total
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
    ALTER TABLE ledger_daily_total ENABLE ALWAYS TRIGGER ledger_daily_total_keeps_its_rows;
END $$;
