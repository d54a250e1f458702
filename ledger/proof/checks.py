"""What `ledger verify` looks for. Each check is a query that answers (table, row, what) for a difference."""

import json

# The chart and the currencies come with the code, so the code knows what they are: the SHA-256 of their rows in order.
# A migration that adds to them changes these.
SHIPPED = {
    "ledger_chart": "1a0110164a6c6a124e00172a5f2788edfada74ca978ce13a7841484aced25088",
    "ledger_currency": "28b81c68cba4c5353d4b34d3e16d6a84535363fbf064758826054bbe746ca2ed",
}

# {since} is the number of the last seal that is trusted already; checks of seals and leaves start after it.
SEALS = {
    "a sealed row was changed or is gone": """
        SELECT CASE s.source WHEN 'transaction' THEN 'ledger_transaction' ELSE 'ledger_' || s.source END, s.row_id,
               CASE WHEN l.content IS NULL THEN 'gone' ELSE 'changed' END || ', seal ' || s.seal_id
        FROM ledger_seal_leaf s LEFT JOIN ledger_leaf l ON l.source = s.source AND l.row_id = s.row_id
        WHERE s.seal_id > %(since)s AND s.hash IS DISTINCT FROM ledger_leaf_hash(l.content)
    """,
    "a seal does not have the root of its leaves": """
        SELECT 'ledger_seal', s.id, 'root of ' || s.leaves || ' leaves' FROM ledger_seal s
        LEFT JOIN LATERAL (
            SELECT array_agg(l.hash ORDER BY l.position) AS hashes, count(*) AS leaves, min(l.position) AS first,
                   max(l.position) AS last
            FROM ledger_seal_leaf l WHERE l.seal_id = s.id
        ) l ON true
        WHERE s.id > %(since)s AND (l.leaves <> s.leaves OR l.first <> 1 OR l.last <> s.leaves
            OR ledger_merkle_root(l.hashes) IS DISTINCT FROM s.root)
    """,
    "a link of the chain is broken": """
        SELECT 'ledger_seal', s.id, 'link' FROM (
            SELECT s.*, lag(s.chain, 1, sha256('')) OVER (ORDER BY s.id) AS before,
                   lag(s.id, 1, 0::bigint) OVER (ORDER BY s.id) AS below
            FROM ledger_seal s
        ) s
        WHERE s.id > %(since)s AND (s.previous <> s.before OR s.id <> s.below + 1
            OR s.chain <> ledger_chain(s.previous, s.id, s.leaves, s.epoch, s.xact, s.sealed_at, s.root))
    """,
    "a leaf has no seal": """
        SELECT 'ledger_seal_leaf', l.row_id, l.source || ' in seal ' || l.seal_id FROM ledger_seal_leaf l
        WHERE NOT EXISTS (SELECT FROM ledger_seal s WHERE s.id = l.seal_id)
    """,
    "a row below the last seal's watermark is not sealed": """
        SELECT 'ledger_' || l.source, l.row_id, 'added behind the seals' FROM ledger_leaf l
        JOIN (SELECT * FROM ledger_seal ORDER BY id DESC LIMIT 1) s ON (l.epoch, l.xact) < (s.epoch, s.xact)
        WHERE NOT EXISTS (SELECT FROM ledger_seal_leaf k WHERE k.source = l.source AND k.row_id = l.row_id)
    """,
}
BOOKS = {
    "a transaction does not balance": """
        SELECT 'ledger_transaction', e.transaction_id, e.currency || ' off by ' || sum(e.amount_minor)
        FROM ledger_entry e GROUP BY e.transaction_id, e.currency HAVING sum(e.amount_minor) <> 0
    """,
    "a transaction does not have its legs": """
        SELECT 'ledger_transaction', t.id, count(e.id) || ' of ' || t.legs || ' legs'
        FROM ledger_transaction t LEFT JOIN ledger_entry e ON e.transaction_id = t.id
        GROUP BY t.id HAVING count(e.id) <> t.legs OR min(e.position) <> 1 OR max(e.position) <> t.legs
            OR bool_or(e.effective_at <> t.effective_at)
    """,
    "an entry has no transaction, or an account of another currency": """
        SELECT 'ledger_entry', e.id, coalesce(a.code, 'no account') FROM ledger_entry e
        LEFT JOIN ledger_transaction t ON t.id = e.transaction_id LEFT JOIN ledger_account a ON a.id = e.account_id
        WHERE t.id IS NULL OR a.id IS NULL OR a.currency <> e.currency OR a.hot <> (e.version IS NULL)
            OR (e.version IS NULL) <> (e.balance_minor IS NULL)
    """,
    "a key does not name its transaction": """
        SELECT 'ledger_key', coalesce(k.transaction_id, t.id), coalesce(k.key, t.key)
        FROM ledger_key k FULL JOIN ledger_transaction t ON t.id = k.transaction_id
        WHERE k.key IS DISTINCT FROM t.key
    """,
    "a key has another hash than its transaction's content": """
        SELECT 'ledger_key', t.id, t.key FROM ledger_transaction t JOIN ledger_key k ON k.key = t.key
        WHERE k.content_hash <> sha256(convert_to((
            CASE WHEN t.reverses_id IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('reverses', t.reverses_id) END
            || jsonb_build_object('key', t.key, 'kind', t.kind, 'subject', t.subject, 'actor', t.actor,
                'description', t.description, 'metadata', t.metadata, 'legs', (
                    SELECT jsonb_agg(jsonb_build_object('account', a.code, 'amount_minor', e.amount_minor,
                                                        'currency', e.currency, 'memo', e.memo) ORDER BY e.position)
                    FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id WHERE e.transaction_id = t.id
                )))::text || extract(epoch FROM t.effective_at)::text, 'UTF8'))
    """,
    "a running balance is not the sum of its entries": """
        SELECT 'ledger_entry', e.id, 'version ' || e.version FROM (
            SELECT e.id, e.version, e.balance_minor,
                   sum(e.amount_minor) OVER (PARTITION BY e.account_id ORDER BY e.version) AS running,
                   row_number() OVER (PARTITION BY e.account_id ORDER BY e.version) AS nth
            FROM ledger_entry e WHERE e.version IS NOT NULL
        ) e WHERE e.balance_minor <> e.running OR e.version <> e.nth
    """,
    "a balance is not the sum of its entries": """
        SELECT 'ledger_balance', a.id, a.code || ' ' || a.currency || ' ' || coalesce(b.balance_minor::text, 'missing')
        FROM ledger_account a LEFT JOIN ledger_balance b ON b.account_id = a.id
        LEFT JOIN (
            SELECT e.account_id, sum(e.amount_minor) AS total, count(*) AS entries
            FROM ledger_book k, ledger_entry e
            JOIN ledger_transaction t ON t.id = e.transaction_id
            JOIN ledger_account h ON h.id = e.account_id
            WHERE NOT h.hot OR (t.epoch, t.xact) < (k.folded_epoch, k.folded_xact) GROUP BY e.account_id
        ) e ON e.account_id = a.id
        WHERE (b.balance_minor, b.version) IS DISTINCT FROM (coalesce(e.total, 0), coalesce(e.entries, 0))
    """,
    "a balance holds another amount than its holds": """
        SELECT 'ledger_balance', b.account_id, 'held ' || b.held_minor FROM ledger_balance b
        LEFT JOIN (
            SELECT h.account_id, sum(CASE h.step WHEN 'place' THEN h.amount_minor ELSE -h.amount_minor END) AS held
            FROM ledger_hold h GROUP BY h.account_id
        ) h ON h.account_id = b.account_id WHERE b.held_minor <> coalesce(h.held, 0)
    """,
    "an open hold is not what its steps leave": """
        SELECT 'ledger_open_hold', coalesce(h.id, o.hold_id), 'remaining ' || coalesce(o.remaining_minor, 0)
        FROM (
            SELECT p.id, p.expires_at, p.amount_minor - coalesce(
                (SELECT sum(x.amount_minor) FROM ledger_hold x WHERE x.hold_id = p.id), 0) AS remaining
            FROM ledger_hold p WHERE p.step = 'place'
        ) h FULL JOIN ledger_open_hold o ON o.hold_id = h.id
        WHERE coalesce(h.remaining, 0) <> coalesce(o.remaining_minor, 0)
            OR (o.hold_id IS NOT NULL AND o.expires_at IS DISTINCT FROM h.expires_at)
    """,
    "an account differs from its last change, or the chart": """
        SELECT 'ledger_balance', a.id, a.code || ' ' || a.currency
        FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id
        LEFT JOIN ledger_chart c ON a.code ~ c.pattern
        LEFT JOIN LATERAL (
            SELECT * FROM ledger_account_change x WHERE x.account_id = a.id ORDER BY x.id DESC LIMIT 1
        ) x ON true
        WHERE c.pattern IS NULL OR (a.type, a.hot) IS DISTINCT FROM (c.type, c.hot)
            OR b.floor_minor IS DISTINCT FROM CASE WHEN x.id IS NULL THEN c.floor_minor ELSE x.floor_minor END
            OR b.closed_at IS DISTINCT FROM x.closed_at OR b.metadata <> coalesce(x.metadata, '{}')
    """,
    "a daily total is not the sum of its entries": """
        SELECT 'ledger_daily_total', coalesce(d.account_id, e.account_id), coalesce(d.day, e.day)::text
        FROM ledger_daily_total d FULL JOIN (
            SELECT e.account_id, (e.effective_at AT TIME ZONE 'UTC')::date AS day, count(*) AS entries,
                   sum(greatest(e.amount_minor, 0)) AS debit_minor, -sum(least(e.amount_minor, 0)) AS credit_minor
            FROM ledger_book k, ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
            WHERE (t.epoch, t.xact) < (k.folded_epoch, k.folded_xact) GROUP BY e.account_id, day
        ) e ON e.account_id = d.account_id AND e.day = d.day
        WHERE (d.debit_minor, d.credit_minor, d.entries) IS DISTINCT FROM (e.debit_minor, e.credit_minor, e.entries)
    """,
    "an hourly total is not the sum of its entries": """
        SELECT 'ledger_hourly_total', coalesce(h.account_id, e.account_id), coalesce(h.hour, e.hour)::text
        FROM ledger_hourly_total h FULL JOIN (
            SELECT e.account_id, date_trunc('hour', e.effective_at, 'UTC') AS hour, count(*) AS entries,
                   sum(greatest(e.amount_minor, 0)) AS debit_minor, -sum(least(e.amount_minor, 0)) AS credit_minor
            FROM ledger_book k, ledger_entry e
            JOIN ledger_transaction t ON t.id = e.transaction_id
            JOIN ledger_account a ON a.id = e.account_id AND a.hot
            WHERE (t.epoch, t.xact) < (k.folded_epoch, k.folded_xact)
            GROUP BY e.account_id, date_trunc('hour', e.effective_at, 'UTC')
        ) e ON e.account_id = h.account_id AND e.hour = h.hour
        WHERE (h.debit_minor, h.credit_minor, h.entries) IS DISTINCT FROM (e.debit_minor, e.credit_minor, e.entries)
    """,
    "a fold kept another balance than its entries had": """
        SELECT 'ledger_fold_balance', b.account_id, 'fold ' || b.fold_id FROM (
            SELECT b.account_id, b.fold_id, b.balance_minor - lag(b.balance_minor, 1, 0::bigint)
                       OVER (PARTITION BY b.account_id ORDER BY b.fold_id) AS moved,
                   f.epoch, f.xact,
                   lag(f.epoch, 1, 0) OVER (PARTITION BY b.account_id ORDER BY b.fold_id) AS from_epoch,
                   lag(f.xact, 1, '0'::xid8) OVER (PARTITION BY b.account_id ORDER BY b.fold_id) AS from_xact
            FROM ledger_fold_balance b LEFT JOIN ledger_fold f ON f.id = b.fold_id
        ) b
        WHERE b.epoch IS NULL OR b.moved <> (
            SELECT coalesce(sum(e.amount_minor), 0)
            FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
            WHERE (t.epoch, t.xact) >= (b.from_epoch, b.from_xact) AND (t.epoch, t.xact) < (b.epoch, b.xact)
                AND e.account_id = b.account_id
        )
    """,
    "folds are out of order": """
        SELECT 'ledger_fold', f.id, 'watermark ' || f.epoch || '/' || f.xact FROM (
            SELECT f.*, lag(f.folded_at) OVER w AS before_at, lag(f.epoch) OVER w AS before_epoch,
                   lag(f.xact) OVER w AS before_xact
            FROM ledger_fold f WINDOW w AS (ORDER BY f.id)
        ) f
        WHERE f.folded_at < f.before_at OR (f.epoch, f.xact) < (f.before_epoch, f.before_xact) OR f.next_xact < f.xact
    """,
    "the chart or the currencies are not what this version ships": """
        SELECT shown.name, 0, 'rows hash to ' || encode(sha256(convert_to(shown.rows, 'UTF8')), 'hex') FROM (
            SELECT 'ledger_chart' AS name, string_agg(c::text, E'\n' ORDER BY c.pattern COLLATE "C") AS rows
            FROM ledger_chart c
            UNION ALL
            SELECT 'ledger_currency', string_agg(c::text, E'\n' ORDER BY c.code COLLATE "C") FROM ledger_currency c
        ) shown
        WHERE encode(sha256(convert_to(shown.rows, 'UTF8')), 'hex') IS DISTINCT FROM %(shipped)s::jsonb ->> shown.name
    """,
    "a fee basis is not the sum of its sales": """
        SELECT 'ledger_fee_basis', row_number() OVER (), b.payee || ' ' || b.policy || ' ' || b.currency
        FROM ledger_fee_basis b LEFT JOIN LATERAL (
            SELECT sum(s.price_minor) AS total FROM ledger_fee_sale s
            WHERE (s.payee, s.policy, s.currency) = (b.payee, b.policy, b.currency)
        ) s ON true WHERE b.lifetime_minor <> coalesce(s.total, 0)
    """,
    "the book is closed at another date than the periods say": """
        SELECT 'ledger_book', 1, coalesce(b.closed_before::text, 'open') FROM ledger_book b
        WHERE b.closed_before IS DISTINCT FROM (SELECT max(p.closed_before) FROM ledger_period p)
    """,
}


def parameters(*, since_seal: int) -> dict[str, object]:
    """What the checks are given."""
    return {"since": since_seal, "shipped": json.dumps(SHIPPED)}
