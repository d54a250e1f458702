"""Payees and their connected accounts at Stripe."""
