"""Reconciliation: Stripe's balance transactions against the postings on `stripe:*`, both ways, to the cent."""
