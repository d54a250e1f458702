"""Sales through Stripe Checkout, from the open session to the released shares."""
