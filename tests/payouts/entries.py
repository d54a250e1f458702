"""The ledger's entries about something, as short exact lists."""

from ledger.queries import transactions_of


def entries_of(subject: str, **names: object) -> list[tuple[str, str, int]]:
    """(kind, account, amount_minor) of every entry, in order; payees named by `names` instead of their UUIDs."""
    found = []
    for line in transactions_of(subject=subject):
        account = line.account
        for name, payee_id in names.items():
            account = account.replace(str(payee_id), name)
        found.append((line.kind, account, line.amount_minor))
    return found
