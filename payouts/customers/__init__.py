"""People who pay, each with one customer at Stripe, made through the outbox."""
