"""The outbox: a call that changes something at Stripe is a row first, then the call, then its result."""
