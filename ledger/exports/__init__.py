"""History in the formats of others, streamed: Beancount, hledger, CSV, JSON Lines; and opening balances back in."""

from collections.abc import Callable, Iterator

from ledger.exports.beancount import beancount
from ledger.exports.hledger import hledger
from ledger.exports.opening import Opening as Opening
from ledger.exports.opening import import_opening as import_opening
from ledger.exports.opening import read_opening as read_opening
from ledger.exports.tables import csv_lines, json_lines

FORMATS: dict[str, Callable[[], Iterator[str]]] = {
    "beancount": beancount,
    "hledger": hledger,
    "csv": csv_lines,
    "jsonl": json_lines,
}
