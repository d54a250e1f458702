"""Account names as plain-text accounting has them: "stripe:pending" is Assets:Stripe:Pending."""

ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "revenue": "Income",
    "expense": "Expenses",
}
# What the type says already is not said again: revenue:platform_fee:ticket is Income:Platform-fee:Ticket.
REDUNDANT = {"equity", "revenue", "expense"}


def account_name(code: str, type_: str) -> str:
    """A name that Beancount takes: capitalised parts of letters, digits and hyphens. Distinct codes stay distinct.

    An underscore becomes a hyphen (slugs of the chart use one or the other for a name, never both).
    """
    parts = code.split(":")
    if len(parts) > 1 and parts[0] in REDUNDANT:
        parts = parts[1:]
    return ":".join([ROOTS[type_], *(_part(part) for part in parts)])


def _part(part: str) -> str:
    plain = part.replace("_", "-")
    return plain[0].upper() + plain[1:]
