"""Reading the ledger. Amounts are minor units, debit positive: what is owed to a payee is a negative balance.

Instants split time half-open: "before" an instant leaves out what took effect at the instant itself.
"""

from ledger.queries.balances import Recorded as Recorded
from ledger.queries.balances import balance_minor as balance_minor
from ledger.queries.balances import balance_minor_before as balance_minor_before
from ledger.queries.balances import balance_recorded as balance_recorded
from ledger.queries.balances import balances as balances
from ledger.queries.explain import Node as Node
from ledger.queries.explain import explain as explain
from ledger.queries.feed import Followed as Followed
from ledger.queries.feed import Moved as Moved
from ledger.queries.feed import Place as Place
from ledger.queries.feed import follow as follow
from ledger.queries.feed import known_keys as known_keys
from ledger.queries.feed import moved_by as moved_by
from ledger.queries.reports import BalanceSheet as BalanceSheet
from ledger.queries.reports import IncomeStatement as IncomeStatement
from ledger.queries.reports import TrialBalanceLine as TrialBalanceLine
from ledger.queries.reports import balance_sheet as balance_sheet
from ledger.queries.reports import group_balances as group_balances
from ledger.queries.reports import income_statement as income_statement
from ledger.queries.reports import trial_balance as trial_balance
from ledger.queries.results import results_of as results_of
from ledger.queries.statements import Statement as Statement
from ledger.queries.statements import StatementLine as StatementLine
from ledger.queries.statements import statement as statement
from ledger.queries.tracing import Funding as Funding
from ledger.queries.tracing import trace as trace
from ledger.queries.transactions import TransactionLine as TransactionLine
from ledger.queries.transactions import transactions_of as transactions_of
