"""Proof that history is what it was: verifying the whole, and proving one transaction to somebody outside."""

from ledger.proof.receipts import receipt as receipt
from ledger.proof.verify import Finding as Finding
from ledger.proof.verify import Verification as Verification
from ledger.proof.verify import verify as verify
