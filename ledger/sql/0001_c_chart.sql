-- The chart of accounts. Segments that name people are UUIDs, others are slugs; never handles, which can change.
-- A floor may be crossed only by the kinds of transaction named beside it (the part of the kind before the first dot).

INSERT INTO ledger_chart (pattern, type, hot, floor_minor, overdraft_kinds)
SELECT '^' || replace(replace(pattern, '<uuid>', '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'), '<slug>', '[a-z0-9][a-z0-9_-]*') || '$',
       type, hot, floor_minor, overdraft_kinds
FROM (VALUES
    ('stripe:(pending|available|disputed)', 'asset', true, NULL::bigint, '{}'::text[]),
    ('stripe:connected:<uuid>', 'asset', false, NULL, '{}'),
    ('bank', 'asset', false, NULL, '{}'),
    ('receivable:store', 'asset', false, NULL, '{}'),
    ('payable:<uuid>:pending', 'liability', false, NULL, '{}'),
    ('payable:<uuid>:available', 'liability', false, 0, '{refund,dispute,correction,reversal}'),
    ('payable:<uuid>:(reserved|in_transit)', 'liability', false, 0, '{}'),
    ('wallet:<uuid>', 'liability', false, 0, '{}'),
    ('suspense', 'liability', false, NULL, '{}'),
    ('tax:<slug>', 'liability', false, NULL, '{}'),
    ('revenue:platform_fee:<slug>', 'revenue', true, NULL, '{}'),
    ('revenue:(processing_recovered|stars_margin)', 'revenue', true, NULL, '{}'),
    ('expense:(processing|dispute_fee|fee_lost_on_refund|bad_debt|store|fx)', 'expense', true, NULL, '{}'),
    ('expense:grants:<slug>', 'expense', true, NULL, '{}'),
    ('equity:fund:<slug>', 'equity', false, 0, '{}'),
    ('equity:(fund_used|fx|opening)', 'equity', false, NULL, '{}')
) AS chart (pattern, type, hot, floor_minor, overdraft_kinds);
