"""Payout runs: what is owed and free goes to each payee's bank, once a day (E9)."""
