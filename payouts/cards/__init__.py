"""Saved cards: kept at Stripe by their owners, listed here, charged at one tap."""
