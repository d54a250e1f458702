"""The mirror of Stripe's balance transactions: imported in pages, matched to what we did, posted once."""
