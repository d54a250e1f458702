"""What business objects brought the house: revenue less expenses."""

from collections.abc import Collection

from ledger.queries.rows import rows


def results_of(*, subjects: Collection[str]) -> dict[str, dict[str, int]]:
    """What came of each of these subjects ("sale:<uuid>") for the house, by currency; below zero it cost more.

    All that was posted about them counts, refunds and disputes too. One query; subjects without postings are left out.
    """
    if not subjects:
        return {}
    found = rows(
        """
        SELECT t.subject, e.currency,
               -coalesce(sum(e.amount_minor) FILTER (WHERE a.type IN ('revenue', 'expense')), 0)::bigint
        FROM ledger_transaction t
        JOIN ledger_entry e ON e.transaction_id = t.id
        JOIN ledger_account a ON a.id = e.account_id
        WHERE t.subject = ANY(%s)
        GROUP BY t.subject, e.currency
        """,
        [list(subjects)],
    )
    results: dict[str, dict[str, int]] = {}
    for subject, currency, amount_minor in found:
        results.setdefault(subject, {})[currency] = int(amount_minor)
    return results
