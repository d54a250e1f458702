-- Lifetime gross sales by payee, policy and currency, for tiered fees. A sale takes its basis once, under its key; the
-- row stays locked until the caller's transaction ends, so that concurrent sales cross a tier one after the other.

CREATE TABLE ledger_fee_basis (
    lifetime_minor bigint NOT NULL,
    payee text NOT NULL,
    policy text NOT NULL,
    currency char(3) NOT NULL,
    CONSTRAINT ledger_fee_basis_pkey PRIMARY KEY (payee, policy, currency),
    CONSTRAINT ledger_fee_basis_lifetime_check CHECK (lifetime_minor >= 0)
);

CREATE TABLE ledger_fee_sale (
    price_minor bigint NOT NULL,
    lifetime_before_minor bigint NOT NULL,
    key text NOT NULL,
    payee text NOT NULL,
    policy text NOT NULL,
    currency char(3) NOT NULL,
    CONSTRAINT ledger_fee_sale_pkey PRIMARY KEY (key),
    CONSTRAINT ledger_fee_sale_price_check CHECK (price_minor >= 0),
    CONSTRAINT ledger_fee_sale_basis_fkey FOREIGN KEY (payee, policy, currency) REFERENCES ledger_fee_basis (payee, policy, currency)
);
CREATE TRIGGER ledger_fee_sale_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_fee_sale
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE ledger_fee_sale ENABLE ALWAYS TRIGGER ledger_fee_sale_is_append_only;

-- request: key, payee, policy, currency, price_minor. Answers what the payee had sold before; the same key replays.
CREATE FUNCTION ledger_take_fee_basis(request jsonb) RETURNS jsonb
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
    INSERT INTO ledger_fee_sale (key, payee, policy, currency, price_minor, lifetime_before_minor)
    VALUES (wanted.key, wanted.payee, wanted.policy, wanted.currency, wanted.price_minor, before);
    UPDATE ledger_fee_basis b SET lifetime_minor = before + wanted.price_minor
    WHERE b.payee = wanted.payee AND b.policy = wanted.policy AND b.currency = wanted.currency;
    RETURN jsonb_build_object('lifetime_minor', before, 'replayed', false);
END $$;
