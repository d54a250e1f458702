-- Seal what was not sealed yet: the folds, on which recorded balances of hot accounts stand, and the sales that fee
-- bases come from. Each needs the transaction that wrote it, so that a seal takes only what no late commit can join.

-- Nullable and filled by a default from now on: adding it touches no row. Folds from before are not sealed.
ALTER TABLE ledger_fold ADD COLUMN written_xact xid8;
ALTER TABLE ledger_fold ALTER COLUMN written_xact SET DEFAULT pg_current_xact_id();
CREATE INDEX ledger_fold_written_xact_idx ON ledger_fold (epoch, written_xact);

-- Sales from before count as written by this migration.
DO $$
BEGIN
    EXECUTE format('ALTER TABLE ledger_fee_sale ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY, '
                   'ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id(), '
                   'ADD COLUMN epoch integer NOT NULL DEFAULT %s', (SELECT b.epoch FROM ledger_book b));
END $$;
ALTER TABLE ledger_fee_sale ALTER COLUMN epoch DROP DEFAULT, ADD CONSTRAINT ledger_fee_sale_id_key UNIQUE (id);
CREATE INDEX ledger_fee_sale_xact_idx ON ledger_fee_sale (epoch, xact);

CREATE OR REPLACE FUNCTION ledger_take_fee_basis(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    wanted constant ledger_fee_sale := jsonb_populate_record(NULL::ledger_fee_sale, request);
    known ledger_fee_sale%ROWTYPE;
    before bigint;
BEGIN
    INSERT INTO ledger_fee_basis AS b (payee, policy, currency, lifetime_minor) VALUES (wanted.payee, wanted.policy, wanted.currency, 0)
    ON CONFLICT (payee, policy, currency) DO UPDATE SET lifetime_minor = b.lifetime_minor RETURNING b.lifetime_minor INTO before;
    SELECT * INTO known FROM ledger_fee_sale s WHERE s.key = wanted.key;
    IF FOUND THEN
        IF (known.payee, known.policy, known.currency, known.price_minor)
            IS DISTINCT FROM (wanted.payee, wanted.policy, wanted.currency, wanted.price_minor) THEN
            RAISE EXCEPTION USING ERRCODE = 'LG003', MESSAGE = format('sale %s took its fee basis with other content', wanted.key),
                DETAIL = jsonb_build_object('key', wanted.key)::text;
        END IF;
        RETURN jsonb_build_object('lifetime_minor', known.lifetime_before_minor, 'replayed', true);
    END IF;
    INSERT INTO ledger_fee_sale (key, payee, policy, currency, price_minor, lifetime_before_minor, epoch)
    SELECT wanted.key, wanted.payee, wanted.policy, wanted.currency, wanted.price_minor, before, b.epoch FROM ledger_book b;
    UPDATE ledger_fee_basis b SET lifetime_minor = before + wanted.price_minor
    WHERE b.payee = wanted.payee AND b.policy = wanted.policy AND b.currency = wanted.currency;
    RETURN jsonb_build_object('lifetime_minor', before, 'replayed', false);
END $$;

-- Every row of history as one text, with every column: times in microseconds since 1970, hashes in hex.
CREATE OR REPLACE VIEW ledger_leaf AS
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
FROM ledger_period p
UNION ALL
SELECT 'fold', f.id, f.epoch, f.written_xact, jsonb_build_object(
    'source', 'fold', 'id', f.id, 'folded_us', ledger_micros(f.folded_at), 'xact', f.xact::text,
    'next_xact', f.next_xact::text, 'written_xact', f.written_xact::text, 'epoch', f.epoch)::text
FROM ledger_fold f WHERE f.written_xact IS NOT NULL
UNION ALL
SELECT 'fee_sale', s.id, s.epoch, s.xact, jsonb_build_object(
    'source', 'fee_sale', 'id', s.id, 'key', s.key, 'payee', s.payee, 'policy', s.policy, 'currency', s.currency,
    'price_minor', s.price_minor, 'lifetime_before_minor', s.lifetime_before_minor, 'xact', s.xact::text, 'epoch', s.epoch)::text
FROM ledger_fee_sale s;

-- A signature says when it was made, and signs that too: signed_us of the request. Those from before sign the chain alone.
ALTER TABLE ledger_seal_signature ADD COLUMN signed_us bigint;

CREATE OR REPLACE FUNCTION ledger_sign_seal(request jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO ledger_seal_signature (seal_id, public_key, signature, signed_us, signed_at)
    VALUES ((request ->> 'seal_id')::bigint, decode(request ->> 'public_key', 'hex'), decode(request ->> 'signature', 'hex'),
            (request ->> 'signed_us')::bigint, timestamptz 'epoch' + (request ->> 'signed_us')::bigint * interval '1 microsecond')
    ON CONFLICT DO NOTHING;
    RETURN request;
END $$;
